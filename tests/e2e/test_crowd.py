# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Many at once: clients that print, cancel, ask and read pages, while queues come and go.  For the thread sanitizer, too."""

import concurrent.futures
import threading

from harness import documents
from harness.process import Failed
from .case import WorldCase

CLIENTS = 6
JOBS_PER_CLIENT = 4
GET_JOBS = """{ NAME "Get-Jobs" OPERATION Get-Jobs GROUP operation-attributes-tag
  ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en
  ATTR uri printer-uri $uri ATTR name requesting-user-name $user ATTR keyword which-jobs all
  ATTR keyword requested-attributes all STATUS successful-ok }
"""


class Crowd(WorldCase):
    world_options = {"queues": ("Laser", "Laser2"), "service_settings": {"workers": 4}}

    def setUp(self):
        self.is_over = threading.Event()
        self.addCleanup(self.is_over.set)

    def print_some(self, client):
        queue = ("Laser", "Laser2")[client % 2]
        path = documents.postscript(self.world.path(f"crowd-{client}.ps"), filler_bytes=200_000)
        return [(queue, self.world.print_job(queue, path, title=f"{client}-{i}")) for i in range(JOBS_PER_CLIENT)]

    def look(self):
        """Pages of the portal and lists of jobs, again and again."""
        portal = self.world.service.portal()
        test = self.world.path("get-jobs.test")
        with open(test, "w", encoding="utf-8") as file:
            file.write(GET_JOBS)
        count = 0
        while not self.is_over.is_set():
            for path in ("/printers", "/jobs"):
                status, _ = portal.open(path)
                if status != 200:
                    raise Failed(f"{path}: {status}")
            self.world.ipptool("Laser", test)
            self.world.connector.status()
            count += 1
        return count

    def test_each_job_is_printed_once(self):
        world = self.world
        before = {name: len(printer.jobs) for name, printer in world.printers.items()}
        with concurrent.futures.ThreadPoolExecutor(CLIENTS + 2) as pool:
            watchers = [pool.submit(self.look) for _ in range(2)]
            try:
                jobs = [job for some in pool.map(self.print_some, range(CLIENTS)) for job in some]
                for queue, job in jobs:
                    world.wait_job(queue, job, seconds=180)
            finally:
                self.is_over.set()
            for watcher in watchers:
                self.assertGreater(watcher.result(), 0)
        self.assertEqual(len({job for _, job in jobs}), CLIENTS * JOBS_PER_CLIENT)
        for name, printer in world.printers.items():
            self.assertEqual(len(printer.complete()) - before[name], CLIENTS // 2 * JOBS_PER_CLIENT)

    def test_it_stops_in_mid_job(self):
        """Both daemons end while documents are on their way; the class fails when they do not end well."""
        world = self.world
        path = documents.postscript(world.path("unfinished.ps"), filler_bytes=30_000_000)
        for printer in world.printers.values():
            printer.bytes_per_second = 1_000_000
        for queue in world.printers:
            job = world.print_job(queue, path, title="unfinished")
            world.wait_job(queue, job, ("processing",), seconds=60)
        self.assertEqual(world.service.stop(), 0)
        self.assertEqual(world.connector.stop(), 0)
