# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Every option that a ticket may carry, at a driver that has them all: what reaches the printer says so."""

import os
import re
import unittest

from harness.cups import Cups
from harness.desk import Desk
from harness.process import run, wait_for
from tests.e2e.case import WorldCase

# PPD option: its default, and the others. Each choice puts a comment of its name into the stream.
CHOICES = {
    "InputSlot": ("Tray1", "Tray2"), "MediaType": ("Plain", "Transparency"),
    "Duplex": ("None", "DuplexNoTumble", "DuplexTumble"), "ColorModel": ("RGB", "Gray"),
    "cupsPrintQuality": ("Normal", "Draft", "High"), "Resolution": ("600dpi", "300dpi", "600x300dpi"),
    "OutputBin": ("FaceDown", "FaceUp"), "StapleLocation": ("None", "SinglePortrait"),
    "TonerSave": ("Off", "On"),  # what no standard names
}
SIZES = {"A4": (595, 842), "A5": (420, 595)}

HEAD = """*PPD-Adobe: "4.3"
*FormatVersion: "4.3"
*FileVersion: "1.0"
*LanguageVersion: English
*LanguageEncoding: ISOLatin1
*PCFileName: "RICH.PPD"
*Manufacturer: "Test"
*Product: "(Rich)"
*ModelName: "Test Rich"
*ShortNickName: "Test Rich"
*NickName: "Test Rich"
*PSVersion: "(3010.000) 0"
*LanguageLevel: "3"
*ColorDevice: True
*DefaultColorSpace: RGB
*FileSystem: False
*cupsIPPFinishings 4/staple: "*StapleLocation SinglePortrait"
*DefaultFont: Courier
*Font Courier: Standard "(001.000)" Standard ROM
"""


def read_rows(name):
    """A table of docs/OPTIONS.md: what is asked for, and what must be in the stream."""
    path = os.path.join(os.path.dirname(__file__), "../../docs/OPTIONS.md")
    with open(path, encoding="utf-8") as file:
        table = file.read().partition(f"<!-- {name} -->")[2].partition("<!-- end -->")[0]
    return re.findall(r"^\| `([^`]*)` \| `([^`]*)` \|$", table, re.M)


def rich_ppd(path):
    text = HEAD
    for option in ("PageSize", "PageRegion"):
        text += f"*OpenUI *{option}: PickOne\n*OrderDependency: 10 AnySetup *{option}\n*Default{option}: A4\n"
        for size, (width, length) in SIZES.items():
            text += f'*{option} {size}: "<</PageSize[{width} {length}]>>setpagedevice %PB {option}={size}"\n'
        text += f"*CloseUI: *{option}\n"
    text += "*DefaultImageableArea: A4\n*DefaultPaperDimension: A4\n"
    for size, (width, length) in SIZES.items():
        text += f'*ImageableArea {size}: "9 9 {width - 9} {length - 9}"\n*PaperDimension {size}: "{width} {length}"\n'
    for option, choices in CHOICES.items():
        text += f"*OpenUI *{option}: PickOne\n*OrderDependency: 20 AnySetup *{option}\n*Default{option}: {choices[0]}\n"
        text += "".join(f'*{option} {choice}: "%PB {option}={choice}"\n' for choice in choices)
        text += f"*CloseUI: *{option}\n"
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class RichCase(WorldCase):
    world_options = {"queues": ("Laser",)}
    shares = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        path = cls.world.path("rich.ppd")
        rich_ppd(path)
        run(["lpadmin", "-p", "Laser", "-P", path], cls.world.cups.env)
        cls.world.share()

    def send(self, asked, title):
        """A job, and waits for its end."""
        raise NotImplementedError

    def stream(self, asked, title):
        """What the printer got, and what the driver was told: {option: choice}."""
        printer = self.world.printers["Laser"]
        before = len(printer.complete())
        self.send(asked, title)
        paper = printer.wait_jobs(before + 1)[before]
        data = paper.data().decode("latin-1")
        # Ghostscript's PostScript sets each page's own size, so that the PPD's code for it is left out.
        sizes = {f"Page={width}x{length}" for width, length in re.findall(r"%%PageBoundingBox: 0 0 (\d+) (\d+)", data)}
        return paper, set(re.findall(r"%PB (\S+=\S+)", data)) | sizes

    def setUp(self):
        self.pdf = self.world.document("options.pdf", pages=2, title="Options")

    def check_rows(self, name):
        _, plain = self.stream("", "nothing asked")
        self.assertEqual({f"{option}={choices[0]}" for option, choices in CHOICES.items()} | {"Page=595x842"}, plain)
        rows = read_rows(name)
        self.assertGreater(len(rows), 10)
        for i, (asked, wanted) in enumerate(rows):
            with self.subTest(option=asked):
                _, told = self.stream(asked, f"row {i}")
                self.assertLessEqual(set(wanted.split()), told)
                changed = {option.split("=")[0] for option in wanted.split()}
                others = {option for option in plain if option.split("=")[0] not in changed}
                self.assertLessEqual(others, told, "what nobody asked for stays as it was")


class Options(RichCase):
    def send(self, asked, title):
        self.world.wait_job("Laser", self.world.print_job("Laser", self.pdf, job=asked, title=title))

    def test_each_reaches_the_driver(self):
        self.check_rows("cloud-to-queue")

    def test_copies_are_made_once(self):
        paper, _ = self.stream("ATTR integer copies 3", "copies")
        asked = re.findall(r"\*NumCopies (\d+)", paper.data().decode("latin-1"))
        self.assertEqual((paper.pages(), asked), (2, ["3"]), "by the printer, and by nobody else")


# What a queue of CUPS's own ipp backend (-m everywhere) is asked for; what the far driver must be told; pages.
BY_IPP = [
    ("sides=two-sided-long-edge", "Duplex=DuplexNoTumble", 2),
    ("sides=two-sided-short-edge", "Duplex=DuplexTumble", 2),
    ("media=A5", "Page=420x595", 2),
    ("InputSlot=Tray-2", "InputSlot=Tray2", 2),
    ("MediaType=Transparency", "MediaType=Transparency", 2),
    ("print-color-mode=monochrome", "ColorModel=Gray", 2),
    ("print-quality=5", "cupsPrintQuality=High", 2),
    ("output-bin=face-up", "OutputBin=FaceUp", 2),
    ("page-ranges=2", "", 1),
    ("copies=2", "", None),
]


class ByCupsOwnBackend(RichCase):
    """The whole circle without our half of the desktop: a driverless queue of CUPS itself, with a user and password."""

    desktop = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.desktop = Cups(cls.world.path("desktop")).start()
            cls.desktop.add("Cloud", cls.world.uri("Laser"), "everywhere")
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        if cls.desktop is not None:
            cls.desktop.stop()
        super().tearDownClass()

    def send(self, asked, title):
        number = self.desktop.lp("Cloud", self.pdf, asked.split())
        wait_for(lambda: number not in [job for _, job, _ in self.desktop.jobs("not-completed")], f"job {number}", 60)

    def test_each_reaches_the_driver(self):
        for asked, wanted, pages in BY_IPP:
            with self.subTest(option=asked):
                paper, told = self.stream(asked, asked)
                self.assertLessEqual(set(wanted.split()), told)
                data = paper.data().decode("latin-1")
                if pages is None:
                    copies = [int(number) for number in re.findall(r"\*NumCopies (\d+)", data)] or [1]
                    self.assertEqual(paper.pages() * max(copies), 4, "once, by the printer or by a filter")
                else:
                    self.assertEqual(paper.pages(), pages)


class FromADesk(RichCase):
    """The whole circle: lp at a desktop, our PPD and backend, the service, the connector, the print server's driver."""

    desk = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.desk = Desk(cls.world).start()
            cls.desk.add_user("nobody")
            cls.desk.add("Laser", "Laser")
            cls.desk.sign_in("Laser", cls.world.document("sign-in.pdf", pages=1), "nobody")
            cls.world.printers["Laser"].wait_jobs(1)
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        if cls.desk is not None:
            cls.desk.stop()
        super().tearDownClass()

    def send(self, asked, title):
        self.desk.wait_job("Laser", self.desk.cups.lp("Laser", self.pdf, asked.split(), "nobody"))

    def test_each_reaches_the_driver(self):
        self.check_rows("desktop-to-driver")

    def test_pages_and_copies(self):
        paper, _ = self.stream("page-ranges=2", "page ranges")
        self.assertEqual(paper.pages(), 1)
        paper, _ = self.stream("copies=3", "copies")
        asked = re.findall(r"\*NumCopies (\d+)", paper.data().decode("latin-1"))
        self.assertEqual((paper.pages(), asked), (2, ["3"]), "by the printer, and by nobody else")
        paper, _ = self.stream("number-up=2", "two on a page")
        self.assertEqual(paper.pages(), 1)


if __name__ == "__main__":
    unittest.main()
