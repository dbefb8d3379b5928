# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A private connector, and the printbridge command that shares queues with it."""

import json
import os
import re
import subprocess
import threading

from .process import Process, run, wait_for


class Connector:
    def __init__(self, folder, programs, cups_server, settings=None, env=None):
        self.folder, self.cups_server = str(folder), str(cups_server)
        self.state, self.runtime = os.path.join(self.folder, "state"), os.path.join(self.folder, "runtime")
        self.command = os.path.join(programs, "bin/command/printbridge")
        self.config = os.path.join(self.folder, "connector.conf")
        self.env = env or {}
        for name in (self.folder, self.state, self.runtime):
            os.makedirs(name, exist_ok=True)
        with open(self.config, "w", encoding="utf-8") as file:
            file.writelines(f"{name} = {value}\n" for name, value in {"log-level": "debug", **(settings or {})}.items())
        self.process = Process("printbridged", [os.path.join(programs, "bin/connector/daemon/printbridged"),
                                                "--state", self.state, "--runtime", self.runtime, "--cups", cups_server,
                                                "--config", self.config],
                               os.path.join(self.folder, "connector.log"), self.env)

    @property
    def socket(self):
        return os.path.join(self.runtime, "connector.sock")

    def start(self):
        self.process.start().wait_output("ready")
        return self

    def stop(self):
        return self.process.stop()

    def options(self):
        return ["--state", self.state, "--runtime", self.runtime]

    def share(self, service, queues, extra=()):
        """`printbridge share` in the background; returns it with the code that it shows."""
        argv = [self.command, "share", *queues, "--service", service.url, "--ca-fingerprint", service.fingerprint,
                "--cups", self.cups_server, *self.options(), *extra]
        return Share(argv, dict(os.environ, **self.env))

    def unshare(self, queue, extra=()):
        return run([self.command, "unshare", queue, *self.options(), *extra], self.env)

    def status(self):
        _, text = run([self.command, "status", "--json", *self.options()], self.env, check=False)
        return json.loads(text)

    def jobs(self):
        _, text = run([self.command, "jobs", "--json", *self.options()], self.env, check=False)
        return json.loads(text)["jobs"]

    def wait_tunnel(self, state="up", seconds=60):
        def is_so():
            try:
                services = self.status().get("services", [])
            except ValueError:
                return False
            return bool(services) and all(s.get("tunnel") == state for s in services)
        wait_for(is_so, f"tunnel {state}", seconds, interval=0.05)


class Share:
    """A running `printbridge share`: what it printed so far, its code, its end."""

    CODE = re.compile(r"\b([BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4})\b")

    def __init__(self, argv, env):
        self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True, env=env)
        self.text = ""

    def code(self):
        """Reads until a new code is shown; None when it ended without one."""
        for line in self.popen.stdout:
            self.text += line
            match = self.CODE.search(line)
            if match:
                return match.group(1)
        return None

    def read_until(self, word):
        """Reads until a line has the word, or to the end."""
        for line in self.popen.stdout:
            self.text += line
            if word in line:
                return

    def finish(self, seconds=60):
        """(exit status, everything it printed)."""
        overdue = threading.Timer(seconds, self.popen.kill)
        overdue.start()
        self.text += self.popen.stdout.read()
        status = self.popen.wait()
        overdue.cancel()
        self.popen.stdout.close()
        return status, self.text
