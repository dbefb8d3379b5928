# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""What is asked for at the terminal: not shown, and shown again afterwards, whatever ends the program."""
import os
import pty
import signal
import termios
import time
import unittest

PROGRAM = os.path.join(os.path.abspath(os.environ.get("PB_PROGRAMS", "build/dev")), "bin/command/printbridge")


def is_shown(fd):
    return bool(termios.tcgetattr(fd)[3] & termios.ECHO)


class Secrets(unittest.TestCase):
    def begin(self, *args):
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(PROGRAM, ["printbridge", *args])
        self.addCleanup(os.close, fd)
        seen, end = b"", time.monotonic() + 20
        while b": " not in seen or is_shown(fd):
            self.assertLess(time.monotonic(), end, seen)
            if b": " not in seen:
                seen += os.read(fd, 1000)
            time.sleep(0.01)
        return pid, fd

    def test_interrupted(self):
        for args in (["release", "Laser", "1", "--pin"], ["export", "/dev/null/nothing"]):
            for key, number in ((b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)):
                with self.subTest(args=args, key=key):
                    pid, fd = self.begin(*args)
                    os.write(fd, b"12" + key)
                    _, status = os.waitpid(pid, 0)
                    self.assertEqual(os.WTERMSIG(status), number)
                    self.assertTrue(is_shown(fd))

    def test_asked(self):
        pid, fd = self.begin("release", "Laser", "1", "--pin", "--runtime", "/nonexistent")
        os.write(fd, b"4711\n")
        _, status = os.waitpid(pid, 0)
        self.assertTrue(os.WIFEXITED(status))
        self.assertTrue(is_shown(fd))
        self.assertNotIn(b"4711", os.read(fd, 1000))
