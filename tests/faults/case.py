# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of faults share: a rig per class, and a verdict at the end of each test."""

import os
import sys
import unittest

from tests.faults.rig import Rig

PROGRAMS = os.environ.get("PB_PROGRAMS", "build/dev")


def has_fault_points():
    with open(os.path.join(PROGRAMS, "bin/connector/daemon/printbridged"), "rb") as file:
        return b"connector.create-job.before" in file.read()


class FaultsCase(unittest.TestCase):
    options = {}
    rig = None

    @classmethod
    def setUpClass(cls):
        if not has_fault_points():
            raise unittest.SkipTest("built without PB_FAULTS")
        cls.rig = Rig(PROGRAMS, **cls.options)

    @classmethod
    def tearDownClass(cls):
        bad = cls.rig.close()
        if bad:
            print(cls.rig.world.tail(80), file=sys.stderr)
            raise AssertionError(f"did not end well: {bad}; see {cls.rig.world.folder}")
        cls.rig.world.remove()

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failures and self.rig:
            print(f"--- logs of {self.id()}\n{self.rig.world.tail(60)}", file=sys.stderr)

    def all_is_well(self, seconds=60):
        verdicts = {kind: found for kind, found in self.rig.settle(seconds).items() if found}
        self.assertEqual(verdicts, {}, self.rig.ledger.counts())
