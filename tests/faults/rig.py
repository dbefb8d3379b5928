# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Real service, connector, cupsd and printers, with a wire between connector and service, and every way to hurt them."""

import os
import signal
import subprocess
import time

from harness.ipp import Client, Refused, Unanswered
from harness.process import Failed, is_listening, run, wait_for
from harness.wire import Wire
from harness.world import USER, World
from tests.faults.ledger import Ledger, document

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


class Rig:
    """Its parts are restarted as an init system would, with the fault that they get next in their environment."""

    def __init__(self, programs, queues=("Laser",), has_clock=False, has_small_disks=False, plant=""):
        self.world = World(programs, queues=queues, cups_log_level="info", connector_env={"PB_PLANT": plant},
                           connector_settings={"log-level": "info"}, service_settings={"log-level": "info"})
        service = self.world.service
        self.wire = Wire(service.port)
        service.settings["public-port"] = self.wire.port
        service.write_config()
        service.url = f"https://localhost:{self.wire.port}"
        self.ledger, self.kills, self.mounts = Ledger(), {}, {}
        self.clock_file = self.world.path("clock")
        if has_clock and os.path.exists(FAKETIME):
            self.set_clock(0)
            self.connector.env.update(self.clock_env())
        if has_small_disks:
            self._mount("spool", os.path.join(service.settings["data-folder"], "spool"), 24)
            self._mount("state", self.world.connector.state, 16)
        self.world.start()
        self.client = self.new_client()
        self.world.share()

    @property
    def connector(self):
        return self.world.connector.process

    @property
    def service(self):
        return self.world.service.process

    def new_client(self, timeout=30):
        """Beside the service: what it hears is for certain."""
        return Client(self.world.service.port, self.world.service.ca_file, USER, self.world.password, timeout)

    # --- processes

    def _count(self, what):
        self.kills[what] = self.kills.get(what, 0) + 1

    def start_service(self, fault=""):
        """Until it listens, or has died of the fault."""
        self.service.env["PB_FAULT"] = fault
        self.client.close()
        self.service.start()
        wait_for(lambda: is_listening(self.world.service.port) or not self.service.is_running(), "the service", 30)

    def start_connector(self, fault=""):
        self.connector.env["PB_FAULT"] = fault
        self.connector.start()

    def kill(self, what):
        self._count(what)
        if what == "cupsd":
            self._kill_cupsd()
        elif what == "filter":
            self._kill_filter()
        else:
            getattr(self, what).kill()

    def _session(self):
        """cupsd and everything that it has started."""
        _, text = run(["ps", "-o", "pid=,comm=", "-s", str(self.world.cups.process.pid)], check=False)
        return [(int(line.split(None, 1)[0]), line.split(None, 1)[1].strip()) for line in text.splitlines() if line.strip()]

    def _kill_cupsd(self):
        """The whole of it at once, as systemd does."""
        pids = [pid for pid, _ in self._session()]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        for pid, _ in self._session():  # what was forked meanwhile
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.world.cups.process.popen.wait()

    def _kill_filter(self):
        for pid, name in self._session():
            if name.startswith("printbridgefetc"):
                os.kill(pid, signal.SIGKILL)
                return

    def start_cupsd(self):
        self.world.cups.start()

    def restart_dead(self, faults=None):
        """Whatever has died is started again. Returns what."""
        died = []
        for name, start in (("service", self.start_service), ("connector", self.start_connector)):
            process = getattr(self, name)
            if process.is_running():
                continue
            if process.popen.returncode != -signal.SIGKILL:
                raise Failed(f"{name} ended by itself ({process.popen.returncode}):\n{process.output()[-3000:]}")
            if process.env.get("PB_FAULT"):
                self._count("fault point")
            died.append(name)
            start((faults or {}).get(name, ""))
        if not self.world.cups.process.is_running():
            died.append("cupsd")
            self.start_cupsd()
        return died

    # --- the disk, the clock

    def _mount(self, name, folder, megabytes):
        if os.geteuid() != 0:
            return
        os.makedirs(folder, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "printbridge-test", folder],
                              stderr=subprocess.DEVNULL, check=False)
        if done.returncode == 0:
            self.mounts[name] = folder

    def fill_disk(self, name):
        """To the last byte; False: there is no such disk."""
        folder = self.mounts.get(name)
        if folder is None:
            return False
        with open(os.path.join(folder, "filler"), "wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        if file.write(b"x" * size) < size:
                            break
                except OSError:
                    pass
        return True

    def free_disk(self, name):
        try:
            os.unlink(os.path.join(self.mounts[name], "filler"))
        except (KeyError, FileNotFoundError):
            pass

    def set_clock(self, seconds):
        """How far the connector's clock is off, from now on."""
        with open(self.clock_file + ".new", "w", encoding="ascii") as file:
            file.write(f"{seconds:+d}\n")
        os.replace(self.clock_file + ".new", self.clock_file)

    def clock_env(self):
        return {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": self.clock_file, "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}

    # --- jobs

    def uri(self, queue):
        return self.world.uris[queue]

    def send(self, job, filler_bytes=0, client=None):
        """Print it; what the client heard is in the ledger. Unanswered and refused are no acceptance."""
        client = client or self.client
        end = time.monotonic() + 10  # a service that is known to be away is not asked
        while not self.service.is_running() and time.monotonic() < end:
            time.sleep(0.01)
        documents = [document(job.number, number, filler_bytes) for number in range(1, job.documents + 1)]
        try:
            self.ledger.accept(job, client.print_job(self.uri(job.queue), f"job {job.number}", documents))
        except (Unanswered, Refused) as error:
            job.message = f"not accepted: {error}"
        return job

    def look(self, jobs, client=None):
        """Ask the service about them."""
        client = client or self.client
        for job in jobs:
            try:
                job.state, job.reasons, job.message = client.job(self.uri(job.queue), job.cloud_job)
            except Refused as error:
                job.message = str(error)
            except Unanswered:
                return

    def wait_ended(self, seconds=120):
        """Everything accepted has ended; False: not within the time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.restart_dead()
            self.look(self.ledger.open())
            if not self.ledger.open():
                return True
            time.sleep(0.05)
        return False

    def settle(self, seconds=120):
        """All is well again, all jobs end, all papers are read; then the verdicts."""
        self.wire.heal()
        for name in self.mounts:
            self.free_disk(name)
        self.wait_ended(seconds)
        held = sum(self.ledger.is_held(job) for job in self.ledger.jobs)
        wait_for(lambda: len(self.world.cups.jobs("not-completed")) <= held or self.ledger.open(), "the local jobs' ends",
                 30, 0.1)
        wait_for(lambda: all(paper.is_complete for printer in self.world.printers.values() for paper in printer.jobs),
                 "the printers' ends", 30)
        self.ledger.read_papers(self.world.printers)
        return self.ledger.verdicts()

    def close(self):
        self.wire.heal()
        self.client.close()
        try:
            self.restart_dead()
            self.connector.wait_output("ready")
            bad = self.world.stop()
        finally:
            for folder in self.mounts.values():
                subprocess.run(["umount", "-l", folder], stderr=subprocess.DEVNULL, check=False)
            self.wire.close()
        return bad
