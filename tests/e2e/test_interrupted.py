# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""cupsd alone is killed after the driver had the whole document: what it had started goes on to print, so the job is
held instead of being printed once more, until somebody has looked at the printer."""

import os
import re
import unittest

from harness.ipp import Client
from harness.process import run, wait_for
from harness.world import USER
from tests.e2e.days import DaysCase
from tests.faults.ledger import MARK, document as marked

PAGES = 3


class Interrupted(DaysCase):
    world_options = {"queues": ("Laser",)}
    @classmethod
    def prepare(cls):
        super().prepare()
        # As long as usual, so that it helps nobody here.
        path = os.path.join(cls.world.cups.folder, "etc/cupsd.conf")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^JobKillDelay .*$", "JobKillDelay 300", text))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stall = cls.world.cups.make_patient("Laser", cls.world.printers["Laser"].uri)

    def cups(self, *argv):
        return run(argv, self.world.cups.env)

    def kill_cupsd_alone(self, send=None, documents=1):
        """Returns the cloud job and the local one; its first paper comes from the orphan."""
        world = self.world
        with open(self.stall, "w", encoding="ascii"):
            pass
        try:
            job = send() if send else world.print_job("Laser", self.document(PAGES))
            for number in range(1, documents + 1):
                world.connector.process.wait_output(f"[Laser job {job}] document {number} is handed over")
            local = world.cups.jobs("not-completed")[-1][1]
            wait_for(lambda: self.children() <= {"printbridge", "patientlaser"}, "all of it on its way to the printer")
            world.cups.process.kill()
            world.cups.start()
        finally:
            os.unlink(self.stall)
        return job, local

    def children(self):
        """Filters, backends and notifiers that cupsd has started."""
        return set(run(["ps", "-o", "comm=", "--ppid", self.world.cups.process.pid], check=False)[1].split())

    def tearDown(self):
        for _, local, *_ in self.world.cups.jobs("not-completed"):
            self.cups("cancel", str(local))
        wait_for(lambda: not self.world.cups.jobs("not-completed"), "no local jobs")

    def entry(self, job):
        return [entry for entry in self.world.connector.jobs() if entry["cloud_job"] == job][0]

    def wait_held(self, job):
        """Held here and shown everywhere; the orphans' paper is the only one."""
        world = self.world
        last = world.wait_job("Laser", job, ("processing-stopped",))
        self.assertIn("job-suspended-by-system", str(last))
        self.assertIn(f"printbridge release Laser {job}", last["job-state-message"])
        self.assertEqual(self.entry(job)["state"], "held")
        self.assertIn("Look at the printer", self.entry(job)["message"])
        self.assertIn(f"job {job} is held", self.problem())
        return world.printers["Laser"].wait_jobs(self.before["Laser"] + 1, 60)[self.before["Laser"]:]

    def wait_held_pages(self, job):
        self.assertEqual([paper.pages() for paper in self.wait_held(job)], [PAGES])

    def problem(self):
        return self.world.connector.status()["services"][0]["queues"][0].get("problem")

    def release(self, job):
        return run([self.world.connector.command, "release", "Laser", str(job), "--runtime", self.world.connector.runtime],
                   check=False)

    def printed_again(self, job):
        self.world.wait_job("Laser", job, seconds=60)
        papers = self.world.printers["Laser"].wait_jobs(self.before["Laser"] + 2, 30)[self.before["Laser"]:]
        self.assertEqual([paper.pages() for paper in papers], [PAGES, PAGES])
        self.assertEqual(self.entry(job)["state"], "completed")
        wait_for(lambda: not self.problem(), "no problem any more")

    def test_held_and_released_by_our_command(self):
        job, _ = self.kill_cupsd_alone()
        self.wait_held_pages(job)
        other = self.world.print_job("Laser", self.document(1))  # it is not in the way of others
        self.world.wait_job("Laser", other)
        self.before["Laser"] += 1
        papers = self.world.printers["Laser"].wait_jobs(self.before["Laser"] + 1, 30)
        self.assertEqual(papers[-1].pages(), 1)
        self.before["Laser"] -= 1
        self.assertEqual(self.release(other)[0], 1)
        self.world.connector.stop()
        self.world.connector.start()
        self.world.connector.wait_tunnel()
        self.assertEqual(self.entry(job)["state"], "held")
        self.assertIn(f"job {job} is held", self.problem())
        self.assertEqual(self.release(job)[0], 0)
        self.world.wait_job("Laser", job, seconds=60)
        papers = self.world.printers["Laser"].wait_jobs(self.before["Laser"] + 3, 30)[self.before["Laser"]:]
        self.assertEqual([paper.pages() for paper in papers], [PAGES, 1, PAGES])

    def test_held_and_released_at_cups(self):
        job, local = self.kill_cupsd_alone()
        self.wait_held_pages(job)
        self.cups("lp", "-i", str(local), "-H", "resume")
        self.printed_again(job)

    def test_held_and_canceled(self):
        job, _ = self.kill_cupsd_alone()
        self.wait_held_pages(job)
        self.world.ipptool("Laser", self.cancel_test(job))
        self.world.wait_job("Laser", job, ("canceled",))
        wait_for(lambda: not self.world.cups.jobs("not-completed"), "the local job's end")

    def cancel_test(self, job):
        path = self.world.path("cancel.test")
        with open(path, "w", encoding="ascii") as file:
            file.write('{ OPERATION Cancel-Job GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 '
                       'ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri '
                       f'ATTR integer job-id {job} ATTR name requesting-user-name $user STATUS successful-ok }}\n')
        return path

    def test_several_documents_are_held_together(self):
        """cupsd, told to hold a job, begins with its next document: none is printed, and others are not kept waiting."""
        world = self.world
        client = Client(world.service.port, world.service.ca_file, USER, world.password)
        documents = [marked(1, number) for number in (1, 2, 3)]
        job, local = self.kill_cupsd_alone(lambda: client.print_job(world.uris["Laser"], "three", documents), 3)
        client.close()
        orphans = self.wait_held(job)
        other = world.print_job("Laser", self.document(1))
        world.wait_job("Laser", other, seconds=20)
        self.assertIn(local, [number for _, number, _ in world.cups.jobs("not-completed")])
        self.assertEqual(self.entry(job)["state"], "held")
        self.assertEqual(self.release(job)[0], 0)
        world.wait_job("Laser", job)
        papers = world.printers["Laser"].wait_jobs(self.before["Laser"] + 3, 30)[self.before["Laser"]:]
        self.assertEqual(papers[0], orphans[0])
        self.assertEqual(papers[1].pages(), 1)
        for paper in (papers[0], papers[2]):
            self.assertEqual([mark.group(2) for mark in MARK.finditer(paper.data()) if mark.group(3) == b"end"],
                             [b"1", b"2", b"3"])

    def test_reprinted_where_the_queue_says_so(self):
        self.cups("lpadmin", "-p", "Laser", "-o", "printbridge-interrupted-job-default=reprint")
        try:
            wait_for(lambda: self.world.connector.status()["services"][0]["queues"][0]["state"] == "idle", "an idle queue")
            job, _ = self.kill_cupsd_alone()
            self.printed_again(job)
        finally:
            self.cups("lpadmin", "-p", "Laser", "-R", "printbridge-interrupted-job-default")


if __name__ == "__main__":
    unittest.main()
