# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The print server has a bad day: cupsd stops, queues are disabled or deleted, filters fail, the printer is off."""

import os
import unittest

from harness import documents
from harness.process import run, wait_for
from harness.world import LASER
from tests.e2e.days import DaysCase


class Queues(DaysCase):
    def setUp(self):
        super().setUp()
        self.connected = {name: len(printer.jobs) for name, printer in self.world.printers.items()}

    def cups(self, *argv):
        run(argv, self.world.cups.env)

    def problem(self, queue):
        """What `printbridge status` says is wrong with the queue."""
        return [q.get("problem") for s in self.world.connector.status()["services"] for q in s["queues"]
                if q["queue"] == queue][0]

    def large(self):
        """More than sockets hold; its two pages come at the very end."""
        return documents.postscript(self.world.path(f"{self._testMethodName}.ps"), pages=2, filler_bytes=30_000_000)

    def wait_at_printer(self, queue, job):
        self.world.wait_job(queue, job, ("processing",))
        wait_for(lambda: len(self.world.printers[queue].jobs) > self.connected[queue], "the job at the printer")

    def printed_large(self, queue, job):
        """Its pages once, whatever number of times CUPS has begun to send it."""
        self.world.wait_job(queue, job, seconds=150)
        papers = self.world.printers[queue].wait_jobs(self.before[queue] + 1, 30)[self.before[queue]:]
        self.assertEqual(sum(paper.pages() for paper in papers), 2, [(p.size, p.pages()) for p in papers])

    def test_printer_off(self):
        printer = self.world.printers["Raster"]
        printer.turn_off()
        try:
            job = self.world.print_job("Raster", self.document(1))
            self.world.wait_job("Raster", job, ("processing",))
            wait_for(lambda: "unavailable" in self.attribute("Raster", "printer-state-message"),
                     "CUPS's complaint at the cloud printer", 30, 0.1)
            self.nothing_came("Raster")
        finally:
            printer.turn_on()
        self.printed_once("Raster", 1, job)

    def test_a_ticket_whose_type_is_lost_is_no_text(self):
        """cupsd guesses types anew after a crash: a ticket must never come out of a printer as a page of text."""
        path = self.world.path("ticket")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"Printbridge-Ticket: 1\nJob: urn:uuid:{'0' * 8}-0000-4000-8000-{'0' * 12}\nDocument: 1\n"
                       f"Format: text/plain\nCapability: {'0' * 32}\n")
        number = self.world.cups.lp("Laser", path)
        wait_for(lambda: f"[Job {number}] File of type" in self.world.cups.error_log(), "the guess")
        self.assertIn(f"[Job {number}] File of type application/vnd.printbridge.text", self.world.cups.error_log())
        self.cups("cancel", f"Laser-{number}")
        wait_for(lambda: not self.world.cups.jobs("not-completed"), "the local job's end")
        self.nothing_came("Laser")

    def test_queue_disabled_then_enabled(self):
        self.cups("cupsdisable", "Laser")
        try:
            self.wait_state("Laser", "stopped")
            job = self.world.print_job("Laser", self.document(1))
            wait_for(lambda: self.world.cups.jobs("not-completed"), "the local job")
            self.assertIn(self.world.job("Laser", job)["job-state"], ("pending", "processing", "processing-stopped"))
        finally:
            self.cups("cupsenable", "Laser")
        self.printed_once("Laser", 1, job)
        self.wait_state("Laser", "idle")

    def test_queue_disabled_in_mid_job(self):
        """cupsd breaks the job off and begins it anew."""
        printer = self.world.printers["Laser"]
        printer.stop_taking()
        try:
            job = self.world.print_job("Laser", self.large())
            self.wait_at_printer("Laser", job)
            self.cups("cupsdisable", "Laser")
            self.wait_state("Laser", "stopped")
            self.cups("cupsenable", "Laser")
        finally:
            printer.go_on()
        self.printed_large("Laser", job)

    def test_queue_deleted_with_a_job_and_made_anew(self):
        world, printer = self.world, self.world.printers["Laser"]
        printer.stop_taking()
        try:
            job = world.print_job("Laser", self.large())
            self.wait_at_printer("Laser", job)
            self.cups("lpadmin", "-x", "Laser")
        finally:
            printer.go_on()
        try:
            last = world.wait_job("Laser", job, ("aborted", "canceled"))
            self.assertIn("at the print server", last["job-state-message"])
            self.wait_state("Laser", "stopped")
            self.assertTrue(self.problem("Laser"))
            waits = world.print_job("Laser", self.document(1))
            self.assertEqual(world.job("Laser", waits)["job-state"], "pending")
        finally:
            world.cups.add("Laser", printer.uri, LASER, ["PageSize=A4", "Option1=True"])
        self.before["Laser"] = len(printer.complete())
        self.printed_once("Laser", 1, waits)
        self.wait_state("Laser", "idle")
        self.assertFalse(self.problem("Laser"))

    def test_cupsd_restarted(self):
        self.world.cups.stop()
        job = self.world.print_job("Laser", self.document(2))
        wait_for(lambda: "CUPS scheduler" in (self.problem("Laser") or ""), "what the job waits for to be told", 30, 0.1)
        self.world.cups.start()
        self.printed_once("Laser", 2, job)

    def test_cupsd_comes_up_after_the_connector(self):
        """As at boot, when nobody orders them."""
        world = self.world
        world.connector.stop()
        world.cups.stop()
        world.connector.start()
        wait_for(lambda: "CUPS" in (self.problem("Raster") or ""), "the queue's problem to be told", 30, 0.1)
        world.cups.start()
        job = world.print_job("Raster", self.document(1))
        world.wait_job("Raster", job)
        wait_for(lambda: not self.problem("Raster"), "the problem to be over", 30, 0.1)

    def test_cupsd_restarted_in_mid_job(self):
        printer = self.world.printers["Laser"]
        printer.stop_taking()
        try:
            job = self.world.print_job("Laser", self.large())
            self.wait_at_printer("Laser", job)
            self.world.cups.stop()
            self.world.cups.start()
        finally:
            printer.go_on()
        self.printed_large("Laser", job)

    def test_cupsd_killed_in_mid_job(self):
        printer = self.world.printers["Laser"]
        printer.stop_taking()
        try:
            job = self.world.print_job("Laser", self.large())
            self.wait_at_printer("Laser", job)
            self.world.cups.kill()
            self.world.cups.start()
        finally:
            printer.go_on()
        self.printed_large("Laser", job)


class Failing(DaysCase):
    """The driver of the queue "Laser" fails on some documents; the device of "LaserJam" while a file is there."""

    world_options = {"queues": ("Laser", "LaserJam")}
    FILTER = "#!/bin/sh\nexec awk '/FAIL NOW/ { print \"ERROR: the driver has had enough\" > \"/dev/stderr\"; exit 1 } { print }'\n"
    BACKEND = '#!/bin/sh\ntest -e {jam} && exit 1\nexec env "DEVICE_URI={uri}" /usr/lib/cups/backend/socket "$@"\n'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        world = cls.world
        cls.jam = world.path("jam")
        cls.program("filter", "moody", cls.FILTER)
        cls.program("backend", "jam", cls.BACKEND.format(jam=cls.jam, uri=world.printers["LaserJam"].uri))
        with open(os.path.join(world.cups.folder, "etc", "ppd", "Laser.ppd"), encoding="latin-1") as file:
            ppd = file.read()
        moody = world.path("moody.ppd")
        with open(moody, "w", encoding="latin-1") as file:
            file.write(ppd + '*cupsFilter: "application/vnd.cups-postscript 0 moody"\n')
        run(["lpadmin", "-p", "Laser", "-P", moody], world.cups.env)
        run(["lpadmin", "-p", "LaserJam", "-v", "jam://here", "-o", "printer-error-policy=stop-printer"], world.cups.env)

    @classmethod
    def program(cls, folder, name, text):
        path = os.path.join(cls.world.cups.folder, "bin", folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o755)

    def test_a_job_whose_filter_fails_is_told_and_others_go_on(self):
        world = self.world
        path = world.path("fails.ps")
        with open(documents.postscript(world.path("whole.ps")), encoding="ascii") as source, \
                open(path, "w", encoding="ascii") as file:
            file.write(source.read().replace("%%Page: 2", "% FAIL NOW\n%%Page: 2"))
        bad = world.print_job("Laser", path)
        after = world.print_job("Laser", self.document(2))
        last = world.wait_job("Laser", bad, ("aborted",))
        self.assertIn("aborted-by-system", last["job-state-reasons"])
        self.assertRegex(last["job-state-message"], "^(Filter failed|the driver has had enough)")
        # What the driver had given out before it failed may be on paper.
        torn = [paper for paper in world.printers["Laser"].complete()[self.before["Laser"]:] if paper.pages() < 2]
        self.before["Laser"] += len(torn)
        self.printed_once("Laser", 2, after)
        self.assertFalse(world.cups.jobs("not-completed"))

    def test_a_device_that_fails_stops_the_queue_and_the_job_waits(self):
        world = self.world
        with open(self.jam, "w", encoding="ascii"):
            pass
        job = world.print_job("LaserJam", self.document(2))
        self.wait_state("LaserJam", "stopped")
        self.assertNotIn(world.job("LaserJam", job)["job-state"], ("aborted", "canceled", "completed"))
        self.nothing_came("LaserJam")
        os.unlink(self.jam)
        run(["cupsenable", "LaserJam"], world.cups.env)
        self.printed_once("LaserJam", 2, job)
        self.wait_state("LaserJam", "idle")


if __name__ == "__main__":
    unittest.main()
