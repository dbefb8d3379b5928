# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The whole circle: a desktop's cupsd with our backend -> service -> connector -> a print server's cupsd, its driver -> printer."""

import os
import re
import signal
import subprocess
import time
import unittest

from harness import documents
from harness.desk import CODE, Desk
from harness.process import Failed, run, wait_for
from harness.world import USER as PORTAL_USER
from tests.e2e.days import DaysCase

USER = "nobody"  # an account that is not root's


class DeskCase(DaysCase):
    """A desk beside the world; its queues have no PPD here, so that what comes is what was sent."""

    desk_options = {}
    desk = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.desk = Desk(cls.world, **cls.desk_options).start()
            cls.desk.add_user(USER)
            for name in cls.world.printers:
                cls.desk.cups.add(name, cls.desk.uri(name), "raw")
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        if cls.desk is not None:
            cls.desk.stop()
        super().tearDownClass()

    def tearDown(self):
        """What a test has left behind is not the next one's: no job anywhere, no paper on its way."""
        for printer in self.world.printers.values():
            printer.go_on()
        for queue, number, _ in self.desk.cups.jobs("not-completed"):
            run(["cancel", f"{queue}-{number}"], self.desk.cups.env, check=False)
        wait_for(lambda: not self.desk.cups.jobs("not-completed"), "the end of the desk's jobs")
        wait_for(self.end_cloud_jobs, "the end of the cloud's jobs")
        wait_for(lambda: not self.world.cups.jobs("not-completed"), "the end of the print server's jobs")
        for printer in self.world.printers.values():
            wait_for(lambda printer=printer: all(job.is_complete for job in list(printer.jobs)), "the last paper")

    def end_cloud_jobs(self):
        """Those that nobody looks after any more are canceled; True: there is none."""
        left = [(queue, job) for queue in self.world.printers for job, state in self.cloud_jobs(queue)
                if state not in ("completed", "canceled", "aborted")]
        for queue, job in left:
            self.cancel(queue, job, check=False)
        return not left

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failures:
            lines = [line for line in self.desk.cups.error_log().splitlines() if "[Job " in line and "envp" not in line]
            print("--- the desk's log\n" + "\n".join(lines[-60:]))

    def lp(self, queue, path, options=(), user=USER):
        return self.desk.cups.lp(queue, path, options, user)

    def printed(self, queue, pages, number):
        """The local job is completed, and each page has come, once."""
        self.desk.wait_job(queue, number, seconds=150)
        papers = self.world.printers[queue].wait_jobs(self.before[queue] + 1, 30)[self.before[queue]:]
        self.assertEqual([paper.pages() for paper in papers], [pages])
        return papers[0]

    def cloud_jobs(self, queue):
        """[(id, state)] of the service's jobs, newest last."""
        _, text = self.world.ipptool(queue, self.get_jobs(), check=False)
        return [(int(number), state) for number, state in re.findall(
            r"job-id \(integer\) = (\d+)\s+job-state \(enum\) = (\S+)", text.partition("RECEIVED")[2])]

    def get_jobs(self):
        path = self.world.path("get-jobs.test")
        with open(path, "w", encoding="utf-8") as file:
            file.write('{ OPERATION Get-Jobs GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 '
                       'ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri '
                       'ATTR name requesting-user-name $user ATTR keyword which-jobs all '
                       'ATTR keyword requested-attributes job-id,job-state }')
        return path

    def cancel(self, queue, job, check=True):
        path = self.world.path("cancel-cloud.test")
        with open(path, "w", encoding="utf-8") as file:
            file.write('{ OPERATION Cancel-Job GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 '
                       'ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri '
                       f'ATTR integer job-id {job} ATTR name requesting-user-name $user STATUS successful-ok }}')
        self.world.ipptool(queue, path, check)

    def backends(self):
        """Process ids of backends that the desk's cupsd runs, and of those that these wait for; a waiter is none of them."""
        pids, parents = [], [self.desk.cups.process.pid]
        pattern = f"^{self.desk.uri('Laser').rpartition('/')[0]}/"
        while parents:
            _, text = run(["pgrep", "-P", ",".join(map(str, parents)), "-f", pattern], check=False)
            parents = [int(word) for word in text.split()]
            pids += parents
        return pids


    def start_backend(self, document):
        """By hand, as cupsd does it where filters come before."""
        argv = [os.path.join(self.desk.cups.folder, "bin/backend/printbridge"), "1", USER, "title", "1", ""]
        env = dict(os.environ, DEVICE_URI=self.desk.uri("Laser"), CONTENT_TYPE="application/pdf",
                   FINAL_CONTENT_TYPE="application/pdf", **self.desk.cups.env, **self.desk.cups.places)
        cat = subprocess.Popen(["cat"], stdin=document, stdout=subprocess.PIPE)
        backend = subprocess.Popen(argv, env=env, stdin=cat.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        cat.stdout.close()
        self.addCleanup(cat.wait)
        return backend

    def start_stuck(self, name):
        """A job that is at the printer and does not get on; its numbers here and in the cloud."""
        self.world.printers["Laser"].stop_taking()
        number = self.lp("Laser", documents.postscript(self.world.path(f"{name}.ps"), filler_bytes=30_000_000))
        wait_for(lambda: [job for job in self.world.cups.jobs("not-completed") if job[0] == "Laser"], "the job at the print server")
        return number, self.cloud_jobs("Laser")[-1][0]


class SigningIn(DeskCase):
    def test_1_a_job_holds_until_its_user_has_signed_in(self):
        desk = self.desk
        first = self.lp("Laser", self.document(2))
        code = desk.wait_code("Laser", first)
        # The queue is not blocked, and everybody sees the same code: in the queue's message, too.
        wait_for(lambda: re.match(rf"Sign in: https://\S+ code {code}$", desk.printer("Laser").get("printer-state-message", "")),
                 "the code in the queue's message", 10)
        second = self.lp("Raster", self.document(2))
        self.assertEqual(desk.wait_code("Raster", second), code)
        wait_for(lambda: not self.backends(), "no process of cupsd's that waits")
        desk.approve(code)
        self.printed("Laser", 2, first)
        self.printed("Raster", 2, second)

    def test_2_the_next_job_goes_on_at_once(self):
        self.printed("Laser", 1, self.lp("Laser", self.document(1)))

    def test_3_a_refusal_is_told_once(self):
        desk = self.desk
        desk.add_user("daemon")
        number = self.lp("Laser", self.document(1), user="daemon")
        desk.approve(desk.wait_code("Laser", number), "deny")
        wait_for(lambda: "refused" in desk.job("Laser", number).get("job-printer-state-message", ""), "the refusal", 20)
        self.assertEqual(desk.job("Laser", number)["job-state"], "pending-held")
        # Released by hand: asked again.
        run(["lp", "-i", f"Laser-{number}", "-H", "resume", "-U", "daemon"], desk.cups.env)
        wait_for(lambda: CODE.search(desk.job("Laser", number).get("job-printer-state-message", "")), "another code", 20)
        desk.approve(desk.wait_code("Laser", number))
        self.printed("Laser", 1, number)

    def test_4_jobs_from_elsewhere_are_not_their_namesakes(self):
        number = self.lp("Laser", self.document(1))
        self.desk.wait_job("Laser", number)
        argv = [os.path.join(self.desk.cups.folder, "bin/backend/printbridge"), "1", USER, "title", "1",
                "job-originating-host-name=elsewhere.test", self.document(1)]
        done = subprocess.run(argv, env=dict(os.environ, DEVICE_URI=self.desk.uri("Laser"), **self.desk.cups.env,
                                             **self.desk.cups.places), stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("printbridge login --system", done.stderr)


    def test_5_a_sign_in_that_was_taken_back(self):
        """Revoked in the portal: said in the job's log, and a code for another one."""
        portal = self.world.service.portal(PORTAL_USER)
        _, page = portal.open("/account")
        programs = re.findall(r'name="program"\s+value="([^"]+)"', page)
        self.assertTrue(programs, page)
        for program in programs:
            portal.open("/account/programs/remove", [("csrf", portal.csrf(page)), ("program", program)])
        number = self.lp("Laser", self.document(1))
        self.desk.approve(self.desk.wait_code("Laser", number))
        self.printed("Laser", 1, number)


class Printing(DeskCase):
    desk_options = {"keeps_files": "Yes"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.desk.sign_in("Laser", cls.world.document("sign-in.pdf", pages=1), USER)
        except BaseException:
            cls.tearDownClass()
            raise

    def test_two_jobs_at_once(self):
        self.wire.bytes_per_second = 4_000_000
        try:
            jobs = [(queue, self.lp(queue, self.document(2, filler_bytes=2_000_000))) for queue in ("Laser", "Raster")]
            wait_for(lambda: len(self.backends()) >= 2, "two backends at once")
        finally:
            self.wire.bytes_per_second = None
        for queue, number in jobs:
            self.printed(queue, 2, number)

    def test_state_and_pages_come_back(self):
        number = self.lp("Laser", self.document(3))
        self.printed("Laser", 3, number)
        job = self.desk.job("Laser", number)
        self.assertEqual(job["job-impressions-completed"], "3")
        self.assertEqual(job["job-media-progress"], "100")
        with open(os.path.join(self.desk.cups.folder, "log/page_log"), encoding="utf-8") as file:
            lines = [line for line in file if f" {number} " in line]
        self.assertEqual(len(lines), 1, lines)

    def test_a_printer_that_is_out_of_paper_says_so_here(self):
        """Its reasons and supplies, by a device that has both; they are gone with the job."""
        device, go_on = os.path.join(self.world.cups.folder, "bin/backend/empty"), self.world.path("paper-is-back")
        with open(device, "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\necho "STATE: +media-empty-error" >&2\n'
                       'echo "ATTR: marker-levels=7 marker-names=Black marker-types=toner marker-colors=#000000" >&2\n'
                       f'while [ ! -e {go_on} ]; do sleep 0.1; done\necho "STATE: -media-empty-error" >&2\n')
        os.chmod(device, 0o755)
        run(["lpadmin", "-p", "Laser", "-v", "empty:/x"], self.world.cups.env)
        try:
            number = self.lp("Laser", self.document(1))
            wait_for(lambda: "media-empty-error" in self.desk.printer("Laser").get("printer-state-reasons", ""), "the reason")
            printer = wait_for(lambda: self.desk.printer("Laser") if "marker-levels" in self.desk.printer("Laser") else None, "supplies")
            self.assertEqual((printer["marker-levels"], printer["marker-names"]), ("7", "Black"))
            with open(go_on, "wb"):
                pass
            self.desk.wait_job("Laser", number)
            wait_for(lambda: self.desk.printer("Laser").get("printer-state-reasons") == "none", "the end of it")
        finally:
            run(["lpadmin", "-p", "Laser", "-v", self.world.printers["Laser"].uri], self.world.cups.env)

    def test_cancel_here_cancels_there(self):
        try:
            number, cloud = self.start_stuck("here")
            begin = time.monotonic()
            run(["cancel", f"Laser-{number}"], self.desk.cups.env)
            self.desk.wait_job("Laser", number, "canceled")
            wait_for(lambda: not self.backends(), "the backend's end", 10)
            self.assertLess(time.monotonic() - begin, 5)
            wait_for(lambda: not self.world.cups.jobs("not-completed"), "the end of the print server's job")
        finally:
            self.world.printers["Laser"].go_on()
        self.world.wait_job("Laser", cloud, ("canceled",))

    def test_cancel_in_the_cloud_cancels_here(self):
        try:
            number, cloud = self.start_stuck("there")
            self.cancel("Laser", cloud)
            job = self.desk.wait_job("Laser", number, "canceled")
        finally:
            self.world.printers["Laser"].go_on()
        self.assertIn("anceled", job["job-printer-state-message"])

    def test_what_fails_there_fails_here(self):
        """Of a queue that aborts, "aborted"; of others a job must neither print again nor stop the queue: "canceled"."""
        path = self.world.path("nothing.xyz")
        with open(path, "wb") as file:
            file.write(b"\x00\x01\x02 nothing that a printer knows " * 20)
        for policy, state in (("retry-job", "canceled"), ("stop-printer", "canceled"), ("abort-job", "aborted")):
            with self.subTest(policy=policy):
                run(["lpadmin", "-p", "Raster", "-o", f"printer-error-policy={policy}"], self.desk.cups.env)
                number = self.lp("Raster", path, ["raw"])
                job = self.desk.wait_job("Raster", number, state)
                self.assertIn("format", job["job-printer-state-message"])
        run(["lpadmin", "-p", "Raster", "-o", "printer-error-policy=retry-job"], self.desk.cups.env)
        self.nothing_came("Raster")

    def test_service_down_and_back(self):
        self.world.service.stop()
        number = self.lp("Laser", self.document(2))
        wait_for(lambda: "Waiting for the print service" in self.desk.job("Laser", number).get("job-printer-state-message", ""),
                 "the reason why it waits", 20)
        printer = self.desk.printer("Laser")
        self.assertIn("offline-report", printer["printer-state-reasons"])
        self.world.service.start()
        self.printed("Laser", 2, number)
        self.assertEqual(self.desk.printer("Laser")["printer-state-reasons"], "none")

    def test_service_down_while_the_job_is_followed(self):
        try:
            number, _ = self.start_stuck("followed")
            self.world.service.stop()
            wait_for(lambda: "Waiting for the print service" in self.desk.job("Laser", number)["job-printer-state-message"],
                     "the reason why it waits", 20)
        finally:
            self.world.printers["Laser"].go_on()
        self.world.service.start()
        self.desk.wait_job("Laser", number)

    def test_what_shrinks_goes_up_compressed(self):
        """Fewer bytes on the wire, the same paper; also when it is cut and sent again; a PDF goes as it is."""
        path = documents.wordy_postscript(self.world.path("wordy.ps"))
        size = os.path.getsize(path)
        for cuts in (0, 1):
            with self.subTest(cuts=cuts):
                before, up = len(self.world.printers["Laser"].complete()), self.wire.up_bytes
                self.wire.bytes_per_second = 300_000 if cuts else None
                try:
                    number = self.lp("Laser", path)
                    if cuts:
                        wait_for(lambda up=up: self.wire.up_bytes > up + size // 20, "a part of it")
                        self.wire.cut()
                finally:
                    self.wire.bytes_per_second = None
                self.desk.wait_job("Laser", number)
                paper = self.world.printers["Laser"].wait_jobs(before + 1)[before]
                self.assertEqual(re.findall(rb"stroke % line (\d+)", paper.data()), [b"%d" % n for n in range(100_000)])
                self.assertLess(self.wire.up_bytes - up, size * 0.4)
        up = self.wire.up_bytes
        path = self.document(1, filler_bytes=3_000_000)
        self.desk.wait_job("Laser", self.lp("Laser", path))
        self.assertGreater(self.wire.up_bytes - up, os.path.getsize(path))

    def test_cut_in_mid_upload(self):
        """One cloud job, one paper; the device has begun to read it by then."""
        before = len(self.cloud_jobs("Laser"))
        self.wire.bytes_per_second = 3_000_000
        try:
            number = self.lp("Laser", self.document(3, filler_bytes=12_000_000))
            for _ in range(2):
                down = self.wire.down_bytes
                wait_for(lambda: len(self.cloud_jobs("Laser")) > before, "the cloud job")
                wait_for(lambda down=down: self.wire.down_bytes > down + 1_000_000, "a part of it at the connector")
                self.wire.cut()
        finally:
            self.wire.bytes_per_second = None
        self.printed("Laser", 3, number)
        self.assertEqual(len(self.cloud_jobs("Laser")), before + 1)

    def test_cut_in_mid_upload_of_a_pipe(self):
        """What the filters made and the service has lost is kept behind the pipe."""
        before = len(self.cloud_jobs("Laser"))
        self.wire.bytes_per_second = 3_000_000
        try:
            with open(self.document(3, filler_bytes=12_000_000), "rb") as document:
                backend = self.start_backend(document)
            for _ in range(2):
                down = self.wire.down_bytes
                wait_for(lambda: len(self.cloud_jobs("Laser")) > before, "the cloud job")
                wait_for(lambda down=down: self.wire.down_bytes > down + 1_000_000, "a part of it at the connector")
                self.wire.cut()
        finally:
            self.wire.bytes_per_second = None
        self.assertEqual(backend.wait(100), 0, backend.stderr.read())
        backend.stderr.close()
        papers = self.world.printers["Laser"].wait_jobs(self.before["Laser"] + 1)[self.before["Laser"]:]
        self.assertEqual([paper.pages() for paper in papers], [3])
        self.assertEqual(len(self.cloud_jobs("Laser")), before + 1)

    def test_large_documents_cost_no_memory(self):
        with open(os.path.join(self.desk.cups.folder, "bin/backend/printbridge"), "rb") as program:
            if b"__asan_init" in program.read():
                self.skipTest("the address sanitizer keeps what is freed")
        with open(self.document(1, filler_bytes=200_000_000), "rb") as document:
            backend = self.start_backend(document)
        peak = 0
        while backend.poll() is None:
            _, text = run(["ps", "-o", "rss=", "--ppid", backend.pid, "--pid", backend.pid], check=False)
            peak = max([peak, *(int(word) for word in text.split())])
            time.sleep(0.05)
        self.assertEqual(backend.returncode, 0, backend.stderr.read())
        backend.stderr.close()
        self.assertLess(peak, 40_000, "KiB")

    def test_cupsd_restarts(self):
        """The cloud job goes on; the local job, started again, finds it."""
        try:
            number, _ = self.start_stuck("restart")
            before = len(self.cloud_jobs("Laser"))
            self.desk.cups.stop()
            self.desk.cups.start()
            self.desk.wait_job("Laser", number, "processing")
        finally:
            self.world.printers["Laser"].go_on()
        self.desk.wait_job("Laser", number)
        self.assertEqual(len(self.cloud_jobs("Laser")), before)
        self.assertEqual(len(self.world.printers["Laser"].wait_jobs(self.before["Laser"] + 1)), self.before["Laser"] + 1)

    def test_printed_once_more_by_hand(self):
        number = self.lp("Laser", self.document(1))
        self.printed("Laser", 1, number)
        before = len(self.cloud_jobs("Laser"))
        run(["lp", "-i", f"Laser-{number}", "-H", "restart"], self.desk.cups.env)
        wait_for(lambda: len(self.cloud_jobs("Laser")) == before + 1, "another cloud job")
        self.desk.wait_job("Laser", number)
        self.world.printers["Laser"].wait_jobs(self.before["Laser"] + 2)

    def test_wait_for_service(self):
        """Completed here as soon as the service has it."""
        self.desk.cups.add("Quick", self.desk.uri("Laser", "?wait-for=service"), "raw")
        self.world.printers["Laser"].stop_taking()
        try:
            number = self.lp("Quick", documents.postscript(self.world.path("quick.ps"), filler_bytes=30_000_000))
            self.desk.wait_job("Quick", number)
            self.assertEqual(len(self.world.printers["Laser"].complete()), self.before["Laser"])
        finally:
            self.world.printers["Laser"].go_on()
        self.world.printers["Laser"].wait_jobs(self.before["Laser"] + 1)

    def test_an_empty_document(self):
        path = self.world.path("empty.pdf")
        with open(path, "wb"):
            pass
        argv = [os.path.join(self.desk.cups.folder, "bin/backend/printbridge"), "1", USER, "title", "1", "", path]
        done = subprocess.run(argv, env=dict(os.environ, DEVICE_URI=self.desk.uri("Laser"), **self.desk.cups.env,
                                             **self.desk.cups.places), stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("ERROR: There is nothing to print", done.stderr)

    def test_a_killed_backend(self):
        """To CUPS it is no failure that a backend dies of SIGKILL: the process that prints goes on without the other one."""
        try:
            number, _ = self.start_stuck("killed")
            before = len(self.cloud_jobs("Laser"))
            pids = self.backends()
            self.assertEqual(len(pids), 2, "one waits, one prints without root's rights")
            owners = run(["ps", "-o", "user=", "-p", ",".join(map(str, pids))])[1].split()
            self.assertEqual(sorted(owners), sorted(["root", USER]))
            waits, prints = pids
            os.kill(waits, signal.SIGKILL)
            wait_for(lambda: not self.backends(), "the end of the one that cupsd knows")
        finally:
            self.world.printers["Laser"].go_on()
        self.desk.wait_job("Laser", number)
        self.assertEqual(len(self.world.printers["Laser"].wait_jobs(self.before["Laser"] + 1)), self.before["Laser"] + 1)
        wait_for(lambda: not os.path.exists(f"/proc/{prints}"), "the end of the one that prints")
        self.assertEqual(len(self.cloud_jobs("Laser")), before)

    def test_a_killed_process_that_prints(self):
        """The one that waits for it asks cupsd for another try, which finds the cloud job."""
        try:
            number, _ = self.start_stuck("killed-too")
            before = len(self.cloud_jobs("Laser"))
            _, prints = self.backends()
            os.kill(prints, signal.SIGKILL)
            wait_for(lambda: prints not in self.backends(), "its end")
        finally:
            self.world.printers["Laser"].go_on()
        self.desk.wait_job("Laser", number)
        self.assertEqual(len(self.world.printers["Laser"].wait_jobs(self.before["Laser"] + 1)), self.before["Laser"] + 1)
        self.assertEqual(len(self.cloud_jobs("Laser")), before)


class Vanishing(DeskCase):
    """Desktops that go for good in the middle of a job: a printer of many is not theirs alone."""

    world_options = {"queues": ("Laser",), "service_settings": {"cut-off-timeout": "2s"}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.desk.sign_in("Laser", cls.world.document("sign-in.pdf", pages=1), USER)
        except BaseException:
            cls.tearDownClass()
            raise

    def test_half_a_document_does_not_keep_the_printer(self):
        """The print server's filter has begun to read it; the next job prints, and the half one is told as aborted."""
        self.wire.bytes_per_second = 2_000_000
        try:
            with open(self.document(3, filler_bytes=12_000_000), "rb") as document:
                backend = self.start_backend(document)
            wait_for(lambda: [job for job in self.world.connector.jobs() if job["state"] == "printing"], "the half job there")
            _, text = run(["pgrep", "-P", backend.pid])
            for pid in (int(text), backend.pid):
                os.kill(pid, signal.SIGKILL)
            backend.wait()
            backend.stderr.close()
        finally:
            self.wire.bytes_per_second = None
        half = self.cloud_jobs("Laser")[-1][0]
        number = self.lp("Laser", self.document(1))
        self.desk.wait_job("Laser", number, seconds=60)
        job = self.world.wait_job("Laser", half, ("aborted",))
        self.assertIn("submission-interrupted", job["job-state-reasons"])

    def test_canceled_while_no_backend_runs(self):
        """The queue was paused: the cloud job is canceled all the same."""
        try:
            number, cloud = self.start_stuck("paused")
            run(["cupsdisable", "Laser"], self.desk.cups.env)
            wait_for(lambda: not self.backends(), "the end of the backend")
            self.assertEqual(self.desk.job("Laser", number)["job-state"], "pending")
            self.assertNotIn(self.cloud_jobs("Laser")[-1][1], ("completed", "canceled", "aborted"))
            run(["cancel", f"Laser-{number}"], self.desk.cups.env)
            wait_for(lambda: not self.world.cups.jobs("not-completed"), "the end of the print server's job")
        finally:
            self.world.printers["Laser"].go_on()
            run(["cupsenable", "Laser"], self.desk.cups.env)
        self.world.wait_job("Laser", cloud, ("canceled",))

    def test_what_goes_on_is_left_alone(self):
        """Paused and enabled again: nothing is canceled, and it comes out once."""
        number, cloud = self.start_stuck("goes-on")
        run(["cupsdisable", "Laser"], self.desk.cups.env)
        wait_for(lambda: not self.backends(), "the end of the backend")
        time.sleep(1.5)  # the watch has begun
        run(["cupsenable", "Laser"], self.desk.cups.env)
        self.desk.wait_job("Laser", number, "processing")
        self.world.printers["Laser"].go_on()
        self.desk.wait_job("Laser", number)
        self.world.wait_job("Laser", cloud, ("completed",))


PDF_PAGES = 4
LONG, SHORT = ["sides=two-sided-long-edge"], ["Duplex=DuplexTumble"]
A5, MANUAL, TWO = ["media=iso_a5_148x210mm"], ["InputSlot=Manual"], ["copies=2"]
# queue, option, what is asked for at the desk, what must be in the printer's stream (None: only pages count), pages
CIRCLE = [
    ("Laser", "nothing", [], b"%!PS", 4),
    ("Laser", "duplex", LONG, b"<</Duplex true/Tumble false>>", 4),
    ("Laser", "short edge", SHORT, b"<</Duplex true/Tumble true>>", 4),
    ("Laser", "tray", MANUAL, b"ManualFeed true", 4),
    ("Laser", "media", A5, b"420 595", 4),
    ("Laser", "page ranges", ["page-ranges=2-3"], None, 2),
    ("Laser", "n-up", ["number-up=2"], None, 2),
    ("Laser", "copies", TWO, b"numcopies(2)", 4),
    ("Raster", "nothing", [], b"\x1bE", 4),
    ("Raster", "duplex", LONG, b"\x1b&l1S", 4),
    ("Raster", "short edge", SHORT, b"\x1b&l1S", 4),
    ("Raster", "tray", MANUAL, b"\x1b&l2H", 4),
    ("Raster", "media", A5, b"\x1b&l25A", 4),
    ("Raster", "page ranges", ["page-ranges=2-3"], None, 2),
    ("Raster", "copies", TWO, b"\x1b&l2X", 4),
    ("Color", "colour", [], b"\x1b*r-4U", 4),
    ("Color", "mono", ["ColorModel=Gray"], b"!\x1b*r-4U", 4),
    ("Color", "mono by its IPP name", ["print-color-mode=monochrome"], b"!\x1b*r-4U", 4),
    ("Color", "type", ["MediaType=Transparency"], b"\x1b&l3M", 4),
    ("Driverless", "nothing", [], b"%!PS", 4),
    ("Driverless", "duplex", LONG, b"<</Duplex true/Tumble false>>", 4),
    ("Driverless", "short edge", SHORT, b"<</Duplex true/Tumble true>>", 4),
    ("Driverless", "media", A5, b"420 595", 4),
    ("Driverless", "page ranges", ["page-ranges=2-3"], None, 2),
    ("Driverless", "copies", TWO, b"numcopies(2)", 4),
]


class Circle(DeskCase):
    """Added as people do it, by the PPDs that our driver makes; what was asked for is seen at the far driver."""

    world_options = {"queues": ("Laser", "Raster", "Color", "Driverless")}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.desk.login(user=USER)
            for name in cls.world.printers:
                cls.desk.add(name, name)
        except BaseException:
            cls.tearDownClass()
            raise

    def test_options_reach_the_far_driver(self):
        pdf = self.world.document("circle.pdf", pages=PDF_PAGES)
        for queue, name, options, wanted, pages in CIRCLE:
            with self.subTest(queue=queue, option=name):
                self.setUp()
                self.desk.wait_job(queue, self.lp(queue, pdf, options))
                paper = self.world.printers[queue].wait_jobs(self.before[queue] + 1)[self.before[queue]]
                self.check(paper, wanted, pages)

    def check(self, paper, wanted, pages):
        data = paper.data()
        if wanted is not None and wanted.startswith(b"!"):
            self.assertNotIn(wanted[1:], data)
        elif wanted is not None:
            copied = b"opies(2)" in wanted or wanted.endswith(b"l2X")
            self.assertTrue(wanted in data or (copied and paper.pages() == 2 * pages), f"{wanted} in the stream, see {paper.path}")
            if copied and paper.pages() == 2 * pages:
                return
        self.assertEqual(paper.pages(), pages)

    def test_what_is_no_pdf_is_made_one(self):
        """The queue's filters write to the backend's standard input; copies count once."""
        world = self.world
        pdf = world.document("formats.pdf", pages=1)
        made = [(documents.text(world.path("formats.txt")), 1), (documents.jpeg(world.path("formats.jpg"), pdf), 1),
                (documents.postscript(world.path("formats.ps")), 2)]
        for path, pages in made:
            for copies in (1, 2):
                with self.subTest(document=path, copies=copies):
                    self.setUp()
                    number = self.lp("Raster", path, [f"copies={copies}"])
                    self.desk.wait_job("Raster", number)
                    paper = world.printers["Raster"].wait_jobs(self.before["Raster"] + 1)[self.before["Raster"]]
                    count = paper.pages() * (2 if b"\x1b&l2X" in paper.data() else 1)
                    self.assertEqual(count, pages * copies)

    def test_lpinfo_lists_them_whatever_the_network_does(self):
        program = [os.path.join(self.desk.cups.folder, "bin/backend/printbridge")]
        env = dict(self.desk.cups.env, **self.desk.cups.places)
        self.wire.is_silent = True
        try:
            best = 1e9
            for _ in range(5):  # others keep the machine busy at times
                begin = time.monotonic()
                _, text = run(program, env)
                best = min(best, time.monotonic() - begin)
            self.assertLess(best, 0.1)
            _, listed = run(["lpinfo", "-v", "--include-schemes", "printbridge"], self.desk.cups.env)
        finally:
            self.wire.is_silent = False
            self.wire.cut()
        for queue in self.world.printers:
            self.assertIn(f"network {self.desk.uri(queue)}\n", listed)
            self.assertRegex(text, rf'(?m)^network {re.escape(self.desk.uri(queue))} "[^"]+" "{queue}" "MFG:[^"]+;MDL:[^"]+;[^"]*" "[^"]*"$')

    def test_the_machines_own_sign_in(self):
        """`printbridge login --system`: jobs of anybody, from anywhere, under their own names; and models for everybody."""
        desk = self.desk
        desk.login(extra=["--system"])
        _, text = run([os.path.join(desk.cups.folder, "bin/backend/printbridge")], dict(desk.cups.env, **desk.cups.places))
        # The models that CUPS finds for a device are those with its MFG and MDL.
        device_id = re.search(r'"(MFG:[^"]+)"', text).group(1)
        _, models = run(["lpinfo", "--device-id", device_id, "-m"], desk.cups.env)
        self.assertIn("printbridge:localhost:", models.splitlines()[0])
        number = self.lp("Laser", self.document(2), user="somebody-without-an-account")
        self.printed("Laser", 2, number)
        seen = [job for job in self.world.connector.jobs() if job.get("user") == "somebody-without-an-account"]
        self.assertEqual(len(seen), 1, self.world.connector.jobs()[-1:])

    def test_nothing_is_known(self):
        env = {f"PRINTBRIDGE_{name}": "/nonexistent" for name in ("CONFIG", "STATE", "CACHE", "USERS")}
        _, text = run([os.path.join(self.desk.cups.folder, "bin/backend/printbridge")], env)
        self.assertEqual(text, 'network printbridge "Unknown" "Cloud printer (Printbridge)"\n')

    def test_many_jobs_of_several_queues(self):
        pdf = self.world.document("many.pdf", pages=1)
        jobs = [(queue, self.lp(queue, pdf)) for _ in range(4) for queue in self.world.printers]
        for queue, number in jobs:
            self.desk.wait_job(queue, number, seconds=120)
        for queue, printer in self.world.printers.items():
            self.assertEqual(len(printer.wait_jobs(self.before[queue] + 4)), self.before[queue] + 4)


class ExpiringCode(DeskCase):
    """A code lives for minutes, a held job for days: it always shows one that is good."""

    world_options = {"service_settings": {"code-life": "9s"}}

    def test_a_held_job_shows_the_next_code(self):
        number = self.lp("Laser", self.document(1))
        first = self.desk.wait_code("Laser", number)

        def next_code():
            found = CODE.search(self.desk.job("Laser", number).get("job-printer-state-message", ""))
            return found and found.group(1) != first
        wait_for(next_code, "another code", 40, 0.1)
        self.desk.approve(self.desk.wait_code("Laser", number))
        self.printed("Laser", 1, number)


class AsLp(DeskCase):
    """A backend that everybody may run is run as lp: the sign-in is kept for the user below the cache."""

    def test_hold_and_print(self):
        path = os.path.join(self.desk.cups.folder, "bin/backend/printbridge")
        os.chmod(path, 0o755)
        number = self.lp("Laser", self.document(2))
        code = self.desk.wait_code("Laser", number)
        self.desk.approve(code)
        self.printed("Laser", 2, number)
        self.assertTrue(os.path.isdir(os.path.join(self.desk.cups.places["PRINTBRIDGE_CACHE"], "sign-ins", USER)))


class MaxJobTime(DeskCase):
    """cupsd cancels what takes longer than MaxJobTime; a job that waits for the service or the printer is not stuck."""

    desk_options = {"max_job_time": 5, "env": {"PRINTBRIDGE_ALIVE_EVERY": "2s"}}

    def test_a_job_that_waits_survives_it(self):
        self.desk.sign_in("Laser", self.document(1), USER)
        self.setUp()
        self.world.printers["Laser"].stop_taking()
        try:
            number = self.lp("Laser", documents.postscript(self.world.path("long.ps"), filler_bytes=30_000_000))
            end = time.monotonic() + 12
            wait_for(lambda: time.monotonic() > end or self.desk.job("Laser", number)["job-state"] == "canceled", "12 s")
        finally:
            self.world.printers["Laser"].go_on()
        self.desk.wait_job("Laser", number)


if __name__ == "__main__":
    unittest.main()
