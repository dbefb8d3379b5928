# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The power fails: of what no fsync has reached nothing is left, or any part of it. What was accepted is printed, once."""

import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from harness.ipp import Refused, Unanswered
from harness.process import run, wait_for
from tests.faults import power
from tests.faults.case import FaultsCase
from tests.faults.ledger import Ledger

SEED = int(os.environ.get("PB_SEED", "20261121"))


def can_trace():
    try:
        return subprocess.run(["strace", "-o", os.devnull, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    except FileNotFoundError:
        return False


PROGRAM = """
import os, sys
root = sys.argv[1] + "/"
folder = os.open(root, os.O_RDONLY)
def write(name, data, file=False, names=False, flags=os.O_CREAT):
    fd = os.open(root + name, os.O_WRONLY | flags)
    os.write(fd, data)
    if file:
        os.fsync(fd)
    if names:
        os.fsync(folder)
write("whole", b"there", file=True, names=True)
write("empty", b"gone", names=True)
write("old", b"NEW", flags=0)
write("nameless", b"gone", file=True)
write("new", b"swapped", file=True)
os.rename(root + "new", root + "kept")
os.unlink(root + "removed")
"""


@unittest.skipUnless(can_trace(), "strace is not there, or may not trace")
class TheModel(unittest.TestCase):
    """It does take away what was not synced."""

    def test_what_is_left(self):
        with tempfile.TemporaryDirectory() as folder:
            root = os.path.join(folder, "root")
            os.mkdir(root)
            for name in ("old", "kept", "removed"):
                with open(os.path.join(root, name), "w", encoding="ascii") as file:
                    file.write("before")
            disk, prefix = power.Disk(root), os.path.join(folder, "trace")
            with subprocess.Popen(power.under_strace([sys.executable, "-c", PROGRAM, root], prefix)) as popen:
                self.assertEqual(popen.wait(60), 0)
            wait_for(lambda: "exited with 0" in pathlib.Path(f"{prefix}.{popen.pid}").read_text("ascii"), "the trace's end")
            disk.load(prefix)
            disk.run_until(time.time())
            self.assertEqual(self.left(disk.cut(os.path.join(folder, "strict"))), {
                "whole": "there", "empty": "", "old": "before", "kept": "before", "removed": "before"})
            many = [self.left(disk.cut(os.path.join(folder, str(seed)), random.Random(seed))) for seed in range(40)]
            self.assertEqual({left["whole"] for left in many}, {"there"})
            self.assertEqual({left["kept"] for left in many}, {"before", "swapped"})
            self.assertTrue({"before", "NEWore"} < {left["old"] for left in many})
            self.assertEqual({"removed" in left for left in many}, {True, False})

    @staticmethod
    def left(folder):
        found = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding="ascii") as file:
                found[name] = file.read()
        return found


@unittest.skipUnless(can_trace(), "strace is not there, or may not trace")
class Service(FaultsCase):
    """One history of a service; it is cut at several moments, and each time what is left prints what it had accepted."""

    def test_what_was_accepted_is_there_after_a_cut_at_any_moment(self):
        rig, world = self.rig, self.rig.world
        world.connector.stop()
        world.service.stop()
        self.keep = world.path("connector-before")
        shutil.copytree(world.connector.state, self.keep, symlinks=True)
        data = world.service.settings["data-folder"]
        disk, prefix = power.Disk(data), world.path("trace-service")
        argv = world.service.process.argv
        world.service.process.argv = power.under_strace(argv, prefix)
        world.service.start()
        rig.client.close()
        pid = power.tracer(world.service.process.pid)
        accepted = self.history()
        world.service.process.kill()
        power.wait_tracer(pid)
        world.service.process.argv = argv
        disk.load(prefix)
        moments = sorted(heard for heard, _ in accepted[1::2])
        moments.append(moments[-1] + 3600)
        dice = random.Random(SEED)
        print(f"PB_SEED={SEED}")
        for number, moment in enumerate(moments):
            disk.run_until(moment)
            for luck in (None, dice):
                with self.subTest(cut=number, luck=bool(luck)):
                    self.goes_on(disk.cut(world.path(f"cut-{number}-{bool(luck)}"), luck),
                                 [job for heard, job in accepted if heard <= moment])

    def history(self):
        """Jobs of one, of two and of large documents. [(when the client had heard that it is accepted, job)]."""
        rig, accepted = self.rig, []
        for number in range(8):
            job = rig.send(rig.ledger.new("Laser", 1 + number % 3 // 2), filler_bytes=(0, 300_000)[number % 2])
            accepted.append((time.time(), job))
            self.assertIsNotNone(job.cloud_job, job)
        return accepted

    def goes_on(self, folder, jobs):
        """A service with that folder and a connector as it was before print these jobs, each once."""
        rig, world = self.rig, self.rig.world
        printer, before = world.printers["Laser"], len(world.printers["Laser"].jobs)
        world.service.settings["data-folder"] = folder
        world.service.write_config()
        run(["cancel", "-a", "-x"], world.cups.env, check=False)  # the jobs of another history
        shutil.rmtree(world.connector.state)
        shutil.copytree(self.keep, world.connector.state, symlinks=True)
        rig.start_service()
        rig.start_connector()
        try:
            for job in jobs:
                wait_for(lambda job=job: rig.client.job(rig.uri("Laser"), job.cloud_job)[0] == "completed",
                         f"the end of {job}", 60, 0.1)
        finally:
            world.connector.stop()
            world.service.stop()
            rig.client.close()
        wait_for(lambda: all(paper.is_complete for paper in printer.jobs), "the printer's end", 30)
        papers = Ledger()
        papers.read["Laser"] = before
        papers.read_papers({"Laser": printer})
        for job in jobs:
            counts = [len(papers.copies.get((job.number, number), [])) for number in range(1, job.documents + 1)]
            self.assertEqual(counts, [1] * job.documents, job)

    @classmethod
    def tearDownClass(cls):
        cls.rig.start_service()
        cls.rig.start_connector()
        super().tearDownClass()


@unittest.skipUnless(can_trace(), "strace is not there, or may not trace")
class PrintServer(FaultsCase):
    """Connector and cupsd lose their power at once, at any moment; the journal is what was synced of it."""

    def test_each_job_once_or_held(self):
        dice = random.Random(SEED)
        print(f"PB_SEED={SEED}")
        for number in range(6):
            self.power_cut(number, dice)
            self.all_is_well()

    def power_cut(self, number, dice):
        rig, world = self.rig, self.rig.world
        argv, prefix = rig.connector.argv, world.path(f"trace-{number}")
        world.connector.stop()
        disk = power.Disk(world.connector.state)
        rig.connector.argv = power.under_strace(argv, prefix)
        rig.start_connector()
        rig.connector.wait_output("ready")
        pid = power.tracer(rig.connector.pid)
        sender = threading.Thread(target=self.send, args=(4,))
        sender.start()
        time.sleep(dice.uniform(0.1, 1.2))  # the moment of the cut
        rig.kill("connector")
        rig.kill("cupsd")
        power.wait_tracer(pid)
        rig.connector.argv = argv
        disk.load(prefix)
        disk.run_until(time.time())
        left = disk.cut(world.path(f"state-{number}"), dice if number % 2 else None)
        shutil.rmtree(world.connector.state)
        shutil.move(left, world.connector.state)
        rig.restart_dead()
        sender.join()

    def send(self, count):
        client = self.rig.new_client()
        for _ in range(count):
            try:
                self.rig.send(self.rig.ledger.new("Laser", 1), client=client)
            except (Refused, Unanswered):
                pass
        client.close()
