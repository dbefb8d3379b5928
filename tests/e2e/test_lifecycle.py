# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A job's life beside printing: it waits for its PIN, its documents come one by one, it is canceled at every stage."""

import concurrent.futures
import os
import re
import subprocess
import threading
import time

from harness.desk import Desk
from harness.ipp import (BOOLEAN, CANCEL_JOB, CREATE_JOB, DATE, GET_JOBS, HOLD_JOB, INTEGER, KEYWORD, MIME, NAME, OCTETS, PRINT_JOB,
                         RELEASE_JOB, SEND_DOCUMENT, Client, Refused, Unanswered, date)
from harness.printer import text_of
from harness.process import run, wait_for
from harness.service import ADMIN
from harness.world import USER
from tests.e2e.case import WorldCase

PDF = (MIME, "document-format", "application/pdf")


class LifeCase(WorldCase):
    def setUp(self):
        self.before = {name: len(printer.complete()) for name, printer in self.world.printers.items()}
        self.client = Client(self.world.service.port, self.world.service.ca_file, USER, self.world.password)
        self.addCleanup(self.client.close)

    def document(self, number=1, pages=1, filler_bytes=0):
        """A PDF that bears the test's name and its own number."""
        name = f"{self._testMethodName}-{number}"
        path = self.world.document(f"{name}.pdf", pages=pages, title=name, filler_bytes=filler_bytes)
        with open(path, "rb") as file:
            return file.read()

    def send(self, queue="Laser", *operation, job=(), document=None):
        return self.client.request(PRINT_JOB, self.world.uris[queue], PDF, *operation, job=job,
                                   document=self.document() if document is None else document)["job-id"]

    def ask(self, operation, job, *attributes, queue="Laser", document=b""):
        return self.client.request(operation, self.world.uris[queue], (INTEGER, "job-id", job), *attributes,
                                   document=document)

    def refuses(self, status, *args, **more):
        with self.assertRaises(Refused) as caught:
            self.ask(*args, **more)
        self.assertEqual(caught.exception.status, status, str(caught.exception))

    def state(self, job, queue="Laser"):
        return self.client.job(self.world.uris[queue], job)

    def wait_state(self, job, state, queue="Laser", seconds=60):
        wait_for(lambda: self.state(job, queue)[0] == state, f"job {job} of {queue} {state}: {self.state(job, queue)}",
                 seconds, 0.05)
        return self.state(job, queue)

    def papers(self, queue="Laser"):
        return self.world.printers[queue].complete()[self.before[queue]:]

    def printed(self, job, pages=1, queue="Laser"):
        """Completed, as one paper of so many pages."""
        self.wait_state(job, "completed", queue)
        self.world.printers[queue].wait_jobs(self.before[queue] + 1)
        self.assertEqual([paper.pages() for paper in self.papers(queue)], [pages])

    def no_local_job(self):
        wait_for(lambda: not self.world.cups.jobs("not-completed"), "no local jobs")


class Waiting(LifeCase):
    """Jobs with a PIN: Laser does not know such, Laser2's driver does."""

    world_options = {"queues": ("Laser", "Laser2")}

    def setUp(self):
        """Its PPD is changed after it was shared, as an administrator would: the service hears of that."""
        super().setUp()
        world = self.world
        if os.path.exists(world.path("pin.ppd")):
            return
        with open(os.path.join(world.cups.folder, "etc", "ppd", "Laser2.ppd"), encoding="latin-1") as file:
            ppd = file.read()
        path = world.path("pin.ppd")
        with open(path, "w", encoding="latin-1") as file:
            file.write(ppd + '*cupsJobPassword: "1111"\n')
        run(["lpadmin", "-p", "Laser2", "-P", path], world.cups.env)
        wait_for(lambda: "job-password-supported (integer) = 4" in world.ipptool("Laser2", "get-printer-attributes.test")[1],
                 "what the driver of Laser2 can do")

    def send_secret(self, pin="1234"):
        job = self.send("Laser", (OCTETS, "job-password", pin))
        self.assertEqual(self.state(job)[:2], ("pending-held", "job-password-wait"))
        return job

    def release(self, job, pin):
        command = [self.world.connector.command, "release", "--pin", "--runtime", self.world.connector.runtime, "Laser", str(job)]
        done = subprocess.run(command, input=pin + "\n", capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_pin_at_the_print_server(self):
        job = self.send_secret()
        status, text = self.release(job, "4321")
        self.assertEqual(status, 1)
        self.assertIn(f"not the PIN of job {job}", text)
        self.assertFalse(self.papers())
        self.assertEqual(self.release(job, "1234")[0], 0)
        self.printed(job)
        status, text = self.release(job, "1234")
        self.assertEqual((status, "is completed" in text), (1, True), text)

    def test_pin_at_the_portal(self):
        world = self.world
        job = self.send_secret("Mühle")
        portal = world.service.portal(USER)
        _, page = portal.open("/jobs")
        self.assertIn("Waits for its PIN", page)
        fields = [("csrf", portal.csrf(page)), ("printer", world.uris["Laser"].rpartition("/")[2]), ("job", job)]
        status, page = portal.open("/jobs/release", fields + [("pin", "Windmühle")])
        self.assertEqual((status, f"not the PIN of job {job}" in page), (400, True))
        self.assertEqual(portal.open("/jobs/release", fields + [("pin", "Mühle")])[0], 200)
        self.printed(job)
        _, page = portal.open("/jobs")
        self.assertIn("Completed", page)

    def test_pin_by_ipp(self):
        """Operators have no way around it; wrong ones are not counted for other jobs."""
        job, other = self.send_secret(), self.send_secret("5678")
        admin = Client(self.world.service.port, self.world.service.ca_file, ADMIN, self.world.service.passwords[ADMIN])
        self.addCleanup(admin.close)
        with self.assertRaises(Refused):
            admin.request(RELEASE_JOB, self.world.uris["Laser"], (INTEGER, "job-id", job))
        for _ in range(6):
            self.refuses(0x0403, RELEASE_JOB, job, (OCTETS, "job-password", "0000"))
        self.refuses(0x0403, RELEASE_JOB, job, (OCTETS, "job-password", "1234"))
        self.ask(RELEASE_JOB, other, (OCTETS, "job-password", "5678"))
        self.printed(other)
        self.ask(CANCEL_JOB, job)
        self.assertEqual(self.state(job)[0], "canceled")

    def test_a_queue_that_prints_with_pins(self):
        with self.assertRaises(Refused):
            self.send("Laser2", (OCTETS, "job-password", "12345"))
        job = self.send("Laser2", (OCTETS, "job-password", "1234"))
        self.printed(job, queue="Laser2")
        self.assertIn("job-password=1234", self.world.cups.error_log())
        self.before["Laser2"] += 1
        self.printed(self.send("Laser2"), queue="Laser2")

    def test_pin_from_a_desktop(self):
        """lp at a queue of our backend: the desktop's job is done, the cloud's waits."""
        desk = Desk(self.world).start()
        self.addCleanup(desk.stop)
        desk.login()
        desk.add("Ours", "Laser")
        path = self.world.document("desktop.pdf", pages=1, title="From a desktop")
        desk.cups.lp("Ours", path, ["job-password=1234"])
        wait_for(lambda: not desk.cups.jobs("not-completed"), "the desktop's job to be left to the cloud", 60)
        uri = self.world.uris["Laser"]
        job = self.client.request(GET_JOBS, uri, (KEYWORD, "requested-attributes", "job-id"), (INTEGER, "limit", 1),
                                  (BOOLEAN, "my-jobs", False))["job-id"]
        self.assertEqual(self.state(job)[:2], ("pending-held", "job-password-wait"))
        self.assertFalse(self.papers())
        self.assertEqual(self.release(job, "1234")[0], 0)
        self.printed(job)

    def test_held_until_released(self):
        job = self.send(job=[(KEYWORD, "job-hold-until", "indefinite")])
        self.assertEqual(self.state(job)[:2], ("pending-held", "job-hold-until-specified"))
        after = self.send()
        self.wait_state(after, "completed")  # it is not in the way
        self.assertEqual(self.state(job)[0], "pending-held")
        self.before["Laser"] += 1
        self.ask(RELEASE_JOB, job)
        self.printed(job)


    def test_held_until_its_time(self):
        job = self.send(job=[(DATE, "job-hold-until-time", date(time.time() + 2))])
        self.assertEqual(self.state(job)[:2], ("pending-held", "job-hold-until-specified"))
        self.assertIn("time has come", self.state(job)[2])
        self.printed(job)


class Documents(LifeCase):
    """Jobs of several documents."""

    world_options = {"queues": ("Laser",), "service_settings": {"multiple-operation-timeout": "10s"}}

    def create(self):
        return self.client.request(CREATE_JOB, self.world.uris["Laser"], (NAME, "job-name", self._testMethodName))["job-id"]

    def add(self, job, number, is_last):
        self.ask(SEND_DOCUMENT, job, PDF, (BOOLEAN, "last-document", is_last), document=self.document(number, pages=number))

    def one_local_job(self, job):
        """In order, as one job of the queue."""
        self.wait_state(job, "completed")
        entry = [entry for entry in self.world.connector.jobs() if entry["cloud_job"] == job][0]
        locals_of = {number for queue, number, _ in self.world.cups.jobs("all") if number >= entry["local_job"]}
        self.assertEqual(locals_of, {entry["local_job"]})
        papers = self.world.printers["Laser"].wait_jobs(self.before["Laser"] + 1)[self.before["Laser"]:]
        text = "\n".join(text_of(paper.path) for paper in papers)
        found = re.findall(rf"{self._testMethodName}-(\d): page (\d)", text)
        self.assertEqual(found, [(str(n), str(page)) for n in (1, 2, 3) for page in range(1, n + 1)])

    def test_in_order(self):
        job = self.create()
        for number in (1, 2, 3):
            self.add(job, number, number == 3)
        self.one_local_job(job)

    def test_the_service_dies_between_them(self):
        """The client goes on where it was; the job of one that does not is aborted in time, and nothing of it printed."""
        world = self.world
        job, silent = self.create(), self.create()
        self.add(job, 1, False)
        self.add(silent, 1, False)
        world.service.process.kill()
        self.client.close()
        time.sleep(11)  # longer than the time-out
        world.service.start()
        self.assertEqual(self.state(silent)[:2], ("pending", "job-data-insufficient"))
        self.add(job, 2, False)
        self.add(job, 3, True)
        self.one_local_job(job)
        last = self.wait_state(silent, "aborted", seconds=40)
        self.assertIn("No more documents came in time", last[2])
        self.assertEqual(len(os.listdir(os.path.join(world.service.settings["data-folder"], "spool"))), 0)
        self.assertEqual(len(self.papers()), 1)


class Canceling(LifeCase):
    """At every stage: what becomes of the job here and there, and of the paper."""

    world_options = {"queues": ("Laser",)}

    def cups(self, *argv):
        run(list(argv), self.world.cups.env)

    def cancel(self, job):
        self.ask(CANCEL_JOB, job)

    def is_canceled(self, job, papers=0):
        last = self.wait_state(job, "canceled")
        self.assertIn("job-canceled-by-user", last[1])
        self.no_local_job()
        self.assertEqual(len(self.papers()), papers)
        spool = os.path.join(self.world.service.settings["data-folder"], "spool")
        wait_for(lambda: not os.listdir(spool), "an empty spool")
        self.refuses(0x0404, CANCEL_JOB, job)
        # Nothing of it is in the way.
        self.before["Laser"] = len(self.world.printers["Laser"].complete())
        self.printed(self.send())

    def entry(self, job):
        return next((entry for entry in self.world.connector.jobs() if entry["cloud_job"] == job), {})

    def test_incoming(self):
        job = self.client.request(CREATE_JOB, self.world.uris["Laser"])["job-id"]
        self.cancel(job)
        self.refuses(0x0404, SEND_DOCUMENT, job, PDF, (BOOLEAN, "last-document", True), document=self.document())
        self.is_canceled(job)

    def test_incoming_while_it_is_read(self):
        """Its first half is at the print server already; its sender hears what became of it."""
        document, is_over = self.document(filler_bytes=2_000_000), threading.Event()
        self.addCleanup(is_over.set)

        def pieces():
            yield document[:1_500_000]
            is_over.wait()
            yield document[1_500_000:]
        sender = Client(self.world.service.port, self.world.service.ca_file, USER, self.world.password)
        self.addCleanup(sender.close)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            sent = pool.submit(sender.request, PRINT_JOB, self.world.uris["Laser"], PDF, document=pieces())
            entry = wait_for(lambda: [e for e in self.world.connector.jobs() if e["state"] in ("submitted", "printing")],
                             "the local job")[-1]
            job = entry["cloud_job"]
            self.assertIn("job-incoming", self.state(job)[1])
            self.cancel(job)
            wait_for(lambda: self.state(job)[0] == "canceled", "the end")
            is_over.set()
            with self.assertRaises((Refused, Unanswered)):
                sent.result()
        self.is_canceled(job)

    def test_held(self):
        job = self.send(job=[(KEYWORD, "job-hold-until", "night" if 8 < time.localtime().tm_hour < 16 else "indefinite")])
        self.assertEqual(self.state(job)[0], "pending-held")
        self.cancel(job)
        self.is_canceled(job)
        self.refuses(0x0404, RELEASE_JOB, job)

    def test_waiting_for_its_pin(self):
        job = self.send("Laser", (OCTETS, "job-password", "1234"))
        self.cancel(job)
        self.is_canceled(job)

    def test_fetchable(self):
        world = self.world
        world.connector.stop()
        try:
            job = self.send()
            self.assertEqual(self.state(job)[:2], ("pending", "job-fetchable"))
            self.cancel(job)
        finally:
            world.connector.start()
            world.connector.wait_tunnel()
        self.is_canceled(job)

    def test_taken_and_the_queue_is_stopped(self):
        """Acknowledged, submitted, and its local job waits."""
        self.cups("cupsdisable", "Laser")
        try:
            job = self.send()
            wait_for(lambda: self.entry(job).get("state") == "submitted", "the local job")
            self.cancel(job)
            wait_for(lambda: self.state(job)[0] == "canceled", "the end")
            self.no_local_job()
        finally:
            self.cups("cupsenable", "Laser")
        self.is_canceled(job)

    def test_while_the_connector_is_away(self):
        """Canceled while nobody listens: it hears of that when it comes back."""
        world = self.world
        self.cups("cupsdisable", "Laser")
        try:
            job = self.send()
            wait_for(lambda: self.entry(job).get("state") == "submitted", "the local job")
            world.connector.stop()
            self.cancel(job)
            world.connector.start()
            world.connector.wait_tunnel()
            self.no_local_job()
        finally:
            self.cups("cupsenable", "Laser")
        self.is_canceled(job)

    def printing(self, filler_bytes=30_000_000):
        job = self.send(document=self.document(filler_bytes=filler_bytes))
        self.wait_state(job, "processing")
        wait_for(lambda: self.entry(job).get("state") == "printing", "printing")
        return job

    def test_printing(self):
        printer = self.world.printers["Laser"]
        printer.stop_taking()
        try:
            job = self.printing()
            self.cancel(job)
            wait_for(lambda: self.state(job)[0] == "canceled", "the end")
        finally:
            printer.go_on()
        self.is_canceled(job)

    def test_stopped_in_mid_job(self):
        printer = self.world.printers["Laser"]
        printer.stop_taking()
        try:
            job = self.printing()
            self.cups("cupsdisable", "Laser")
            wait_for(lambda: [name for name, _, _ in self.world.cups.jobs("not-completed")], "the local job, stopped")
            self.cancel(job)
            wait_for(lambda: self.state(job)[0] == "canceled", "the end")
        finally:
            self.cups("cupsenable", "Laser")
            printer.go_on()
        self.is_canceled(job)

    def test_held_by_an_operator_then_canceled(self):
        world = self.world
        world.connector.stop()
        try:
            job = self.send()
            self.ask(HOLD_JOB, job)
        finally:
            world.connector.start()
            world.connector.wait_tunnel()
        self.assertEqual(self.state(job)[0], "pending-held")
        self.cancel(job)
        self.is_canceled(job)

    def test_just_completed(self):
        """Too late is said; the record stays as it was."""
        job = self.send()
        self.printed(job)
        self.refuses(0x0404, CANCEL_JOB, job)
        self.assertEqual(self.state(job)[:2], ("completed", "job-completed-successfully"))
