#!/usr/bin/env python3
# test_install - `cmake --install` into a folder of its own: everything is where CUPS and the shell look for it, with modes
# that cupsd accepts, and runs from there.
#   PB_PROGRAMS=BUILD python3 -m unittest -v tests.install.test_install
# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import re
import stat
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("PB_PROGRAMS", ROOT / "build/dev")).resolve()


def ask_cups(option):
    return subprocess.run(["cups-config", option], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def read_cache(name):
    cache = (BUILD / "CMakeCache.txt").read_text()
    return re.search(rf"^{name}:\w+=(.*)$", cache, re.MULTILINE).group(1)


PREFIX = read_cache("CMAKE_INSTALL_PREFIX")
SERVERBIN = ask_cups("--serverbin")
DATADIR = ask_cups("--datadir")

COMMAND = f"{PREFIX}/bin/printbridge"
CONNECTOR = f"{PREFIX}/sbin/printbridged"
SERVICE = f"{PREFIX}/sbin/printbridge-service"
FILTER = f"{SERVERBIN}/filter/printbridgefetch"
NOTIFIER = f"{SERVERBIN}/notifier/printbridge"
DRIVER = f"{SERVERBIN}/driver/printbridge"
BACKEND = f"{SERVERBIN}/backend/printbridge"
PROGRAMS = (COMMAND, CONNECTOR, SERVICE, FILTER, NOTIFIER)
PROGRAMS += tuple(path for path, built in ((DRIVER, "ppd"), (BACKEND, "backend/main"))
                  if (BUILD / "bin" / built / "printbridge").exists())
MODES = {BACKEND: 0o700}  # cupsd runs it as root
FILES = (f"{PREFIX}/share/man/man1/printbridge.1", f"{PREFIX}/share/man/man8/printbridge.8",
         f"{DATADIR}/mime/printbridge.types", f"{DATADIR}/mime/printbridge.convs",
         f"{PREFIX}/share/doc/printbridge/LICENSE", f"{PREFIX}/share/doc/printbridge/README.md")


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temp = tempfile.TemporaryDirectory(prefix="printbridge-install-")
        cls.addClassCleanup(cls.temp.cleanup)
        cls.root = pathlib.Path(cls.temp.name) / "root"
        # The worst umask that somebody may install with: cupsd runs nothing that others could have written.
        subprocess.run(["cmake", "--install", BUILD], check=True, umask=0, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, DESTDIR=str(cls.root)))

    def place(self, path):
        return self.root / path.lstrip("/")

    def start(self, path, *arguments):
        return subprocess.run([self.place(path), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60)

    def test_everything_is_there_and_nothing_else(self):
        found = sorted("/" + str(path.relative_to(self.root)) for path in self.root.rglob("*") if not path.is_dir())
        self.assertEqual(found, sorted(PROGRAMS + FILES))

    def test_modes(self):
        for path in PROGRAMS + FILES:
            with self.subTest(path):
                want = MODES.get(path, 0o755) if path in PROGRAMS else 0o644
                self.assertEqual(oct(stat.S_IMODE(self.place(path).stat().st_mode)), oct(want))

    def test_folders_are_their_owners(self):
        for path in self.root.rglob("*"):
            with self.subTest(str(path)):
                self.assertEqual(path.lstat().st_mode & 0o022, 0)

    def test_rules_name_the_filter(self):
        convs = self.place(f"{DATADIR}/mime/printbridge.convs").read_text()
        rules = [line.split() for line in convs.splitlines() if line and not line.startswith("#")]
        self.assertTrue(rules)
        self.assertEqual({rule[3] for rule in rules}, {pathlib.Path(FILTER).name})
        types = self.place(f"{DATADIR}/mime/printbridge.types").read_text()
        for rule in rules:
            self.assertIn(rule[0], types)

    def test_programs_say_their_version(self):
        version = re.search(r"project\(printbridge VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
        for path in (COMMAND, CONNECTOR, SERVICE):
            with self.subTest(path):
                done = self.start(path, "--version")
                self.assertEqual((done.returncode, done.stdout), (0, f"{pathlib.Path(path).name} {version}\n"))

    def test_programs_help(self):
        for path in (COMMAND, CONNECTOR, SERVICE):
            with self.subTest(path):
                done = self.start(path, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(pathlib.Path(path).name, done.stdout)
                self.assertNotEqual(self.start(path, "--no-such-option").returncode, 0)

    def test_what_cupsd_starts_runs(self):
        done = self.start(FILTER)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Usage:", done.stderr)
        self.assertEqual(self.start(NOTIFIER, "printbridge:", "").returncode, 0)


if __name__ == "__main__":
    unittest.main()
