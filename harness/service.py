# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A private service: its own certificate, database and spool."""

import os
import re

from .portal import Portal
from .process import Process, free_port, run

ADMIN = "admin@example.org"


class Service:
    def __init__(self, folder, programs, settings=None):
        self.folder, self.port = str(folder), free_port()
        self.program = os.path.join(programs, "bin/service/printbridge-service")
        self.config = os.path.join(self.folder, "service.conf")
        self.url = f"https://localhost:{self.port}"
        self.authority = f"localhost:{self.port}"
        self.settings = {"data-folder": os.path.join(self.folder, "data"), "listen": "127.0.0.1", "port": self.port,
                         "host": "localhost", "other-hosts": "127.0.0.1", "log-level": "debug", "disk-free": "0",
                         **(settings or {})}
        os.makedirs(self.folder, exist_ok=True)
        self.write_config()
        _, text = run([self.program, "init", "--admin", ADMIN, "--config", self.config])
        self.password = re.search(r"^password:\s+(\S+)", text, re.M).group(1)
        self.passwords = {ADMIN: self.password}
        self.fingerprint = re.search(r"^CA fingerprint:\s+(\S+)", text, re.M).group(1)
        self.ca_file = os.path.join(self.settings["data-folder"], "ca.pem")
        self.process = Process("printbridge-service", [self.program, "run", "--config", self.config],
                               os.path.join(self.folder, "service.log"))

    def write_config(self):
        with open(self.config, "w", encoding="utf-8") as file:
            file.writelines(f"{name} = {value}\n" for name, value in self.settings.items())

    def start(self):
        self.process.start().wait_output("ready: ")
        return self

    def stop(self):
        return self.process.stop()

    def add_user(self, email="user@example.org", role="user"):
        """Returns the app password."""
        _, text = run([self.program, "user", "add", email, "--role", role, "--config", self.config])
        self.passwords[email] = text.strip().splitlines()[-1]
        _, text = run([self.program, "user", "app-password", email, "--config", self.config])
        return text.strip().splitlines()[-1]

    def portal(self, email=ADMIN):
        portal = Portal(self.url, self.ca_file)
        portal.sign_in(email, self.passwords[email])
        return portal
