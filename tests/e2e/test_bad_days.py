# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Network, service, connector and clients fail; the job is printed completely and once, without anybody's help."""

import os
import signal
import subprocess
import unittest

from harness.process import Failed, wait_for
from tests.e2e.days import DaysCase
from tests.faults.ledger import MARK, document


class BadDays(DaysCase):
    def test_network_gone_and_back(self):
        self.wire.refuses = True
        self.wire.cut()
        self.world.connector.wait_tunnel("down")
        self.wire.refuses = False
        self.printed_once("Laser", 2, self.world.print_job("Laser", self.document(2)))
        self.world.connector.wait_tunnel()

    def test_cut_in_mid_document(self):
        try:
            job = self.print_slowly("Laser", self.document(3, filler_bytes=6_000_000))
            before = self.wire.down_bytes
            self.wire.cut()
            wait_for(lambda: self.wire.down_bytes - before > 2_500_000, "another part of it")
            self.nothing_came("Laser")
            self.wire.cut()
        finally:
            self.wire.bytes_per_second = None
        self.printed_once("Laser", 3, job)

    def test_service_killed_while_a_document_is_fetched(self):
        try:
            job = self.print_slowly("Raster", self.document(3, filler_bytes=6_000_000))
            self.world.service.process.kill()
        finally:
            self.wire.bytes_per_second = None
        self.nothing_came("Raster")
        self.world.service.start()
        self.printed_once("Raster", 3, job)

    def test_service_stopped_while_a_document_is_fetched(self):
        """What is under way is let out before it stops."""
        try:
            job = self.print_slowly("Raster", self.document(3, filler_bytes=6_000_000))
            self.assertEqual(self.world.service.stop(), 0)
        finally:
            self.wire.bytes_per_second = None
        self.world.service.start()
        self.printed_once("Raster", 3, job)

    def test_service_killed_while_a_document_comes_in(self):
        """Its client has heard no "successful-ok": the job is aborted, nothing of it stays and nothing is printed."""
        world = self.world
        before = self.wire.down_bytes
        self.wire.bytes_per_second = 2_000_000
        try:
            client = world.start_printing("Laser", self.document(2, filler_bytes=8_000_000))
            local = wait_for(lambda: world.cups.jobs("not-completed"), "the local job")
            wait_for(lambda: self.wire.down_bytes - before > 500_000, "the document on its way to the print server")
            world.service.process.kill()
            client.kill()
        finally:
            self.wire.bytes_per_second = None
        world.service.start()
        self.left_nothing(local[-1][1])

    def left_nothing(self, local):
        """Of an upload that broke off, with its local job: not a byte, not a page; the next job is printed."""
        world = self.world
        spool = os.path.join(world.service.settings["data-folder"], "spool")
        wait_for(lambda: not os.listdir(spool), "an empty spool")
        wait_for(lambda: not world.cups.jobs("not-completed"), "the local job's end")
        job = [job["cloud_job"] for job in world.connector.jobs() if job.get("local_job") == local][0]
        last = world.wait_job("Laser", job, ("aborted",))
        self.assertIn("aborted-by-system", last["job-state-reasons"])
        wait_for(lambda: [entry["state"] for entry in world.connector.jobs() if entry.get("local_job") == local]
                 == ["aborted"], "`printbridge jobs` to say so too")
        self.nothing_came("Laser")
        self.printed_once("Laser", 1, world.print_job("Laser", self.document(1)))

    def test_printed_while_the_network_is_gone(self):
        """Its end is told when the network is back."""
        world, printer = self.world, self.world.printers["Laser"]
        printer.stop_taking()
        try:
            job = world.print_job("Laser", self.document(200))
            world.connector.process.wait_output(f"[Laser job {job}] document 1 is handed over")
            self.wire.refuses = True
            self.wire.cut()
            world.connector.wait_tunnel("down")
            printer.go_on()
            wait_for(lambda: not world.cups.jobs("not-completed"), "the local job's end")
        finally:
            printer.go_on()
            self.wire.refuses = False
        self.printed_once("Laser", 200, job)

    def test_service_down_when_the_connector_starts(self):
        self.world.connector.stop()
        self.world.service.stop()
        self.world.connector.start()
        self.world.connector.wait_tunnel("down")
        self.world.service.start()
        self.world.connector.wait_tunnel()
        self.printed_once("Laser", 1, self.world.print_job("Laser", self.document(1)))

    def test_service_restarted_with_jobs_that_wait(self):
        self.world.connector.stop()
        job = self.world.print_job("Laser", self.document(2))
        self.assertEqual(self.world.service.stop(), 0)
        self.world.service.start()
        self.assertEqual(self.world.job("Laser", job)["job-state"], "pending")
        self.world.connector.start()
        self.printed_once("Laser", 2, job)

    def damaged_in_the_spool(self, at):
        """The job ends with a reason, soon; the one behind it is printed."""
        world = self.world
        spool = os.path.join(world.service.settings["data-folder"], "spool")
        world.connector.stop()
        bad = world.print_job("Laser", self.document(3, filler_bytes=1_000_000))
        for path, _, names in os.walk(spool):
            for name in names:
                with open(os.path.join(path, name), "r+b") as file:
                    size = file.seek(0, os.SEEK_END)
                    file.seek(int(size * at))
                    file.write(b"damaged" * 10)
        good = world.print_job("Laser", self.document(2))
        world.connector.start()
        last = world.wait_job("Laser", bad, ("aborted",), 90)
        self.assertIn("aborted-by-system", last["job-state-reasons"])
        self.assertTrue(last["job-state-message"])
        world.wait_job("Laser", good)
        wait_for(lambda: not world.cups.jobs("not-completed"), "no local job to be left")
        self.assertEqual([entry["state"] for entry in world.connector.jobs() if entry["cloud_job"] == bad], ["aborted"])

    def test_document_damaged_in_the_spool(self):
        self.damaged_in_the_spool(0.7)

    def test_document_damaged_in_the_spool_from_its_first_byte(self):
        self.damaged_in_the_spool(0)

    def test_connector_killed_at_any_time(self):
        printer = self.world.printers["Laser"]
        printer.stop_taking()
        try:
            job = self.world.print_job("Laser", self.document(200))
            wait_for(lambda: self.world.cups.jobs("not-completed"), "the local job")
            self.world.connector.process.kill()
            self.world.connector.start()
        finally:
            printer.go_on()
        self.printed_once("Laser", 200, job)

    def test_connector_killed_in_mid_document(self):
        """The filter that was reading goes on at the next connector."""
        try:
            job = self.print_slowly("Laser", self.document(3, filler_bytes=6_000_000))
            self.world.connector.process.kill()
        finally:
            self.wire.bytes_per_second = None
        self.world.connector.start()
        self.printed_once("Laser", 3, job)
        self.assertNotIn(f"job {job}] the local job broke off", self.world.connector.process.output(whole=True))

    def test_connector_killed_while_pages_come_out(self):
        """Nothing of what the printer has comes a second time, and nothing of it is missing."""
        world, printer = self.world, self.world.printers["Laser"]
        path = world.path("pages.ps")
        with open(path, "wb") as file:
            file.write(document(job=1, number=1, filler_bytes=6_000_000))
        try:
            job = self.print_slowly("Laser", path)
            wait_for(lambda: len(printer.jobs) > self.before["Laser"] and printer.jobs[-1].size > 500_000, "half a page")
            for _ in range(2):
                had = printer.jobs[-1].size
                world.connector.process.kill()
                world.connector.start()
                wait_for(lambda: printer.jobs[-1].size > had + 500_000, "more of it")
            self.assertEqual(world.connector.stop(), 0)  # an upgrade is no worse than that
            world.connector.start()
        finally:
            self.wire.bytes_per_second = None
        world.wait_job("Laser", job, seconds=60)
        papers = printer.wait_jobs(self.before["Laser"] + 1, 30)[self.before["Laser"]:]
        self.assertEqual([[mark.group(3) for mark in MARK.finditer(paper.data())] for paper in papers], [[b"begin", b"end"]])
        with open(path, "rb") as file:
            filler = [line for line in file if line.startswith(b"%") and len(line) > 90]
        wanted = set(filler)
        self.assertTrue([line for line in papers[0].data().splitlines(True) if line in wanted] == filler)

    def test_jobs_wait_while_the_connector_is_away(self):
        self.world.connector.stop()
        job = self.world.print_job("Laser", self.document(1))
        self.assertEqual(self.world.job("Laser", job)["job-state"], "pending")
        self.world.connector.start()
        self.printed_once("Laser", 1, job)

    def test_a_client_that_vanishes_leaves_nothing(self):
        """Its document was on its way through the service, the connector and the chain already."""
        world = self.world
        before = self.wire.down_bytes
        self.wire.bytes_per_second = 2_000_000
        try:
            client = world.start_printing("Laser", self.document(2, filler_bytes=8_000_000))
            local = wait_for(lambda: world.cups.jobs("not-completed"), "the local job")
            wait_for(lambda: self.wire.down_bytes - before > 500_000, "the document on its way to the print server")
            client.kill()
        finally:
            self.wire.bytes_per_second = None
        self.left_nothing(local[-1][1])

    def test_sigterm_is_graceful(self):
        self.world.connector.process.signal(signal.SIGTERM)
        self.assertEqual(self.world.connector.process.popen.wait(30), 0)
        self.world.connector.start()
        self.world.connector.wait_tunnel()


class DeadNetwork(DaysCase):
    """The network swallows everything for a minute and has forgotten every connection afterwards: nobody is told."""

    def test_a_minute_of_silence_in_mid_document(self):
        world = self.world
        try:
            job = self.print_slowly("Laser", self.document(3, filler_bytes=6_000_000))
            self.wire.is_silent = True
            self.wire.forget()
        finally:
            self.wire.bytes_per_second = None
        world.connector.wait_tunnel("down", 45)  # a ping without an answer
        self.nothing_came("Laser")
        self.wire.is_silent = False
        world.connector.wait_tunnel("up", 60)
        other = world.print_job("Raster", self.document(2))
        self.printed_once("Raster", 2, other)
        self.printed_once("Laser", 3, job)
        self.wire.cut()  # the service would wait for what is forgotten before it stops


class DiskFull(DaysCase):
    """The spool is a file system of 8 MB."""

    world_options = {"queues": ("Laser",)}

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.spool = os.path.join(cls.world.service.settings["data-folder"], "spool")
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can mount a small file system")
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "printbridge-test", cls.spool],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if mount.returncode != 0:
            raise unittest.SkipTest(f"no small file system can be mounted: {mount.stdout.strip()}")
        cls.addClassCleanup(cls.unmount)

    @classmethod
    def unmount(cls):
        subprocess.run(["umount", cls.spool], stderr=subprocess.DEVNULL, check=False)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.unmount()
        cls.world.remove()

    def test_a_document_that_does_not_fit_is_refused_and_leaves_nothing(self):
        world = self.world
        with self.assertRaises(Failed) as failed:
            world.print_job("Laser", self.document(2, filler_bytes=20_000_000))
        self.assertIn("server-error-temporary-error", str(failed.exception))
        wait_for(lambda: not os.listdir(self.spool), "an empty spool")
        wait_for(lambda: not world.cups.jobs("not-completed"), "the local job's end")
        self.nothing_came("Laser")
        self.printed_once("Laser", 1, world.print_job("Laser", self.document(1)))


if __name__ == "__main__":
    unittest.main()
