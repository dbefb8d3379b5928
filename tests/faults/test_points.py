# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A kill at each fault point of the table; each accepted job comes out of the printer once, whatever died when."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

from harness.ipp import Refused, Unanswered
from harness.process import run, wait_for
from tests.faults.case import PROGRAMS, FaultsCase
from tests.faults.points import MOVES, POINTS, table

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class TheTable(unittest.TestCase):
    def test_it_has_every_point_of_the_sources(self):
        found = set()
        for folder in ("lib", "connector", "service"):
            for path, _, names in os.walk(os.path.join(ROOT, folder)):
                for name in names:
                    if name.endswith(".c"):
                        with open(os.path.join(path, name), encoding="utf-8") as file:
                            text = file.read()
                        found |= set(re.findall(r'PB_FAULT\(\s*"([^"]+)"', text))
                        found |= set(re.findall(r'PB_FAULT_OF\(\s*"([^"]+)"', text))
        names = {point.name for point in POINTS}
        groups = {name for name in found if any(other.startswith(name + ".") for other in names)}
        # pb_file_replace writes what a person's command changes: tests of the command's own.
        self.assertEqual({name for name in found - groups - names if not name.startswith("file.")}, set())
        self.assertEqual({name for name in names - found if not name.startswith(tuple(groups))}, set())

    def test_it_has_every_move(self):
        with open(os.path.join(ROOT, "connector/job-state.c"), encoding="utf-8") as file:
            moves = set(re.findall(r'\[PB_JOB_[A-Z_]+\]\s*=\s*\{"([a-z-]+)",\s*FROM', file.read()))
        self.assertEqual(moves, set(MOVES))

    @unittest.skipUnless(os.path.exists(os.path.join(ROOT, "docs/RELIABILITY.md")), "not written yet")
    def test_the_document_shows_it(self):
        with open(os.path.join(ROOT, "docs/RELIABILITY.md"), encoding="utf-8") as file:
            self.assertIn(table(), file.read(), "python3 -m tests.faults.points writes it")

    def test_a_release_has_none_of_it(self):
        """Compiled as a release is, nothing of a fault point stays."""
        include = os.path.join(PROGRAMS, "layers")
        paths = [f"-I{os.path.join(include, name)}" for name in os.listdir(include)]
        folder = os.path.join(PROGRAMS, "Testing")
        os.makedirs(folder, exist_ok=True)
        for source in ("connector/job.c", "connector/job-step-local.c", "lib/base/fault.c", "service/spool/writer.c"):
            target = os.path.join(folder, f"release-{os.getpid()}.o")
            subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", '-DPB_VERSION="0"', "-O2", *paths, "-c", "-o", target,
                            os.path.join(ROOT, source)], check=True)
            with open(target, "rb") as file:
                data = file.read()
            os.unlink(target)
            for words in (b"PB_FAULT", b"PB_PLANT", b"pb_fault", b"pb_plant", b".before", b"lose-job", b"spool-finish"):
                self.assertNotIn(words, data, source)


class Points(FaultsCase):
    """One world; each test kills one process at one point after the other, while jobs go on."""

    def points(self, process, scenario):
        return [point.name for point in POINTS if point.process == process and point.scenario == scenario]

    def arm(self, process, point):
        """Running anew, with that point in its way."""
        if getattr(self.rig, process).is_running():
            self.rig.kill(process)
        getattr(self.rig, f"start_{process}")(point)

    def died(self, process, point, seconds=30):
        wait_for(lambda: not getattr(self.rig, process).is_running(), f"the {process}'s death at {point}", seconds)
        self.assertEqual(getattr(self.rig, process).popen.returncode, -9, point)

    def is_dead_soon(self):
        end = time.monotonic() + 1
        while time.monotonic() < end and self.rig.service.is_running():
            time.sleep(0.01)
        return not self.rig.service.is_running()

    def heal(self):
        self.rig.restart_dead()

    def go_through(self, process, scenario, documents=1, filler_bytes=0):
        """The next point is in the way while the job of the one before is recovered."""
        for point in self.points(process, scenario):
            with self.subTest(point=point):
                begin = time.monotonic()
                self.arm(process, point)
                self.rig.send(self.rig.ledger.new("Laser", documents), filler_bytes)
                if process == "service" and not self.is_dead_soon():
                    self.rig.kill("connector")  # its back-off has grown; a new one comes at once
                    self.rig.start_connector()
                self.died(process, point)
                if "PB_VERBOSE" in os.environ:
                    print(f"{time.monotonic() - begin:6.2f} s {point}", file=sys.stderr)
        self.heal()
        self.all_is_well()

    def test_connector(self):
        self.go_through("connector", "print")

    def test_service(self):
        self.go_through("service", "print")

    def test_several_documents(self):
        self.go_through("service", "documents", documents=2)

    def test_a_large_document(self):
        self.go_through("service", "large", filler_bytes=300_000)

    def canceled(self, process, point):
        """While the printer is off: its client cancels, and goes on until the service has said so."""
        rig, printer = self.rig, self.rig.world.printers["Laser"]
        printer.turn_off()
        try:
            job = rig.send(rig.ledger.new("Laser"))
            wait_for(lambda: rig.client.job(rig.uri("Laser"), job.cloud_job)[0] == "processing", "the job at the printer")
            self.arm(process, point)
            job.is_canceled = True
            if process == "connector":
                rig.client.cancel(rig.uri("Laser"), job.cloud_job)
            else:
                self.cancel_again(job)
            self.died(process, point)
            self.heal()
            if process == "service":
                self.cancel_again(job)
            wait_for(lambda: rig.client.job(rig.uri("Laser"), job.cloud_job)[0] == "canceled", f"{point}: canceled")
            wait_for(lambda: not rig.world.cups.jobs("not-completed"), f"{point}: the local job's end")
        finally:
            printer.turn_on()

    def cancel_again(self, job):
        """Whatever was heard of it."""
        try:
            self.rig.client.cancel(self.rig.uri("Laser"), job.cloud_job)
        except (Refused, Unanswered):
            pass

    def test_canceled(self):
        for process in ("connector", "service"):
            for point in self.points(process, "cancel"):
                with self.subTest(point=point):
                    self.canceled(process, point)
        self.all_is_well()

    def interrupt(self, job, stall):
        """cupsd dies alone while the backend has all of the job: that goes on to print."""
        rig, printer = self.rig, self.rig.world.printers["Laser"]
        before = len(printer.complete())
        with open(stall, "w", encoding="ascii"):
            pass
        try:
            rig.send(job)
            rig.connector.wait_output(f"[Laser job {job.cloud_job}] document 1 is handed over")
            wait_for(lambda: rig.has_program("patient") and not rig.has_program("pstops"), "the backend alone")
            os.kill(rig.world.cups.process.pid, signal.SIGKILL)
            rig.world.cups.process.popen.wait()
        finally:
            os.unlink(stall)
        printer.wait_jobs(before + 1)
        self.heal()

    def test_held_and_released(self):
        """Once held, once more when it is released: that is two copies, each at somebody's word."""
        rig, uri = self.rig, self.rig.world.printers["Laser"].uri
        stall = rig.world.cups.make_patient("Laser", uri)
        self.addCleanup(run, ["lpadmin", "-p", "Laser", "-v", uri], rig.world.cups.env)
        for point in self.points("connector", "held"):
            with self.subTest(point=point):
                job = rig.ledger.new("Laser")
                self.arm("connector", point if point.startswith("connector.hold-job") else "")
                self.interrupt(job, stall)
                if point.startswith("connector.hold-job"):
                    self.died("connector", point)
                    self.heal()
                wait_for(lambda: rig.look([job]) or rig.ledger.is_held(job), f"{point}: held")
                if point.startswith("connector.release-job"):
                    self.arm("connector", point)
                    rig.connector.wait_output("ready")
                wait_for(lambda: rig.release(job), f"{point}: released", interval=0.2)
                if point.startswith("connector.release-job"):
                    self.died("connector", point)
                    self.heal()
                wait_for(lambda: rig.look([job]) or job.state == "completed", f"{point}: printed again", 60, 0.1)
                wait_for(lambda: rig.is_quiet("Laser"), "the printer's end")
                rig.ledger.read_papers(rig.world.printers)
                self.assertEqual(len(rig.ledger.copies[job.number, 1]), 2)
                rig.ledger.copies[job.number, 1].pop()
        self.all_is_well()

    def die_before_the_local_job(self, at):
        """A job that is in the journal and not in CUPS yet, or empty there; the connector is dead."""
        self.arm("connector", at)
        job = self.rig.send(self.rig.ledger.new("Laser"))
        self.died("connector", at)
        return job

    def test_cups_loses_the_local_job(self):
        for point in self.points("connector", "lost"):
            with self.subTest(point=point):
                self.die_before_the_local_job("connector.move.local-made.after")
                purge(self.rig.world.cups)
                self.arm("connector", point)
                self.died("connector", point)
        self.heal()
        self.all_is_well()

    def test_canceled_before_it_is_taken(self):
        for point in self.points("connector", "taken"):
            with self.subTest(point=point):
                job = self.die_before_the_local_job("connector.move.ticket-fits.after")
                job.is_canceled = True
                self.rig.client.cancel(self.rig.uri("Laser"), job.cloud_job)
                self.arm("connector", point)
                self.died("connector", point)
        self.heal()
        self.all_is_well()

    def test_the_journal_is_lost(self):
        for point in self.points("connector", "journal"):
            with self.subTest(point=point):
                self.die_before_the_local_job("connector.move.accepted.after")
                for name in os.listdir(self.rig.world.connector.state):
                    if name.startswith("journal"):
                        os.unlink(os.path.join(self.rig.world.connector.state, name))
                self.arm("connector", point)
                self.died("connector", point)
        self.heal()
        self.all_is_well()

    def test_the_service_is_restored_from_a_backup(self):
        """It offers again what was printed since; that is refused."""
        rig, data = self.rig, self.rig.world.service.settings["data-folder"]
        for point in self.points("connector", "restored"):
            with self.subTest(point=point):
                rig.kill("connector")
                job = rig.send(rig.ledger.new("Laser"))
                rig.world.service.stop()
                shutil.copytree(data, data + ".backup")
                self.heal_stopped()
                rig.start_connector()
                self.all_is_well()
                rig.kill("connector")
                rig.world.service.stop()
                shutil.rmtree(data)
                os.rename(data + ".backup", data)
                self.heal_stopped()
                self.arm("connector", point)
                self.died("connector", point)
                self.heal()
                rig.ledger.reopen(job)
                wait_for(lambda: rig.client.job(rig.uri("Laser"), job.cloud_job)[0] == "aborted", f"{point}: refused")
        self.all_is_well()

    def heal_stopped(self):
        self.rig.start_service()


def purge(cups):
    """CUPS forgets what it has."""
    run(["cancel", "-a", "-x"], cups.env)


if __name__ == "__main__":
    unittest.main()
