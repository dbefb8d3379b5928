# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Network, service, cupsd and printer fail; the job is printed completely and once, without anybody's help."""

import os
import signal
import unittest

from harness.process import run, wait_for
from harness.wire import Wire
from tests.e2e.case import WorldCase


class BadDays(WorldCase):
    """Everything between service and world goes over a wire that can be cut."""

    @classmethod
    def prepare(cls):
        service = cls.world.service
        cls.wire = Wire(service.port)
        service.settings["public-port"] = cls.wire.port
        service.write_config()
        service.url = f"https://localhost:{cls.wire.port}"

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.wire.close()

    def setUp(self):
        self.before = {name: len(printer.complete()) for name, printer in self.world.printers.items()}

    def printed_once(self, queue, pages, job=None):
        """Exactly one more job came, whole."""
        if job is not None:
            self.world.wait_job(queue, job, seconds=120)
        printer = self.world.printers[queue]
        papers = printer.wait_jobs(self.before[queue] + 1, 120)[self.before[queue]:]
        whole = [paper for paper in papers if paper.pages() == pages]
        self.assertEqual(len(whole), 1, [(p.size, p.pages()) for p in papers])
        self.assertEqual(len(papers), 1, [(p.size, p.pages()) for p in papers])

    def test_network_gone_and_back(self):
        self.wire.refuses = True
        self.wire.cut()
        self.world.connector.wait_tunnel("down")
        self.wire.refuses = False
        job = self.world.print_job("Laser", self.world.document("gone.pdf", pages=2))
        self.printed_once("Laser", 2, job)
        self.world.connector.wait_tunnel()

    def test_cut_in_mid_document(self):
        pdf = self.world.document("cut.pdf", pages=3, filler_bytes=6_000_000)
        before = self.wire.down_bytes
        self.wire.bytes_per_second = 4_000_000
        try:
            job = self.world.print_job("Laser", pdf)
            for step in (1_000_000, 2_500_000):
                wait_for(lambda step=step: self.wire.down_bytes - before > step, "a part of the document")
                self.wire.cut()
        finally:
            self.wire.bytes_per_second = None
        self.printed_once("Laser", 3, job)

    def test_service_restarted_while_a_document_is_fetched(self):
        pdf = self.world.document("restart.pdf", pages=3, filler_bytes=6_000_000)
        before = self.wire.down_bytes
        self.wire.bytes_per_second = 4_000_000
        try:
            job = self.world.print_job("Raster", pdf)
            wait_for(lambda: self.wire.down_bytes - before > 1_000_000, "a part of the document")
            self.world.service.process.kill()
        finally:
            self.wire.bytes_per_second = None
        self.world.service.start()
        self.printed_once("Raster", 3, job)

    def test_service_down_when_the_connector_starts(self):
        self.world.connector.stop()
        self.world.service.stop()
        self.world.connector.start()
        self.world.connector.wait_tunnel("down")
        self.world.service.start()
        self.world.connector.wait_tunnel()
        job = self.world.print_job("Laser", self.world.document("boot.pdf", pages=1))
        self.printed_once("Laser", 1, job)

    def test_connector_killed_at_any_time(self):
        printer = self.world.printers["Laser"]
        printer.stop_taking()
        try:
            job = self.world.print_job("Laser", self.world.document("killed.pdf", pages=200))
            wait_for(lambda: self.world.cups.jobs("not-completed"), "the local job")
            self.world.connector.process.kill()
            self.world.connector.start()
        finally:
            printer.go_on()
        self.printed_once("Laser", 200, job)

    def test_jobs_wait_while_the_connector_is_away(self):
        self.world.connector.stop()
        job = self.world.print_job("Laser", self.world.document("away.pdf", pages=1))
        self.assertEqual(self.world.job("Laser", job)["job-state"], "pending")
        self.world.connector.start()
        self.printed_once("Laser", 1, job)

    def test_printer_off(self):
        printer = self.world.printers["Raster"]
        printer.turn_off()
        job = self.world.print_job("Raster", self.world.document("off.pdf", pages=1))
        wait_for(lambda: "processing" == self.world.job("Raster", job)["job-state"], "the job at the printer")
        printer.turn_on()
        self.printed_once("Raster", 1, job)

    def test_queue_disabled_then_enabled(self):
        run(["cupsdisable", "Laser"], self.world.cups.env)
        try:
            wait_for(lambda: "stopped" in self.state("Laser"), "the cloud printer to be stopped", 30, 0.1)
            job = self.world.print_job("Laser", self.world.document("disabled.pdf", pages=1))
        finally:
            run(["cupsenable", "Laser"], self.world.cups.env)
        self.printed_once("Laser", 1, job)
        wait_for(lambda: "idle" in self.state("Laser"), "the cloud printer to be idle", 30, 0.1)

    def test_queue_deleted_is_told(self):
        uri = self.world.printers["Laser"].uri
        run(["lpadmin", "-x", "Laser"], self.world.cups.env)
        try:
            wait_for(lambda: "stopped" in self.state("Laser"), "the cloud printer to be stopped", 60, 0.2)
            self.assertTrue(any(q.get("problem") for s in self.world.connector.status()["services"] for q in s["queues"]
                                if q["queue"] == "Laser"))
        finally:
            self.world.cups.add("Laser", uri, "drv:///sample.drv/generic.ppd", ["PageSize=A4", "Option1=True"])
        wait_for(lambda: "idle" in self.state("Laser"), "the cloud printer to be idle", 60, 0.2)

    def state(self, queue):
        _, text = self.world.ipptool(queue, "get-printer-attributes.test", check=False)
        return [line for line in text.splitlines() if "printer-state (enum)" in line][0]

    def test_cupsd_restarted(self):
        self.world.cups.stop()
        self.world.cups.start()
        job = self.world.print_job("Laser", self.world.document("cupsd.pdf", pages=1))
        self.printed_once("Laser", 1, job)

    def test_a_client_that_vanishes_leaves_nothing(self):
        """Its document was on its way through the service, the connector and the chain already."""
        world = self.world
        pdf = world.document("vanish.pdf", pages=1, filler_bytes=8_000_000)
        spool = os.path.join(world.service.settings["data-folder"], "spool")
        self.wire.bytes_per_second = 2_000_000
        try:
            client = world.start_printing("Laser", pdf)
            local = wait_for(lambda: world.cups.jobs("not-completed"), "the local job")
            before = self.wire.down_bytes
            wait_for(lambda: self.wire.down_bytes - before > 500_000, "the document on its way to the print server")
            client.kill()
        finally:
            self.wire.bytes_per_second = None
        wait_for(lambda: not os.listdir(spool), "an empty spool")
        wait_for(lambda: not world.cups.jobs("not-completed"), "the local job's end")
        job = [job["cloud_job"] for job in world.connector.jobs() if job.get("local_job") == local[-1][1]][0]
        last = world.wait_job("Laser", job, ("aborted",))
        self.assertIn("submission-interrupted", last["job-state-reasons"])
        self.printed_once("Laser", 1, world.print_job("Laser", world.document("next.pdf", pages=1)))

    def test_sigterm_is_graceful(self):
        self.world.connector.process.signal(signal.SIGTERM)
        self.assertEqual(self.world.connector.process.popen.wait(30), 0)
        self.world.connector.start()
        self.world.connector.wait_tunnel()


if __name__ == "__main__":
    unittest.main()
