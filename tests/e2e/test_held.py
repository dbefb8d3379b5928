# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Jobs that wait for a sign-in: what the process that waits for them keeps, and what it leaves alone."""

import os

from harness import documents
from harness.process import run, wait_for
from tests.e2e.test_backend import DeskCase


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
