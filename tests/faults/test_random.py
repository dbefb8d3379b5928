# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A short soak with a fixed seed; `bench/soak` runs long ones."""

import faulthandler
import sys
import unittest

from tests.faults.case import PROGRAMS, has_fault_points
from tests.faults.soak import Soak, plan


class Short(unittest.TestCase):
    def test_a_plan_replays(self):
        self.assertEqual([plan(7, n) for n in range(200)], [plan(7, n) for n in range(200)])
        self.assertNotEqual([plan(7, n) for n in range(200)], [plan(8, n) for n in range(200)])

    def test_every_job_once(self):
        if not has_fault_points():
            self.skipTest("built without PB_FAULTS")
        faulthandler.dump_traceback_later(240)  # where it hangs, should it
        self.addCleanup(faulthandler.cancel_dump_traceback_later)
        soak = Soak(PROGRAMS, seed=20261121, rate=0.25)
        try:
            verdicts = soak.run(jobs=80)
            print(soak.report(verdicts), file=sys.stderr)
            self.assertEqual({kind: found for kind, found in verdicts.items() if found}, {}, soak.rig.world.folder)
        finally:
            bad = soak.rig.close()
        self.assertEqual(bad, [])
        soak.rig.world.remove()


if __name__ == "__main__":
    unittest.main()
