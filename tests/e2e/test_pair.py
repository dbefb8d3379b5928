# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Two print servers for one cloud printer: each job comes out of one of them, once; when one stays away, what it had not
begun goes to the other, and what it may have printed is held."""

import glob
import os
import signal
import socket
import sys
import unittest

from harness import documents
from harness.connector import Connector
from harness.cups import Cups
from harness.ipp import INTEGER, Client
from harness.printer import Printer, text_of
from harness.process import Failed, wait_for
from harness.world import LASER, USER
from tests.e2e.case import _has_report
from tests.e2e.days import DaysCase

LEASE = 5
MANY = 20
RELEASE_JOB = 0x0D


class Pair(DaysCase):
    world_options = {"queues": ("Laser",), "service_settings": {"connector-lease": f"{LEASE}s"}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        world = cls.world
        cls.printer = Printer("Laser", world.path("paper/other"))
        folder = world.path("other")
        cls.cups = Cups(f"{folder}/cups", world.programs, f"{folder}/connector/runtime/connector.sock").start()
        cls.cups.add("Laser", cls.printer.uri, LASER, ["PageSize=A4", "Option1=True"])
        cls.connector = Connector(f"{folder}/connector", world.programs, cls.cups.server)
        cls.connector.start()
        try:
            cls.join()
        except BaseException:
            print(cls.tail(), file=sys.stderr)
            cls.tearDownClass()
            raise

    @classmethod
    def join(cls):
        world = cls.world
        share = cls.connector.share(world.service, ["Laser"], ["--join", world.uris["Laser"]])
        code = share.code()
        if code is None:
            raise Failed(share.text)
        portal = world.service.portal()
        _, cls.approval = portal.show(code)
        portal.decide(code)
        status, text = share.finish()
        if status != 0 or world.uris["Laser"] not in text:
            raise Failed(f"{status}: {text}")
        cls.connector.wait_tunnel()
        wait_for(lambda: cls.connector.status()["services"][0]["queues"][0]["state"] == "idle", "the other queue")
        wait_for(lambda: world.is_synced("Laser"), "its report", 30, 0.05)

    @classmethod
    def tail(cls):
        text = ""
        for path in (cls.connector.process.log, f"{cls.cups.folder}/log/error_log"):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += f"--- {path}\n" + "".join(file.readlines()[-60:])
        return text

    @classmethod
    def tearDownClass(cls):
        bad = [cls.connector.stop(), cls.cups.stop()]
        report = _has_report(cls.connector.process.log)
        cls.printer.turn_off()
        super().tearDownClass()
        if report or any(status not in (None, 0) for status in bad):
            raise AssertionError(f"the other print server did not end well: {bad} {report}")

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failures:
            print(self.tail(), file=sys.stderr)

    def setUp(self):
        super().setUp()
        self.counts = [len(printer.complete()) for printer in self.printers()]
        for connector in (self.world.connector, self.connector):
            if not connector.process.is_running():
                connector.start()
            connector.wait_tunnel()

    def tearDown(self):
        self.wire.bytes_per_second = None
        for printer in self.printers():
            printer.go_on()

    def printers(self):
        return self.world.printers["Laser"], self.printer

    def papers(self):
        """What has come since the test began, of each printer."""
        return [printer.complete()[count:] for printer, count in zip(self.printers(), self.counts)]

    def pages(self):
        return [[paper.pages() for paper in some] for some in self.papers()]

    def stop_other(self):
        self.connector.stop()

    def start_other(self):
        self.connector.start()
        self.connector.wait_tunnel()

    def print_title(self, title):
        return self.world.print_job("Laser", self.world.document(f"{title}.pdf", pages=1, title=title))

    def wait_held(self, job):
        last = self.world.wait_job("Laser", job, ("pending-held",), LEASE + 30)
        self.assertIn("job-suspended-by-system", last["job-state-reasons"])
        self.assertIn(socket.gethostname()[:60], last["job-state-message"])
        self.assertIn("Look at the printer", last["job-state-message"])
        return last

    def release(self, job):
        service = self.world.service
        client = Client(self.world.service.port, service.ca_file, USER, self.world.password)
        try:
            client.request(RELEASE_JOB, self.world.uris["Laser"], (INTEGER, "job-id", job))
        finally:
            client.close()

    @staticmethod
    def uuid_of(connector):
        """Of the one queue that it shares."""
        path, = glob.glob(f"{connector.state}/services/*/????????-*.json")
        return "urn:uuid:" + os.path.basename(path).removesuffix(".json")

    def nothing_waits(self, cups):
        wait_for(lambda: not cups.jobs("not-completed"), "no local jobs", 30)

    def test_approved_with_its_eyes_open(self):
        self.assertIn("joins the printer Laser, which", self.approval.replace("</b>", ""))
        self.assertIn(socket.gethostname(), self.approval)

    def test_both_want_each_job(self):
        """Both sleep while the jobs come in, so that both go for the first ones at the same moment."""
        for connector in (self.world.connector, self.connector):
            connector.process.signal(signal.SIGSTOP)
        jobs = [self.print_title(f"both-{i}") for i in range(MANY)]
        for connector in (self.world.connector, self.connector):
            connector.process.signal(signal.SIGCONT)
        for job in jobs:
            self.world.wait_job("Laser", job)
        wait_for(lambda: sum(len(some) for some in self.papers()) >= MANY, "the papers")
        texts = "".join(text_of(paper.path) for some in self.papers() for paper in some)
        for i in range(MANY):
            self.assertEqual(texts.count(f"both-{i}: page 1 of 1"), 1, f"both-{i}")
        self.assertEqual(sum(len(some) for some in self.papers()), MANY)
        self.assertTrue(all(self.papers()), "one of them had them all")

    def test_one_dies_in_mid_document(self):
        world = self.world
        self.stop_other()
        begun = self.print_slowly("Laser", self.document(2, filler_bytes=40_000_000))
        waiting = [self.print_title(f"waits-{i}") for i in range(2)]
        wait_for(lambda: len(world.cups.jobs("not-completed")) == 3, "the local jobs")
        world.connector.process.kill()
        self.wire.bytes_per_second = None
        self.start_other()
        for job in waiting:
            world.wait_job("Laser", job, seconds=LEASE + 30)
        self.wait_held(begun)
        self.assertEqual(self.pages(), [[], [1, 1]])
        # It comes back, and lets go of all of them.
        world.connector.start()
        world.connector.wait_tunnel()
        self.nothing_waits(world.cups)
        self.assertEqual(self.pages(), [[], [1, 1]])
        self.wait_held(begun)
        # A person has looked.
        self.release(begun)
        world.wait_job("Laser", begun, seconds=120)
        wait_for(lambda: sum(len(some) for some in self.papers()) >= 3, "the paper")
        self.assertEqual(sorted(sum(self.pages(), [])), [1, 1, 2])

    def test_one_that_comes_back_goes_on(self):
        world = self.world
        self.stop_other()
        world.printers["Laser"].stop_taking()
        job = world.print_job("Laser", self.document(2))
        world.connector.process.wait_output(f"[Laser job {job}] document 1 is handed over")
        world.connector.process.kill()
        self.start_other()
        self.wait_held(job)
        world.printers["Laser"].go_on()
        world.connector.start()
        world.wait_job("Laser", job)
        self.assertEqual(self.pages(), [[2], []])

    def test_unshared_by_one(self):
        self.connector.unshare("Laser")
        job = self.print_title("alone")
        self.world.wait_job("Laser", job)
        self.assertEqual(self.pages(), [[1], []])
        self.join()

    def test_withdrawn_by_an_administrator(self):
        """What it had not begun is the other's, the rest is held; it is locked out."""
        world, other = self.world, self.connector
        world.connector.stop()
        self.printer.stop_taking()
        begun = world.print_job("Laser", documents.postscript(world.path("withdrawn.ps"), filler_bytes=30_000_000))
        other.process.wait_output(f"[Laser job {begun}] printing")
        waiting = self.print_title("waits")
        wait_for(lambda: len(self.cups.jobs("not-completed")) == 2, "the local jobs")
        world.connector.start()
        world.connector.wait_tunnel()
        portal = world.service.portal()
        _, page = portal.open("/printers")
        uuid = self.uuid_of(other)
        status, _ = portal.open("/printers/devices/remove", [("csrf", portal.csrf(page)), ("device", uuid),
                                                             ("printer", world.uris["Laser"].rsplit("/", 1)[1])])
        self.assertEqual(status, 200)
        world.wait_job("Laser", waiting)
        last = world.wait_job("Laser", begun, ("pending-held",))
        self.assertIn("was taken away", last["job-state-message"])
        other.wait_tunnel("denied")
        self.assertEqual(self.pages(), [[1], []])


if __name__ == "__main__":
    unittest.main()
