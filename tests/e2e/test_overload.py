# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Too many at once, in small: what is accepted is printed, once; what is too much hears "busy"; others print on.
bench/overload has the long forms, and the figures."""

import concurrent.futures

from bench.overload import BUSY, Crowd, client_of, end_to_end, print_page
from harness.ipp import CANCEL_MY_JOBS, Refused
from harness.process import run, wait_for
from tests.e2e.case import WorldCase

WAITING = 60   # jobs-per-printer
IN_CUPS = 4
MAX_JOBS = 12  # CUPS's own


class Overload(WorldCase):
    world_options = {"queues": ("Laser", "Laser2", "Laser3"), "service_settings": {"jobs-per-printer": WAITING},
                     "connector_settings": {"jobs-in-cups": IN_CUPS}, "cups_max_jobs": MAX_JOBS}

    def setUp(self):
        self.before = {name: len(printer.complete()) for name, printer in self.world.printers.items()}
        self.client = client_of(self.world)
        self.addCleanup(self.client.close)

    def cups(self, *argv):
        return run(list(argv), self.world.cups.env)[1]

    def stop(self, *queues):
        for queue in queues:
            self.cups("cupsdisable", queue)
            self.addCleanup(self.cups, "cupsenable", queue)
        for queue in queues:
            wait_for(lambda queue=queue: self.shown(queue)["state"] == "stopped", f"{queue} to be stopped")

    def shown(self, queue):
        return next(q for s in self.world.connector.status()["services"] for q in s["queues"] if q["queue"] == queue)

    def local(self, queue=None):
        return [job for job in self.world.cups.jobs("not-completed") if queue in (None, job[0])]

    def papers(self, queue):
        return len(self.world.printers[queue].complete()) - self.before[queue]

    def printed(self, queue, jobs):
        """Each of them once, and no other."""
        self.world.printers[queue].wait_jobs(self.before[queue] + len(jobs), 120)
        wait_for(lambda: all(self.client.job(self.world.uris[queue], job)[0] == "completed" for job in jobs), "the ends", 60)
        self.assertEqual(self.papers(queue), len(jobs))

    def test_a_stopped_printer_s_jobs_wait_and_others_print(self):
        world = self.world
        self.stop("Laser", "Laser3")
        crowds = [Crowd(world, world.uris["Laser"], 30, WAITING + 30), Crowd(world, world.uris["Laser3"], 10, 20)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            running = [pool.submit(crowd.run) for crowd in crowds]
            beside = [end_to_end(world, self.client, "Laser2") for _ in range(5)]
            for done in running:
                done.result()
        self.assertEqual([(len(crowd.jobs), crowd.busy) for crowd in crowds], [(WAITING, 30), (20, 0)])
        self.assertEqual((self.papers("Laser2"), len(beside)), (5, 5))
        self.assertEqual((len(self.local("Laser")), len(self.local("Laser3"))), (1, 1))
        for queue in ("Laser", "Laser3"):
            self.cups("cupsenable", queue)
        self.printed("Laser", crowds[0].jobs)
        self.printed("Laser3", crowds[1].jobs)

    def test_cups_has_as_many_jobs_as_it_takes(self):
        """Whoever filled it: our job waits for its turn, and is printed."""
        world = self.world
        self.stop("Laser3")
        path = world.path("local.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("one of many\n")
        local = [world.cups.lp("Laser3", path) for _ in range(MAX_JOBS - len(self.local()))]
        job = print_page(self.client, world.uris["Laser2"])
        wait_for(lambda: "Too many active jobs" in world.connector.process.output(), "CUPS to refuse it")
        self.assertIn(self.client.job(world.uris["Laser2"], job)[0], ("pending", "processing"))
        for number in local:
            self.cups("cancel", f"Laser3-{number}")
        self.printed("Laser2", [job])

    def test_a_queue_that_rejects_jobs(self):
        """What was accepted before waits until it takes jobs again."""
        world = self.world
        world.connector.stop()
        job = print_page(self.client, world.uris["Laser2"])
        self.cups("cupsreject", "Laser2")
        world.connector.start()
        world.connector.wait_tunnel()
        wait_for(lambda: "not accepting jobs" in world.connector.process.output(), "CUPS to refuse it")
        self.assertIn(self.client.job(world.uris["Laser2"], job)[0], ("pending", "processing"))
        self.cups("cupsaccept", "Laser2")
        self.printed("Laser2", [job])

    def test_all_of_them_are_canceled(self):
        world = self.world
        self.stop("Laser")
        crowd = Crowd(world, world.uris["Laser"], 10, WAITING)
        crowd.run()
        self.client.request(CANCEL_MY_JOBS, world.uris["Laser"])
        self.assertEqual({self.client.job(world.uris["Laser"], job)[0] for job in crowd.jobs}, {"canceled"})
        wait_for(lambda: not self.local("Laser"), "no local job")
        self.cups("cupsenable", "Laser")
        end_to_end(world, self.client, "Laser")
        self.assertEqual(self.papers("Laser"), 1)

    def test_one_too_many_is_told(self):
        self.stop("Laser")
        Crowd(self.world, self.world.uris["Laser"], 10, WAITING).run()
        with self.assertRaises(Refused) as caught:
            print_page(self.client, self.world.uris["Laser"])
        self.assertEqual(caught.exception.status, BUSY)
        self.client.request(CANCEL_MY_JOBS, self.world.uris["Laser"])
