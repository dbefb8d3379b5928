# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The driver program in a real print server: what lpinfo -m lists, lpadmin -m adds, and the queue says of itself."""

import html
import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from harness.cups import Cups
from harness.process import run

PROGRAMS = os.path.abspath(os.environ.get("PB_PROGRAMS", "build/dev"))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOST = "cloud.invalid"  # nobody is asked: all is in the cache

ASK = """\
{
  OPERATION Get-Printer-Attributes
  GROUP operation-attributes-tag
  ATTR charset attributes-charset utf-8
  ATTR language attributes-natural-language en
  ATTR uri printer-uri $uri
  STATUS successful-ok
}
"""


SYSTEM_PYTHON = "/usr/bin/python3"  # what Debian's packages of modules are for, whatever runs the tests
# system-config-printer's own matcher (python3-cupshelpers): for each of our devices the driver that it takes, and its fit.
MATCH = """\
import json, os, sys
import cups
from cupshelpers import parseDeviceID
from cupshelpers.ppds import PPDs
cups.setServer(sys.argv[1])
connection = cups.Connection()
known = PPDs(connection.getPPDs(), xml_dir=os.environ.get("CUPSHELPERS_XMLDIR"))
found = {}
for uri, device in connection.getDevices(include_schemes=["printbridge"]).items():
    parts = parseDeviceID(device.get("device-id", ""))
    fit = known.getPPDNamesFromDeviceID(parts["MFG"], parts["MDL"], parts["DES"], parts["CMD"], uri,
                                        device.get("device-make-and-model"))
    best = known.orderPPDNamesByPreference(list(fit), fit=fit)[0]
    found[uri] = (best, fit[best], len([name for name in fit if fit[name].startswith("exact")]))
print(json.dumps(found))
"""


def load_printers():
    """tests/printers as a module."""
    path = os.path.join(ROOT, "tests/printers")
    loader = importlib.machinery.SourceFileLoader("printers", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("printers", loader))
    loader.exec_module(module)
    return module


class Driver(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="printbridge-")
        os.chmod(cls.folder, 0o755)
        cls.cups = Cups(os.path.join(cls.folder, "cups"), PROGRAMS)
        cls.printers = cls.fill_cache()
        cls.cups.start()

    @classmethod
    def tearDownClass(cls):
        cls.cups.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def fill_cache(cls):
        """All of tests/data/printers as printers of one service: {id: attributes as text}."""
        module, texts, lines = load_printers(), {}, []
        with open(os.path.join(cls.cups.places["PRINTBRIDGE_CONFIG"], "services.conf"), "w", encoding="utf-8") as file:
            file.write(f"service = https://{HOST}\n")
        folder = os.path.join(cls.cups.places["PRINTBRIDGE_CACHE"], "printers", f"{HOST}_8631")
        os.makedirs(folder)
        for path in sorted(module.DATA.glob("*.txt")):
            uri = f"ipps://{HOST}:8631/ipp/print/{path.stem}"
            text = path.read_text(encoding="utf-8")
            texts[path.stem] = text
            with open(os.path.join(folder, f"{path.stem}.ipp"), "wb") as file:
                file.write(module.message(text + f"printer-uri-supported uri {uri}\n"))
            model = re.search(r'^printer-make-and-model text "(.*)"$', text, re.M).group(1)
            ascii_model = " ".join(re.sub(r'[^ -~]|[:;"<>\\]', " ", model).split()) or "Printer"
            lines.append({"printer-uri": uri, "printer-name": path.stem, "make-and-model": model,
                          "device-id": f"MFG:Printbridge;MDL:{ascii_model} ({path.stem} at {HOST});CMD:PDF;"})
        cls.write_list(lines)
        cls.lines = lines
        return texts

    @classmethod
    def write_list(cls, lines):
        path = os.path.join(cls.cups.places["PRINTBRIDGE_CACHE"], "printers", f"{HOST}_8631.json")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)

    def driver(self, *args):
        path = os.path.join(self.cups.folder, "bin/driver/printbridge")
        return subprocess.run([path, *args], env={**os.environ, **self.cups.places}, capture_output=True, check=False,
                              encoding="utf-8", timeout=60)

    def ppd(self, name):
        done = self.driver("cat", f"printbridge:{HOST}/{name}")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def add(self, name):
        self.cups.add(name, "file:///dev/null", f"printbridge:{HOST}/{name}")

    def attributes(self, name):
        path = os.path.join(self.folder, "ask.test")
        with open(path, "w", encoding="utf-8") as file:
            file.write(ASK)
        _, text = run(["ipptool", "-tv", f"ipp://127.0.0.1:{self.cups.port}/printers/{name}", path], self.cups.env)
        return {m.group(1): m.group(2).split(",")
                for m in re.finditer(r"^\s+(\S+) \([^)]*\) = (.*)$", text, re.M)}

    def test_lpinfo_lists_all(self):
        _, text = run(["lpinfo", "-m"], self.cups.env)
        for name in self.printers:
            self.assertRegex(text, rf"(?m)^printbridge:{HOST}/{name} .*, Printbridge {name}$")

    def test_list_and_ppd_have_the_same_id(self):
        listed = self.driver("list").stdout.splitlines()
        self.assertEqual(len(listed), len(self.printers))
        for line in listed:
            name, make, nick, device_id = re.fullmatch(r'"([^"]+)" en "([^"]+)" "([^"]+)" "([^"]+)"', line).groups()
            ppd = self.ppd(name.rpartition("/")[2])
            self.assertIn(f'*1284DeviceID: "{device_id}"\n', ppd)
            self.assertIn(f'*NickName: "{nick}"\n', ppd)
            self.assertIn(f'*Manufacturer: "{make}"\n', ppd)
            self.assertRegex(device_id, rf"^MFG:Printbridge;MDL:.* at {HOST}\);")

    def test_a_device_id_finds_its_model(self):
        """As desktops look for a driver: the device's 1284 ID is all they give."""
        for line in self.lines[:3]:
            _, text = run(["lpinfo", "--device-id", line["device-id"], "-m"], self.cups.env)
            self.assertTrue(text.startswith(f"printbridge:{HOST}/{line['printer-name']} "), text)

    def test_system_config_printer_finds_each(self):
        """Debian's package python3-cupshelpers; PYTHONPATH may name another place of it."""
        if run([SYSTEM_PYTHON, "-c", "import cupshelpers.ppds"], check=False)[0] != 0:
            self.skipTest("python3-cupshelpers is not installed")
        run(["lpinfo", "-v"], self.cups.env)
        done = subprocess.run([SYSTEM_PYTHON, "-c", MATCH, self.cups.server], capture_output=True, text=True, check=False,
                              timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        found = json.loads(done.stdout)
        self.assertEqual(set(found), {f"printbridge://{HOST}/{name}" for name in self.printers})
        for uri, (ppd, fit, exact) in found.items():
            self.assertEqual((ppd, exact), (uri.replace("printbridge://", "printbridge:"), 1), fit)
            self.assertIn(fit, ("exact", "exact-cmd"))

    def web(self, **fields):
        """A form of CUPS's web pages, as a browser sends it."""
        jar, url = os.path.join(self.folder, "cookies"), f"http://localhost:{self.cups.port}/admin/"
        curl = ["curl", "-sS", "--noproxy", "*", "-c", jar, "-b", jar, url]
        if not os.path.exists(jar):
            run(curl)
        with open(jar, encoding="utf-8") as file:
            fields["org.cups.sid"] = re.search(r"org.cups.sid\s+(\S+)", file.read()).group(1)
        return run([*curl, *(word for field in fields.items() for word in ("--form-string", "=".join(field)))])[1]

    def test_cups_web_pages_find_each(self):
        """Add Printer: the device is chosen, and its own driver is the one that is marked; the last page adds it."""
        devices = [html.unescape(value).split("|") for value in
                   re.findall(r'VALUE="(printbridge:[^"]*)"', self.web(OP="add-printer"))]
        self.assertEqual({uri for uri, _ in devices}, {f"printbridge://{HOST}/{name}" for name in self.printers})
        for uri, model in devices:
            with self.subTest(uri):
                page = self.web(OP="add-printer", DEVICE_URI=f"{uri}|{model}")
                fields = {name: html.unescape(re.search(rf'NAME="{name}" VALUE="([^"]*)"', page).group(1))
                          for name in ("CURRENT_MAKE", "CURRENT_MAKE_AND_MODEL")}
                fields.update(OP="add-printer", DEVICE_URI=uri, PRINTER_NAME="Web", PRINTER_INFO="By the web page",
                              PRINTER_LOCATION="", PRINTER_IS_SHARED="0")
                page = self.web(**fields)
                self.assertEqual(re.findall(r'<OPTION VALUE="([^"]*)" SELECTED', page),
                                 [uri.replace("printbridge://", "printbridge:")])
        page = self.web(**fields, PPD_NAME=uri.replace("printbridge://", "printbridge:"))
        self.assertRegex(page, r"has been added\s+successfully")
        with open(os.path.join(self.cups.folder, "etc/ppd/Web.ppd"), encoding="utf-8") as file:
            added = file.read()
        wanted = self.ppd(uri.rpartition("/")[2])
        # The page sets the paper of the server's own country.
        self.assertEqual(*(re.sub(r"(?m)^\*Default(PageSize|PageRegion|ImageableArea|PaperDimension):.*\n", "", text)
                           for text in (added, wanted)))

    def test_devices_are_listed_at_once(self):
        """The backend itself, with all of them in the cache and no network."""
        path = os.path.join(self.cups.folder, "bin/backend/printbridge")
        times = []
        for _ in range(5):
            begin = time.monotonic()
            done = subprocess.run([path], env={**os.environ, **self.cups.places}, capture_output=True, text=True, check=True)
            times.append(time.monotonic() - begin)
        self.assertLess(min(times), 0.1)
        lines = [line for line in done.stdout.splitlines() if line.startswith("network printbridge://")]
        self.assertEqual(len(lines), len(self.printers))
        for line in lines:
            self.assertRegex(line, r'^network printbridge://\S+ "[^"]+" "[^"]+" "MFG:Printbridge;MDL:[^"]+;CMD:PDF;" "[^"]*"$')

    def test_nothing_is_known(self):
        """A bare line, so that dialogs know the scheme."""
        path = os.path.join(self.cups.folder, "bin/backend/printbridge")
        places = {name: os.path.join(self.folder, "empty", name) for name in self.cups.places}
        done = subprocess.run([path], env={**os.environ, **places}, capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, 'network printbridge "Unknown" "Cloud printer (Printbridge)"\n')

    def test_lpadmin_adds_each(self):
        for name in self.printers:
            self.add(name)
            with open(os.path.join(self.cups.folder, f"etc/ppd/{name}.ppd"), encoding="utf-8") as file:
                self.assertEqual(file.read(), self.ppd(name))

    def test_the_queue_says_what_the_printer_says(self):
        name = "office-color-mfp"
        self.add(name)
        queue = self.attributes(name)
        self.assertEqual(set(queue["sides-supported"]), {"one-sided", "two-sided-long-edge", "two-sided-short-edge"})
        self.assertEqual(queue["sides-default"], ["two-sided-long-edge"])
        for keyword in ("tray-1", "by-pass-tray", "large-capacity"):
            self.assertIn(keyword, queue["media-source-supported"])
        for keyword in ("stationery-letterhead", "photographic-glossy", "cardstock"):
            self.assertIn(keyword, queue["media-type-supported"])
        for keyword in ("iso_a4_210x297mm", "iso_a3_297x420mm", "na_number-10_4.125x9.5in", "jis_b4_257x364mm"):
            self.assertIn(keyword, queue["media-supported"])
        for keyword in ("staple-top-left", "punch-quad-left", "fold-half", "saddle-stitch"):
            self.assertIn(keyword, queue["finishings-supported"])
        for keyword in ("face-down", "mailbox-2"):
            self.assertIn(keyword, queue["output-bin-supported"])
        self.assertEqual(queue["media-default"], ["iso_a4_210x297mm"])
        self.assertTrue(any(size.startswith("custom_max_320x1200mm") for size in queue["media-supported"]))
        self.assertEqual(queue["job-password-supported"], ["8"])
        self.assertEqual(queue["color-supported"], ["true"])

    def chain(self, name, mime):
        """The filters between a document and the queue."""
        path = os.path.join(self.folder, f"{name}.ppd")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.ppd(name))
        _, text = run(["cupsfilter", "-c", f"{self.cups.folder}/etc/cups-files.conf", "--list-filters", "-p", path, "-i",
                       mime, "-m", "printer/foo", "-e", os.path.join(ROOT, "LICENSE")], self.cups.env)
        return [line for line in text.splitlines() if " " not in line]

    def test_a_pdf_goes_untouched(self):
        for name, mime, chain in (("office-color-mfp", "application/pdf", []),
                                  ("office-color-mfp", "text/plain", ["texttopdf"]),
                                  ("office-color-mfp", "image/jpeg", ["imagetopdf"]),
                                  ("mono-laser", "image/pwg-raster", []),
                                  ("mono-laser", "application/pdf", ["pdftopdf", "gstoraster"]),
                                  ("airprint", "application/pdf", ["pdftopdf", "gstoraster", "rastertopwg"]),
                                  ("postscript-only", "application/pdf", ["pdftopdf", "pdftops"])):
            with self.subTest(name, mime=mime):
                self.assertEqual(self.chain(name, mime), chain)

    def test_what_is_wrong_is_told(self):
        for name in ("printbridge:", "printbridge:other.invalid/1", f"printbridge:{HOST}/../../etc/passwd",
                     "printbridge:a b/1", "file:/etc/passwd"):
            done = self.driver("cat", name)
            self.assertEqual((done.returncode, done.stdout), (1, ""), name)
            self.assertRegex(done.stderr, r"^ERROR: .")
        self.assertNotEqual(self.driver("dog").returncode, 0)

    def test_list_is_quick(self):
        """A thousand printers, by the network that there is not."""
        many = [{**self.lines[0], "printer-uri": f"ipps://{HOST}:8631/ipp/print/{i}", "printer-name": f"Printer {i}"}
                for i in range(1000)]
        self.write_list(many)
        try:
            times = []
            for _ in range(5):
                begin = time.monotonic()
                done = self.driver("list")
                times.append(time.monotonic() - begin)
            self.assertEqual(len(done.stdout.splitlines()), 1000)
            self.assertLess(min(times), 0.1)
        finally:
            self.write_list(self.lines)


if __name__ == "__main__":
    unittest.main()
