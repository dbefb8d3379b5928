# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The instrument itself: a bug of each kind is planted once among good jobs, and must be found."""

import unittest

from tests.faults.case import PROGRAMS, FaultsCase, has_fault_points
from tests.faults.rig import Rig


class Planted(unittest.TestCase):
    def planted(self, plant, kind):
        """One job is hurt, of that kind; the others are well."""
        if not has_fault_points():
            self.skipTest("built without PB_FAULTS")
        rig = Rig(PROGRAMS, plant=plant)
        try:
            for _ in range(5):
                rig.send(rig.ledger.new("Laser", documents=2))
            verdicts = rig.settle(8)
            self.assertEqual({name: len(found) for name, found in verdicts.items() if found}, {kind: 1}, verdicts)
            self.assertEqual(rig.ledger.counts()["accepted"], 5)
        finally:
            rig.close()
        rig.world.remove()

    def test_a_job_that_is_lost(self):
        self.planted("lose-job:3", "lost")

    def test_a_document_that_is_printed_twice(self):
        self.planted("double-document:3", "doubled")

    def test_a_job_that_never_ends(self):
        self.planted("stuck-job:3", "stuck")

    def test_documents_in_the_wrong_order(self):
        self.planted("reorder-documents:3", "reordered")


class NothingPlanted(FaultsCase):
    def test_all_is_well(self):
        for documents in (1, 2, 3):
            self.rig.send(self.rig.ledger.new("Laser", documents))
        self.all_is_well(20)
        self.assertEqual(self.rig.ledger.counts(), {"jobs": 3, "accepted": 3, "completed": 3, "canceled": 0, "held": 0,
                                                    "released": 0})


if __name__ == "__main__":
    unittest.main()
