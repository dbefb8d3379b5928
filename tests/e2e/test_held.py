# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Jobs that wait for a sign-in: what the process that waits for them keeps, and what it leaves alone."""

import fcntl
import os
import pwd
import re
import signal
import time

from harness import documents
from harness.process import run, wait_for
from tests.e2e.test_backend import USER, DeskCase


class Waiter(DeskCase):
    """The queue has filters, so that the document comes through a pipe."""

    world_options = {"queues": ("Raster",)}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk.cups.add("Filtered", cls.desk.uri("Raster"), "drv:///sample.drv/generic.ppd")

    def test_filters_that_are_not_read_do_not_block_the_queue(self):
        """Nobody keeps the pipe open behind the backend's back: a filter would write to it for ever."""
        path = self.world.path("long.txt")
        documents.text(path, lines=6000)
        number = self.lp("Filtered", path)
        self.desk.wait_code("Filtered", number, seconds=60)
        wait_for(lambda: self.desk.printer("Filtered")["printer-state"] == "idle", "the queue", 20)
        # Nor does it turn in circles.
        _, waiters = run(["pgrep", "-f", f"^{self.desk.uri('Raster')} "], check=False)
        self.assertEqual(len(waiters.split()), 1, waiters)
        with open(f"/proc/{waiters.strip()}/stat", encoding="utf-8") as file:
            self.assertLess(sum(map(int, file.read().rpartition(")")[2].split()[11:13])), 100)
        self.assertLess(len(os.listdir(f"/proc/{waiters.strip()}/fd")), 16)
        _, text = run(["pgrep", "-P", str(self.desk.cups.process.pid), "-a"], check=False)
        self.assertNotIn("Filtered", text)


class WaiterCase(DeskCase):
    """A restart of the computer has ended the process that waited for the code."""

    world_options = {"queues": ("Laser",)}

    def tearDown(self):
        super().tearDown()
        self.desk.logout(USER)

    def waiters(self):
        return [int(line) for line in run(["pgrep", "-f", f"^{self.desk.uri('Laser')} "], check=False)[1].split()]

    def kill_waiter(self):
        waiters = self.waiters()
        self.assertEqual(len(waiters), 1, waiters)
        os.kill(waiters[0], signal.SIGKILL)


class WithoutWaiter(WaiterCase):
    def test_a_job_is_seen_to_wait_everywhere(self):
        """lpstat, and CUPS's web pages: the address and the code."""
        cups = self.desk.cups
        number = self.lp("Laser", self.document(1))
        code = self.desk.wait_code("Laser", number)
        words = rf"Sign in: https://localhost:\d+/device code {code}"
        for command in (["lpstat", "-p", "Laser"], ["lpstat", "-l", "-W", "not-completed", "-o"]):
            wait_for(lambda command=command: re.search(words, run(command, cups.env)[1]), " ".join(command), 10)
        for path in ("/printers/", "/printers/Laser", "/jobs/"):
            page = run(["curl", "-sS", "--noproxy", "*", f"http://localhost:{cups.port}{path}"])[1]
            self.assertRegex(page, words, path)
        self.desk.approve(code)
        self.printed("Laser", 1, number)

    def test_login_releases_what_waits(self):
        number = self.lp("Laser", self.document(2))
        self.desk.wait_code("Laser", number)
        self.kill_waiter()
        self.desk.login(USER)
        self.printed("Laser", 2, number)


    def test_a_waiter_that_is_about_to_end(self):
        """It has released its jobs for the next code, and still has the lock when the first of them is held again."""
        account = pwd.getpwnam(USER)
        folder = os.path.join(self.desk.cups.places["PRINTBRIDGE_USERS"], USER, "sign-ins",
                              self.desk.uri("Laser").split("/")[2].replace(":", "_"))
        os.makedirs(folder, mode=0o700, exist_ok=True)
        os.chown(folder, account.pw_uid, account.pw_gid)
        with open(os.path.join(folder, "waiter.lock"), "a", encoding="ascii") as lock:
            os.chown(lock.name, account.pw_uid, account.pw_gid)
            fcntl.flock(lock, fcntl.LOCK_EX)
            number = self.lp("Laser", self.document(1))
            code = self.desk.wait_code("Laser", number)
        self.desk.approve(code)
        self.desk.wait_job("Laser", number, seconds=40)


class Restarted(WaiterCase):
    """The same, and nobody runs anything: cupsd itself starts the jobs again, and the code that was shown is good."""

    desk_options = {"env": {"PRINTBRIDGE_WAKE_AFTER": "9s"}}

    def wait_put_off(self, number):
        """The waiter has said until when cupsd is to hold the job."""
        wait_for(lambda: self.desk.job("Laser", number).get("job-hold-until", "").count(":") == 2,
                 "the time until which the job is held", 20)

    def test_the_code_that_was_shown_is_enough(self):
        number = self.lp("Laser", self.document(2))
        code = self.desk.wait_code("Laser", number)
        self.wait_put_off(number)
        self.assertEqual(self.desk.wait_code("Laser", number), code)
        self.kill_waiter()
        self.desk.approve(code)
        self.printed("Laser", 2, number)

    def test_a_restart_of_the_computer(self):
        number = self.lp("Laser", self.document(3))
        code = self.desk.wait_code("Laser", number)
        self.wait_put_off(number)
        self.desk.cups.kill()
        self.kill_waiter()
        self.desk.approve(code)
        self.desk.cups.start()
        self.printed("Laser", 3, number)

    def test_it_stays_held_as_long_as_somebody_waits(self):
        """Put off again and again: the backend is not started for nothing."""
        number = self.lp("Laser", self.document(1))
        code = self.desk.wait_code("Laser", number)
        self.wait_put_off(number)
        begin, seen = time.monotonic(), set()
        while time.monotonic() - begin < 12:
            job = self.desk.job("Laser", number)
            self.assertEqual(job["job-state"], "pending-held")
            self.assertIn(code, job["job-printer-state-message"])
            seen.add(job["job-hold-until"])
            time.sleep(0.5)
        self.assertGreater(len(seen), 1)
        self.desk.approve(code)
        self.printed("Laser", 1, number)


class Interrupted(DeskCase):
    """cupsd goes down twice, the second time before the service could be asked what has become of the job."""

    world_options = {"queues": ("Laser",)}
    desk_options = {"keeps_files": "Yes"}

    def test_a_job_is_not_made_twice(self):
        desk, printer = self.desk, self.world.printers["Laser"]
        desk.sign_in("Laser", self.document(1), USER)
        before = len(self.cloud_jobs("Laser"))
        printer.stop_taking()
        try:
            number = self.lp("Laser", documents.postscript(self.world.path("twice.ps"), filler_bytes=30_000_000))
            wait_for(lambda: self.world.cups.jobs("not-completed"), "the job at the print server")
            desk.cups.stop()
            self.world.service.stop()
            desk.cups.start()
            wait_for(lambda: "Waiting for the print service" in desk.job("Laser", number).get("job-printer-state-message", ""),
                     "the reason why it waits", 30)
            desk.cups.stop()
            self.world.service.start()
            desk.cups.start()
            desk.wait_job("Laser", number, "processing")
        finally:
            printer.go_on()
        desk.wait_job("Laser", number)
        self.assertEqual(len(self.cloud_jobs("Laser")), before + 1)
