# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""What end-to-end tests share: a world per class, its logs when something fails, its end checked."""

import os
import sys
import unittest

from harness.world import World

PROGRAMS = os.environ.get("PB_PROGRAMS", "build/dev")


class WorldCase(unittest.TestCase):
    """One world for all tests of a class; `world_options` go to World. Queues are shared unless shares is False."""

    world_options = {}
    shares = True
    world = None

    @classmethod
    def setUpClass(cls):
        cls.world = World(PROGRAMS, **cls.world_options)
        try:
            cls.prepare()
            cls.world.start()
            if cls.shares:
                cls.world.share()
        except BaseException:
            print(cls.world.tail(), file=sys.stderr)
            cls.world.stop()
            raise

    @classmethod
    def prepare(cls):
        """Before anything is started."""

    @classmethod
    def tearDownClass(cls):
        bad = cls.world.stop()
        sanitizer = [path for path in (cls.world.service.process.log, cls.world.connector.process.log)
                     if _has_report(path)]
        if bad or sanitizer:
            print(cls.world.tail(80), file=sys.stderr)
            raise AssertionError(f"did not end well: {bad}; sanitizer reports in {sanitizer}; see {cls.world.folder}")
        cls.world.remove()

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failures:
            print(f"--- logs of {self.id()}\n{self.world.tail(60)}", file=sys.stderr)


def _has_report(path):
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    return any(words in text for words in ("ERROR: AddressSanitizer", "runtime error:", "ERROR: LeakSanitizer",
                                           "WARNING: ThreadSanitizer"))
