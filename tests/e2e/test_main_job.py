# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The main job: what is sent to the service comes out of the queue, by its own driver, with its options."""

import os
import re
import unittest

from harness import documents
from harness.cups import Cups
from harness.printer import text_of
from harness.process import Failed, run, wait_for
from tests.e2e.case import WorldCase


class MainJob(WorldCase):
    def papers(self, queue):
        return len(self.world.printers[queue].complete())

    def print_and_take(self, queue, path, **more):
        before = self.papers(queue)
        job = self.world.print_job(queue, path, **more)
        self.world.wait_job(queue, job)
        return job, self.world.printers[queue].wait_jobs(before + 1)[before]

    def test_every_format_reaches_both_drivers(self):
        world = self.world
        pdf = world.document("formats.pdf", pages=2, title="Formats")
        made = {"pdf": (pdf, 2), "ps": (documents.postscript(world.path("formats.ps")), 2),
                "pwg": (documents.pwg_raster(world.path("formats.pwg")), 2),
                "jpg": (documents.jpeg(world.path("formats.jpg"), pdf), 1),
                "txt": (documents.text(world.path("formats.txt")), 1)}
        for name, (path, pages) in made.items():
            for queue in ("Laser", "Raster"):
                with self.subTest(format=name, queue=queue):
                    _, paper = self.print_and_take(queue, path, title=f"{name} on {queue}")
                    self.assertEqual(paper.pages(), pages)

    def test_the_text_arrives(self):
        _, paper = self.print_and_take("Laser", self.world.document("text.pdf", pages=3, title="Arrival"))
        text = text_of(paper.path)
        for page in (1, 2, 3):
            self.assertIn(f"Arrival: page {page} of 3", text)

    def test_options_reach_the_driver(self):
        pdf = self.world.document("options.pdf", pages=4, title="Options")
        rows = [
            ("two-sided", "ATTR keyword sides two-sided-long-edge", "<</Duplex true/Tumble false>>", 4),
            ("short edge", "ATTR keyword sides two-sided-short-edge", "<</Duplex true/Tumble true>>", 4),
            ("page ranges", "ATTR rangeOfInteger page-ranges 2-3", "%%Page", 2),
            ("media", "ATTR keyword media iso_a5_148x210mm", "420 595", 4),
            ("tray", 'ATTR collection media-col { MEMBER keyword media-source manual }', "ManualFeed true", 4),
            ("number-up", "ATTR integer number-up 2", "%%Page", 2),
            ("copies", "ATTR integer copies 2", "%%Page", None),
        ]
        for name, job, wanted, pages in rows:
            with self.subTest(option=name):
                _, paper = self.print_and_take("Laser", pdf, job=job, title=name)
                data = paper.data().decode("latin-1")
                self.assertTrue(wanted in data, f"{wanted} is not in the stream")
                if pages is not None:
                    self.assertEqual(paper.pages(), pages)
                else:
                    copies = paper.pages() == 8 or "/NumCopies 2" in data or "#copies 2" in data or "numcopies 2" in data.lower()
                    self.assertTrue(copies, "two copies are in the stream or asked of the printer")

    def test_a_document_may_come_compressed(self):
        pdf = self.world.document("packed.pdf", pages=3, title="Packed")
        for coding in ("gzip", "deflate"):
            with self.subTest(compression=coding):
                _, paper = self.print_and_take("Laser", pdf, operation=f"COMPRESSION {coding}\nATTR keyword compression {coding}",
                                               title=coding)
                self.assertEqual(re.findall(r"Packed: page (\d)", text_of(paper.path)), ["1", "2", "3"])
        with self.assertRaisesRegex(Failed, "client-error-compression-error"):
            self.world.print_job("Laser", pdf, operation="ATTR keyword compression gzip")  # which it is not
        with self.assertRaisesRegex(Failed, "client-error-compression-not-supported"):
            self.world.print_job("Laser", pdf, operation="ATTR keyword compression compress")

    def test_an_option_that_the_queue_lacks_is_reported(self):
        world = self.world
        pdf = world.document("lacks.pdf", pages=1)
        path = world.path("lacks.test")
        text = """{ NAME "lacks" OPERATION %s GROUP operation-attributes-tag
ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en
ATTR uri printer-uri $uri ATTR name requesting-user-name $user ATTR mimeMediaType document-format application/pdf
%s GROUP job-attributes-tag ATTR keyword media na_index-5x8_5x8in ATTR keyword output-bin mailbox-9 %s
STATUS %s EXPECT output-bin IN-GROUP unsupported-attributes-tag }"""
        rows = [("Print-Job", "", f'FILE "{pdf}"', "successful-ok-ignored-or-substituted-attributes"),
                ("Print-Job", "ATTR boolean ipp-attribute-fidelity true", f'FILE "{pdf}"',
                 "client-error-attributes-or-values-not-supported"),
                ("Validate-Job", "ATTR boolean ipp-attribute-fidelity true", "",
                 "client-error-attributes-or-values-not-supported")]
        before = self.papers("Laser")
        for operation, fidelity, file, status in rows:
            with self.subTest(operation=operation, status=status):
                with open(path, "w", encoding="utf-8") as out:
                    out.write(text % (operation, fidelity, file, status))
                self.world.ipptool("Laser", path)
        self.world.printers["Laser"].wait_jobs(before + 1)

    def test_a_job_says_where_it_is(self):
        job, _ = self.print_and_take("Laser", self.world.document("where.pdf", pages=1), title="Where is it")
        seen = [j for j in self.world.connector.jobs() if j.get("cloud_job") == job]
        self.assertEqual(len(seen), 1)
        self.assertEqual(seen[0]["title"], "Where is it")
        hops = [hop["what"] for hop in seen[0]["hops"]]
        self.assertIn("completed", hops[-1])
        self.assertGreater(len(hops), 3)
        attributes = self.world.job("Laser", job)
        self.assertEqual(attributes["job-state"], "completed")

    def test_lp_through_cups_own_ipp_backend(self):
        world = self.world
        desktop = Cups(world.path(f"desktop-{os.getpid()}")).start()
        try:
            desktop.add("Cloud", world.uri("Raster"), "everywhere")
            before = self.papers("Raster")
            desktop.lp("Cloud", world.document("lp.pdf", pages=3), ["sides=two-sided-long-edge"])
            paper = world.printers["Raster"].wait_jobs(before + 1)[before]
            self.assertEqual(paper.pages(), 3)
            self.assertIn(b"\x1b&l1S", paper.data(), "PCL: duplex, long edge")
            wait_for(lambda: not desktop.jobs("not-completed"), "the desktop's job to complete")
            desktop.add("Packed", world.uri("Raster") + "?compression=gzip", "raw")
            desktop.lp("Packed", world.document("lp.pdf", pages=3))
            self.assertEqual(world.printers["Raster"].wait_jobs(before + 2)[before + 1].pages(), 3)
            wait_for(lambda: not desktop.jobs("not-completed"), "the desktop's second job to complete")
            self.assertIn("compression keyword gzip", desktop.error_log())
        except Failed:
            print("--- the desktop's CUPS\n" + "\n".join(desktop.error_log().splitlines()[-120:]))
            raise
        finally:
            desktop.stop()

    def test_cancel_from_the_cloud_ends_the_local_job(self):
        world, printer = self.world, self.world.printers["Laser"]
        printer.stop_taking()
        try:
            path = documents.postscript(world.path("cancel.ps"), filler_bytes=30_000_000)  # more than sockets hold
            job = world.print_job("Laser", path, title="To be canceled")
            wait_for(lambda: world.cups.jobs("not-completed"), "the local job")
            world.wait_job("Laser", job, ("processing",))
            self.cancel("Laser", job)
            wait_for(lambda: not world.cups.jobs("not-completed"), "the local job's end")
        finally:
            printer.go_on()
        world.wait_job("Laser", job, ("canceled",))

    def cancel(self, queue, job):
        path = self.world.path("cancel.test")
        with open(path, "w", encoding="utf-8") as out:
            out.write('{ NAME "cancel" OPERATION Cancel-Job GROUP operation-attributes-tag ATTR charset attributes-charset utf-8 '
                      'ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri '
                      f'ATTR integer job-id {job} ATTR name requesting-user-name $user STATUS successful-ok '
                      'STATUS client-error-not-possible }')
        self.world.ipptool(queue, path)

    def test_cancel_at_the_printer_reaches_the_cloud(self):
        world, printer = self.world, self.world.printers["Laser"]
        printer.stop_taking()
        try:
            path = documents.postscript(world.path("local.ps"), filler_bytes=30_000_000)
            job = world.print_job("Laser", path, title="Canceled locally")
            jobs = wait_for(lambda: [j for j in world.cups.jobs("not-completed") if j[0] == "Laser"], "the local job")
            run(["cancel", f"Laser-{jobs[-1][1]}"], world.cups.env)
        finally:
            printer.go_on()
        last = world.wait_job("Laser", job, ("canceled",))
        self.assertIn("job-canceled-at-device", last["job-state-reasons"])

    def test_a_document_that_is_no_pdf_does_not_stop_the_queue(self):
        world = self.world
        path = world.path("broken.pdf")
        with open(path, "wb") as file:
            file.write(b"%PDF-1.4\nthis is broken\n%%EOF\n")
        bad = world.print_job("Raster", path, title="broken")
        after = world.print_job("Raster", world.document("after.pdf", pages=1), title="after the broken one")
        world.wait_job("Raster", after)
        self.assertEqual(world.printers["Raster"].complete()[-1].pages(), 1)
        world.wait_job("Raster", bad, ("aborted", "completed"))


if __name__ == "__main__":
    unittest.main()
