# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The connector's journal is damaged, or its disk is full: no job is lost or printed twice, and nobody has to help."""

import glob
import os
import signal
import subprocess
import unittest

from harness.process import run, wait_for
from tests.e2e.days import DaysCase


class JournalCase(DaysCase):
    world_options = {"queues": ("Laser",)}

    def cups(self, *argv):
        run(argv, self.world.cups.env)

    def problem(self):
        return self.world.connector.status()["services"][0]["queues"][0].get("problem") or ""


class Damaged(JournalCase):
    def damaged(self, damage):
        """A job waits in CUPS and one at the service while the journal is damaged."""
        world = self.world
        path = os.path.join(world.connector.state, "journal.db")
        before = len(glob.glob(path + ".damaged-*"))
        self.cups("cupsdisable", "Laser")
        try:
            job = world.print_job("Laser", self.document(2))
            wait_for(lambda: world.cups.jobs("not-completed"), "the local job")
            wait_for(lambda: world.job("Laser", job)["job-state"] != "pending", "the job to be the connector's")
            world.connector.stop()
            other = world.print_job("Laser", self.document(3))
            with open(path, "r+b") as file:
                damage(file)
            world.connector.start()
            world.connector.wait_tunnel()
        finally:
            self.cups("cupsenable", "Laser")
        self.assertGreater(len(glob.glob(path + ".damaged-*")), before)
        self.assertIn("damaged", world.connector.status()["problem"])
        code, text = run([world.connector.command, "status", *world.connector.options()], check=False)
        self.assertEqual(code, 1)
        self.assertIn("! the job journal was damaged", text)
        for number in (job, other):
            world.wait_job("Laser", number)
        papers = world.printers["Laser"].wait_jobs(self.before["Laser"] + 2, 30)[self.before["Laser"]:]
        self.assertEqual(sorted(paper.pages() for paper in papers), [2, 3])
        self.assertFalse(world.cups.jobs("not-completed"))

    def test_garbage(self):
        def damage(file):
            file.write(b"no database " * 10000)
            file.truncate()
        self.damaged(damage)

    def test_cut(self):
        self.damaged(lambda file: file.truncate(10000))

    def test_damaged_while_the_connector_runs(self):
        """It begins anew by itself; a filter that reads a document meanwhile is no worse off."""
        world = self.world
        path = os.path.join(world.connector.state, "journal.db")
        self.printed_once("Laser", 2, world.print_job("Laser", self.document(2)))
        self.cups("cupsdisable", "Laser")
        try:
            job = world.print_job("Laser", self.document(3))
            wait_for(lambda: world.cups.jobs("not-completed"), "the local job")
            wait_for(lambda: world.job("Laser", job)["job-state"] != "pending", "the job to be the connector's")
            before = len(glob.glob(path + ".damaged-*"))
            pid = world.connector.process.pid
            for name in (path, path + "-wal"):
                with open(name, "r+b") as file:
                    file.write(b"no database " * (os.path.getsize(name) // 12))
            world.connector.process.signal(signal.SIGHUP)  # else it is looked at every ten minutes
            wait_for(lambda: len(glob.glob(path + ".damaged-*")) > before, "the damaged journal to be set aside")
            world.connector.wait_tunnel()
        finally:
            self.cups("cupsenable", "Laser")
        self.assertEqual(world.connector.status()["pid"], pid)
        self.assertIn("damaged", world.connector.status()["problem"])
        world.wait_job("Laser", job)
        papers = world.printers["Laser"].wait_jobs(self.before["Laser"] + 2, 30)[self.before["Laser"]:]
        self.assertEqual([paper.pages() for paper in papers], [2, 3])

    def test_damaged_after_all_was_printed(self):
        """What the service and CUPS know to be over is not printed again."""
        world = self.world
        self.printed_once("Laser", 2, world.print_job("Laser", self.document(2)))
        world.connector.stop()
        with open(os.path.join(world.connector.state, "journal.db"), "r+b") as file:
            file.truncate(10000)
        world.connector.start()
        world.connector.wait_tunnel()
        before = len(world.printers["Laser"].complete())
        world.wait_job("Laser", world.print_job("Laser", self.document(1)))
        papers = world.printers["Laser"].wait_jobs(before + 1, 30)[before:]
        self.assertEqual([paper.pages() for paper in papers], [1])


class Full(JournalCase):
    """The state folder is a file system of 8 MB."""

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.state = cls.world.connector.state
        os.makedirs(cls.state, exist_ok=True)
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can mount a small file system")
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "printbridge-test", cls.state],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if mount.returncode != 0:
            raise unittest.SkipTest(f"no small file system can be mounted: {mount.stdout.strip()}")
        cls.addClassCleanup(cls.unmount)

    @classmethod
    def unmount(cls):
        subprocess.run(["umount", "-l", cls.state], stderr=subprocess.DEVNULL, check=False)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.unmount()
        cls.world.remove()

    def fill(self):
        path = os.path.join(self.state, "filler")
        with open(path, "wb", buffering=0) as file:
            for size in (65536, 512, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass
        return path

    def test_no_job_is_taken_while_the_disk_is_full(self):
        world = self.world
        filler = self.fill()
        try:
            job = world.print_job("Laser", self.document(2))
            wait_for(lambda: "full" in self.problem(), "`status` to tell of the full disk", 30, 0.1)
            self.assertEqual(world.job("Laser", job)["job-state"], "pending")
            self.assertFalse(world.cups.jobs("not-completed"))
        finally:
            os.unlink(filler)
        self.printed_once("Laser", 2, job)
        wait_for(lambda: not self.problem(), "the problem to be over", 60, 0.1)

    def test_a_job_on_its_way_goes_on_when_there_is_room(self):
        world = self.world
        self.cups("cupsdisable", "Laser")
        try:
            job = world.print_job("Laser", self.document(2))
            wait_for(lambda: world.job("Laser", job)["job-state"] != "pending", "the job to be the connector's")
            wait_for(lambda: world.cups.jobs("not-completed"), "the local job")
            filler = self.fill()
            try:
                self.cups("cupsenable", "Laser")
                world.connector.process.wait_output("it cannot be noted")
                self.nothing_came("Laser")
            finally:
                os.unlink(filler)
        finally:
            self.cups("cupsenable", "Laser")
        self.printed_once("Laser", 2, job)

    def test_a_large_document_while_the_read_ahead_has_no_room(self):
        """The file behind the read-ahead is on the same disk; memory must do."""
        world, printer = self.world, self.world.printers["Laser"]
        path = os.path.join(self.state, "filler")
        with open(path, "wb") as file:  # the journal keeps some room
            file.write(b"x" * 5_000_000)
        printer.stop_taking()
        try:
            job = world.print_job("Laser", self.document(2, filler_bytes=20_000_000))
            world.wait_job("Laser", job, ("processing",))
        finally:
            printer.go_on()
        try:
            self.printed_once("Laser", 2, job)
        finally:
            os.unlink(path)


if __name__ == "__main__":
    unittest.main()
