# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A printer that is not in the cache, and what its print server calls its options: from the PPD there to the PPD here."""

import os
import re
import subprocess
import time

from harness.desk import Desk
from harness.process import run, wait_for
from tests.e2e.case import WorldCase

GERMAN = """\
*cupsLanguages: "de pt_BR"
*de.Translation PageSize/Papierformat: ""
*de.PageSize A4/DIN A4: ""
*de.Translation InputSlot/Papierzuf\u00fchrung: ""
*de.InputSlot Upper/Fach <31><3A> \u201eoben\u201c: ""
*de.Translation Duplex/Beidseitig: ""
*de.Duplex DuplexNoTumble/Lange Kante: ""
*de.Duplex None/Aus: ""
*de.Translation TonerSave/Toner sparen: ""
*de.TonerSave On/Ein: ""
*pt_BR.Duplex None/Desligado: ""
*OpenUI *TonerSave/Save Toner: PickOne
*DefaultTonerSave: Off
*TonerSave On/Yes: ""
*TonerSave Off/No: ""
*CloseUI: *TonerSave
"""

# As a desktop reads it: what libcups makes of the PPD for somebody who speaks that language.
SHOW = """\
import ctypes, sys
cups = ctypes.CDLL("libcups.so.2")
class Choice(ctypes.Structure):
    _fields_ = [("marked", ctypes.c_char), ("choice", ctypes.c_char * 41), ("text", ctypes.c_char * 81)]
class Option(ctypes.Structure):
    _fields_ = [("conflicted", ctypes.c_char), ("keyword", ctypes.c_char * 41), ("defchoice", ctypes.c_char * 41),
                ("text", ctypes.c_char * 81)]
cups.ppdOpenFile.restype = ctypes.c_void_p
cups.ppdLocalize.argtypes = [ctypes.c_void_p]
cups.ppdFindOption.argtypes = cups.ppdFindChoice.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
cups.ppdFindOption.restype = ctypes.POINTER(Option)
cups.ppdFindChoice.restype = ctypes.POINTER(Choice)
ppd = cups.ppdOpenFile(sys.argv[1].encode())
cups.ppdLocalize(ppd)
for name, choice in (word.split("=") for word in sys.argv[2:]):
    option = cups.ppdFindOption(ppd, name.encode())
    text = cups.ppdFindChoice(ctypes.cast(option, ctypes.c_void_p), choice.encode()).contents.text
    print(option.contents.text.decode() + "=" + text.decode())
"""


class Names(WorldCase):
    world_options = {"queues": ("Laser",)}
    shares = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            path = f"{cls.world.cups.folder}/etc/ppd/Laser.ppd"
            with open(path, encoding="utf-8") as file:
                text = re.sub(r"(?m)^\*(cupsLanguages:|[a-z]{2}(_[A-Z]{2})?\.).*\n", "", file.read())
            cls.server_ppd = cls.world.path("german.ppd")
            with open(cls.server_ppd, "w", encoding="utf-8") as file:
                file.write(text + GERMAN)
            run(["lpadmin", "-p", "Laser", "-P", cls.server_ppd], cls.world.cups.env)
            cls.world.share()
            cls.desk = Desk(cls.world).start()
        except BaseException:
            super().tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.desk.stop()
        super().tearDownClass()

    def driver(self, *args):
        return subprocess.run([os.path.join(self.desk.cups.folder, "bin/driver/printbridge"), *args], check=False,
                              env={**os.environ, **self.desk.cups.places}, capture_output=True, encoding="utf-8",
                              timeout=60)

    def name(self):
        return self.desk.uri("Laser").replace("printbridge://", "printbridge:")

    def show(self, path, language, *words):
        done = subprocess.run(["python3", "-c", SHOW, path, *words], env={**os.environ, "LC_ALL": language, "LANG": language},
                              capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    def test_a_printer_that_is_not_in_the_cache(self):
        self.assertFalse(os.path.exists(os.path.join(self.desk.cups.places["PRINTBRIDGE_CACHE"], "printers")))
        done = self.driver("cat", self.name())
        self.assertEqual(done.returncode, 0, done.stderr)
        number = self.name().rpartition("/")[2]
        self.assertRegex(done.stdout, rf'\*1284DeviceID: "MFG:Printbridge;MDL:Generic PostScript Printer \({number} at localhost')
        self.assertIn("*cupsFilter2: \"application/pdf application/pdf 0 -\"\n", done.stdout)
        # The name is all that cups-driverd gets; what is not there is told, and soon.
        for name, words in ((re.sub(r"/\d+$", "/4711", self.name()), "no such printer|not-found|does not exist|no printer"),
                            ("printbridge:localhost:1/1", "no service at localhost:1 is known here"),
                            (re.sub(r"/\d+$", "/..", self.name()), ".")):
            begin = time.monotonic()
            bad = self.driver("cat", name)
            self.assertEqual((bad.returncode, bad.stdout), (1, ""), name)
            self.assertRegex(bad.stderr, rf"ERROR: .*({words})")
            self.assertLess(time.monotonic() - begin, 6)

    def test_the_same_ppd_with_and_without_cache(self):
        before = self.driver("cat", self.name()).stdout
        places = {**self.desk.cups.places, "PRINTBRIDGE_CACHE": self.world.path("other-cache")}
        self.desk.cups.places["PRINTBRIDGE_CACHE"], kept = places["PRINTBRIDGE_CACHE"], self.desk.cups.places["PRINTBRIDGE_CACHE"]
        try:
            os.makedirs(places["PRINTBRIDGE_CACHE"], exist_ok=True)
            self.desk.login()
            listed = self.driver("list").stdout
            self.assertEqual(self.driver("cat", self.name()).stdout, before)
        finally:
            self.desk.cups.places["PRINTBRIDGE_CACHE"] = kept
        self.assertIn(re.search(r'\*NickName: "(.*)"', before).group(1), listed)
        self.assertIn(re.search(r'\*1284DeviceID: "(.*)"', before).group(1), listed)

    def test_printers_are_listed_before_anybody_has_signed_in(self):
        """An administrator has named the service; the list is fetched beside the first look."""
        kept, other = self.desk.cups.places["PRINTBRIDGE_CACHE"], self.world.path("first-look")
        os.makedirs(other, exist_ok=True)
        env = {**self.desk.cups.env, **self.desk.cups.places, "PRINTBRIDGE_CACHE": other}
        program = os.path.join(self.desk.cups.folder, "bin/backend/printbridge")
        self.assertEqual(run([program], env)[1], 'network printbridge "Unknown" "Cloud printer (Printbridge)"\n')
        wait_for(lambda: os.path.exists(f"{other}/printers/localhost_{self.world.service.port}.json"), "the list", 20)
        self.assertRegex(run([program], env)[1], rf'^network {re.escape(self.desk.uri("Laser"))} "[^"]+" "Laser" "MFG:')
        self.assertFalse(os.path.exists(os.path.join(kept, "printers")))

    def test_german_names_of_the_server_are_seen_at_the_desk(self):
        self.desk.add("Office", "Laser")
        path = f"{self.desk.cups.folder}/etc/ppd/Office.ppd"
        with open(path, encoding="utf-8") as file:
            ppd = file.read()
        for line in ('*cupsLanguages: "de pt_BR pt"',
                     '*de.Translation PageSize/Papierformat: ""',
                     '*de.PageSize A4/DIN A4: ""',
                     '*de.Translation InputSlot/Papierzuf\u00fchrung: ""',
                     '*de.Translation Duplex/Beidseitig: ""',
                     '*de.Duplex DuplexNoTumble/Lange Kante: ""',
                     '*de.Translation pbvTonersave/Toner sparen: ""',
                     '*de.pbvTonersave On/Ein: ""',
                     '*de.InputSlot Top/Fach 1<3A> \u201eoben\u201c: ""',
                     '*pt_BR.Duplex None/Desligado: ""'):
            self.assertIn(line + "\n", ppd)
        self.assertRegex(ppd, r'\*OpenUI \*pbvTonersave/Save Toner: PickOne')
        status, text = run(["cupstestppd", path], check=False)
        self.assertEqual(status, 0, text)
        self.assertNotIn("FAIL", text)
        words = ("Duplex=DuplexNoTumble", "pbvTonersave=On")
        self.assertEqual(self.show(path, "de_DE.UTF-8", *words), ["Beidseitig=Lange Kante", "Toner sparen=Ein"])
        self.assertEqual(self.show(path, "C", "pbvTonersave=On"), ["Save Toner=Yes"])

    def test_the_files(self):
        number = self.name().rpartition("/")[2]
        status, text = self.get(f"/strings/{number}/de.strings")
        self.assertEqual(status, 200)
        self.assertIn('"sides.two-sided-long-edge" = "Lange Kante";\n', text)
        self.assertIn('"media-source" = "Papierzuf\u00fchrung";\n', text)
        for path in (f"/strings/{number}/fr.strings", "/strings/4711/de.strings", f"/strings/{number}/DE.strings",
                     f"/strings/{number}/", "/strings/"):
            self.assertEqual(self.get(path)[0], 404, path)

    def get(self, path):
        _, text = run(["curl", "-sS", "--path-as-is", "--noproxy", "*", "--cacert", self.world.service.ca_file, "-w",
                       "\n%{http_code}", self.world.service.url + path])
        body, _, status = text.rpartition("\n")
        return int(status), body

    def test_a_change_on_the_server_arrives(self):
        number = self.name().rpartition("/")[2]
        with open(self.server_ppd, encoding="utf-8") as file:
            text = file.read()
        changed = self.world.path("changed.ppd")
        with open(changed, "w", encoding="utf-8") as file:
            file.write(text.replace("Toner sparen", "Weniger Toner").replace('*pt_BR.Duplex None/Desligado: ""\n', ""))
        run(["lpadmin", "-p", "Laser", "-P", changed], self.world.cups.env)
        try:
            wait_for(lambda: "Weniger Toner" in self.get(f"/strings/{number}/de.strings")[1], "the new name", 30, 0.1)
            wait_for(lambda: self.get(f"/strings/{number}/pt-br.strings")[0] == 404, "the end of a language", 30, 0.1)
        finally:
            run(["lpadmin", "-p", "Laser", "-P", self.server_ppd], self.world.cups.env)
            wait_for(lambda: "Desligado" in self.get(f"/strings/{number}/pt-br.strings")[1], "the old names", 30, 0.1)
