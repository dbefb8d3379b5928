# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of bad days share: a wire to the service that can be cut, and what "completely and once" means."""

import re

from harness.printer import text_of
from harness.process import wait_for
from harness.wire import Wire
from tests.e2e.case import WorldCase


class DaysCase(WorldCase):
    """Everything between the service and its clients, the connector among them, goes over a wire."""

    @classmethod
    def prepare(cls):
        service = cls.world.service
        cls.wire = Wire(service.port)
        service.settings["public-port"] = cls.wire.port
        service.write_config()
        service.url = f"https://localhost:{cls.wire.port}"

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.wire.close()

    def setUp(self):
        self.before = {name: len(printer.complete()) for name, printer in self.world.printers.items()}

    def document(self, pages, filler_bytes=0):
        """A PDF whose pages bear the test's name."""
        name = self._testMethodName
        return self.world.document(f"{name}-{pages}.pdf", pages=pages, filler_bytes=filler_bytes, title=name)

    def print_beside(self, queue, path):
        """The client stands beside the service, so that the upload is over at once; only the connector has the wire."""
        uris = self.world.uris
        self.world.uris = {name: uri.replace(f":{self.wire.port}/", f":{self.world.service.port}/")
                           for name, uri in uris.items()}
        try:
            return self.world.print_job(queue, path)
        finally:
            self.world.uris = uris

    def print_slowly(self, queue, path):
        """Prints, and returns while the document is on its way to the connector over a slow wire."""
        before = self.wire.down_bytes
        self.wire.bytes_per_second = 2_000_000
        job = self.print_beside(queue, path)
        wait_for(lambda: self.wire.down_bytes - before > 1_000_000, "a part of the document")
        return job

    def printed_once(self, queue, pages, job):
        """The service says completed; each page has come, once."""
        last = self.world.wait_job(queue, job, seconds=150)
        self.assertEqual(last["job-state-reasons"], "job-completed-successfully")
        papers = self.world.printers[queue].wait_jobs(self.before[queue] + 1, 30)[self.before[queue]:]
        shown = [(paper.size, paper.pages()) for paper in papers]
        self.assertEqual([paper.pages() for paper in papers], [pages], shown)
        if queue.startswith("Laser"):
            found = re.findall(rf"{self._testMethodName}: page (\d+) of {pages}\b", text_of(papers[0].path))
            self.assertEqual(found, [str(page) for page in range(1, pages + 1)])

    def nothing_came(self, queue):
        """Not a page more than before the test."""
        self.assertEqual(len(self.world.printers[queue].complete()), self.before[queue])

    def attribute(self, queue, name):
        """Of the cloud printer, as ipptool prints it."""
        _, text = self.world.ipptool(queue, "get-printer-attributes.test", check=False)
        return re.search(rf"^\s*{name} \([^)]*\) = (.*)$", text, re.M).group(1)

    def wait_state(self, queue, state):
        wait_for(lambda: self.attribute(queue, "printer-state") == state, f"the cloud printer to be {state}", 60, 0.1)
