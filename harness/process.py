# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Processes that are started, waited for and stopped by their own id; and waiting for conditions."""

import os
import signal
import socket
import subprocess
import time


class Failed(Exception):
    """Something that should have happened did not; the message says what was seen instead."""


def wait_for(condition, what, seconds=30.0, interval=0.01):
    """Wait until condition() is true and return its value; Failed names `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds:g} s")
        time.sleep(interval)


def free_port():
    """A port of the loopback address that nobody uses at the moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def is_listening(port):
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """One program in the background, its output in a file."""

    def __init__(self, name, argv, log, env=None):
        self.name, self.argv, self.log = name, [str(a) for a in argv], str(log)
        self.env = dict(os.environ, **(env or {}))
        self.popen = None
        self.log_start = 0

    def start(self):
        self.log_start = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env=self.env, start_new_session=True)
        return self

    @property
    def pid(self):
        return self.popen.pid

    def is_running(self):
        return self.popen is not None and self.popen.poll() is None

    def output(self, whole=False):
        """What it wrote since its last start."""
        with open(self.log, "rb") as file:
            file.seek(0 if whole else self.log_start)
            return file.read().decode("utf-8", "replace")

    def wait_output(self, text, seconds=30.0):
        def seen():
            if text in self.output():
                return True
            if not self.is_running():
                raise Failed(f"{self.name} ended ({self.popen.returncode}) before it said \"{text}\":\n"
                             + self.output()[-3000:])
            return False
        wait_for(seen, f"{self.name}: \"{text}\" in {self.log}", seconds)
        return self

    def signal(self, number):
        if self.is_running():
            self.popen.send_signal(number)

    def stop(self, seconds=40.0):
        """SIGTERM, and a wait; SIGKILL after `seconds`. Returns the exit status."""
        if self.popen is None:
            return None
        self.signal(signal.SIGTERM)
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not stop within {seconds:g} s") from None

    def kill(self):
        self.signal(signal.SIGKILL)
        if self.popen is not None:
            self.popen.wait()

    def memory_bytes(self, which="VmRSS"):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith(which + ":"):
                    return int(line.split()[1]) * 1024
        return 0

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(argv, env=None, check=True, seconds=120, data=None):
    """Run a command to its end; Failed with its output when it fails."""
    done = subprocess.run([str(a) for a in argv], env=dict(os.environ, **(env or {})), input=data,
                          stdin=None if data is not None else subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False)
    text = done.stdout.decode("utf-8", "replace")
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(str(a) for a in argv)}: exit status {done.returncode}\n{text[-3000:]}")
    return done.returncode, text
