# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A desktop that prints to the cloud: a second private cupsd, with our backend and driver."""

import os
import pwd
import re
import subprocess

from .cups import Cups
from .process import Failed, run, wait_for
from .service import ADMIN
from .world import USER

CODE = re.compile(r"\b([BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4})\b")


class Desk:
    def __init__(self, world, name="desk", **cups_options):
        self.world = world
        self.cups = Cups(world.path(name), world.programs, **cups_options)
        self.command = os.path.join(world.programs, "bin/command/printbridge")
        self.knows(world.service)

    def knows(self, service):
        """services.conf, as an administrator or the service's own package writes it."""
        with open(os.path.join(self.cups.places["PRINTBRIDGE_CONFIG"], "services.conf"), "w", encoding="utf-8") as file:
            file.write(f"service = {service.url} ca-fingerprint={service.fingerprint}\n")

    def start(self):
        self.cups.start()
        return self

    def stop(self):
        self.cups.stop()

    def add_user(self, name):
        """The home of an account's sign-ins, its own."""
        account = pwd.getpwnam(name)
        for below in ("", "sign-ins", "cache"):
            path = os.path.join(self.cups.places["PRINTBRIDGE_USERS"], name, below)
            os.makedirs(path, exist_ok=True)
            os.chown(path, account.pw_uid, account.pw_gid)
        return self

    def uri(self, queue, more=""):
        """The device URI of a shared queue of the world."""
        match = re.fullmatch(r"ipps://([^/]+)/ipp/print/([^/]+)", self.world.uris[queue])
        return f"printbridge://{match.group(1)}/{match.group(2)}{more}"

    def add(self, name, queue, more="", options=()):
        """As `lpadmin -m` finds it: the model is the device URI's own."""
        uri = self.uri(queue)
        self.cups.add(name, uri + more, uri.replace("printbridge://", "printbridge:"), options)

    def login(self, user=None, extra=()):
        """`printbridge login`, approved in the portal; returns what it printed."""
        argv = [self.command, "login", self.world.service.url, "--ca-fingerprint", self.world.service.fingerprint, *extra]
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=dict(os.environ, **self.cups.env, **self.cups.places), user=user, cwd="/") as popen:
            text = ""
            for line in popen.stdout:
                text += line
                if CODE.search(line):
                    self.approve(CODE.search(line).group(1), email=ADMIN if "--system" in extra else USER)
            if popen.wait() != 0:
                raise Failed(f"login: exit status {popen.returncode}\n{text}")
        return text

    def logout(self, user=None, extra=()):
        """`printbridge logout`; returns what it printed."""
        done = subprocess.run([self.command, "logout", self.world.service.url, *extra], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, user=user, cwd="/",
                              env=dict(os.environ, **self.cups.env, **self.cups.places))
        if done.returncode != 0:
            raise Failed(f"logout: exit status {done.returncode}\n{done.stdout}")
        return done.stdout

    def approve(self, code, decision="approve", email=USER):
        status, page = self.world.service.portal(email).decide(code, decision)
        if status != 200:
            raise Failed(f"the portal answered {status} to {decision} {code}: {page[:300]}")

    # --- jobs

    def job(self, queue, number):
        """The local job's attributes: {name: value}."""
        test = self.world.path("desk-job.test")
        if not os.path.exists(test):
            with open(test, "w", encoding="utf-8") as file:
                file.write('{ NAME "Get-Job-Attributes" OPERATION Get-Job-Attributes GROUP operation-attributes-tag '
                           'ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en '
                           'ATTR uri printer-uri $uri ATTR integer job-id $job ATTR name requesting-user-name $user '
                           'ATTR keyword requested-attributes all }')
        _, text = run(["ipptool", "-tv", "-d", f"job={number}", f"ipp://localhost:{self.cups.port}/printers/{queue}", test],
                      check=False)
        return dict(re.findall(r"^\s+([a-z-]+) \([^)]*\) = (.*)$", text.partition("RECEIVED")[2], re.M))

    def printer(self, queue):
        """The local queue's attributes."""
        _, text = run(["ipptool", "-tv", f"ipp://localhost:{self.cups.port}/printers/{queue}",
                       "get-printer-attributes.test"], check=False)
        return dict(re.findall(r"^\s+([a-z-]+) \([^)]*\) = (.*)$", text.partition("RECEIVED")[2], re.M))

    def wait_job(self, queue, number, state="completed", seconds=60, ends=("completed", "canceled", "aborted")):
        last = {}

        def there():
            last.clear()
            last.update(self.job(queue, number))
            now = last.get("job-state")
            if now in ends and now != state:
                raise Failed(f"job {number} of {queue} is {now}, not {state}: {last.get('job-printer-state-message')}")
            return now == state
        try:
            wait_for(there, f"job {number} of {queue} {state}", seconds, 0.05)
        except Failed as failed:
            raise Failed(f"{failed}; it is {last.get('job-state')}: {last.get('job-printer-state-message')}") from None
        return last

    def wait_code(self, queue, number, seconds=20):
        """The code that a held job shows."""
        last = self.wait_job(queue, number, "pending-held", seconds)
        match = CODE.search(last.get("job-printer-state-message", ""))
        if not match:
            raise Failed(f"job {number} of {queue} shows no code: {last.get('job-printer-state-message')}")
        return match.group(1)

    def sign_in(self, queue, path, user=None):
        """The first job of somebody who has not signed in: held, approved, printed. Returns its number."""
        job = self.cups.lp(queue, path, user=user)
        self.approve(self.wait_code(queue, job))
        self.wait_job(queue, job)
        return job
