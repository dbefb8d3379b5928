# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Real service, connector, cupsd and printers, wires between them, and every way to hurt them all."""

import os
import re
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

    def __init__(self, programs, queues=("Laser",), has_clock=False, has_small_disks=False, has_wires=False, plant=""):
        self.world = World(programs, queues=queues, cups_log_level="info", connector_env={"PB_PLANT": plant},
                           connector_settings={"log-level": "info"}, service_settings={"log-level": "info"})
        service = self.world.service
        self.wire = Wire(service.port)
        service.settings["public-port"] = self.wire.port
        service.write_config()
        service.url = f"https://localhost:{self.wire.port}"
        self.wires = {"service": self.wire}  # what stands at its other end
        if has_wires:
            self._add_wires()
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

    def _add_wires(self):
        """Also to clients, to cupsd, and from cupsd to each printer."""
        cups, connector = self.world.cups, self.world.connector
        self.wires["client"], self.wires["cupsd"] = Wire(self.world.service.port), Wire(cups.port)
        for name, printer in self.world.printers.items():
            self.wires[f"printer {name}"] = Wire(printer.port)
            printer.seen_port = self.wires[f"printer {name}"].port
        seen = f"127.0.0.1:{self.wires['cupsd'].port}"
        connector.process.argv = [seen if word == connector.cups_server else word for word in connector.process.argv]
        connector.cups_server = seen

    def new_client(self, timeout=30, is_wired=False):
        """Beside the service: what it hears is for certain; or at the wire for clients."""
        port = self.wires["client"].port if is_wired and "client" in self.wires else self.world.service.port
        return Client(port, self.world.service.ca_file, USER, self.world.password, timeout)

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
        if what == "filter":
            self._kill_filter()
            return
        self._count(what)
        if what == "cupsd":
            self._kill_cupsd()
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
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                self._count("filter")
                return

    def has_program(self, begin):
        """Of those that cupsd has started."""
        return any(name.startswith(begin) for _, name in self._session())

    def start_cupsd(self):
        self.world.cups.tidy_after_kill()
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
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
                "ASAN_OPTIONS": "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")}

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
                self.ledger.see(job, *client.job(self.uri(job.queue), job.cloud_job))
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

    def heal(self):
        for wire in self.wires.values():
            wire.heal()

    def is_quiet(self, queue):
        """Nothing is on its way to that printer."""
        wire = self.wires.get(f"printer {queue}")
        return all(paper.is_complete for paper in self.world.printers[queue].jobs) and not (wire and wire.busy)

    def look_at_printers(self, client=None):
        """What a person does about held jobs: where there is no paper, the job is printed; where there is some, canceled."""
        client = client or self.client
        self.look(self.ledger.held(), client)
        for job in self.ledger.held():
            if not self.is_quiet(job.queue):
                continue
            self.ledger.read_papers(self.world.printers)
            try:
                if self.ledger.has_paper(job):
                    client.cancel(self.uri(job.queue), job.cloud_job)
                    job.is_canceled = True
                elif self.release(job):
                    job.was_released = True
                else:
                    continue
            except (Refused, Unanswered):
                continue
            job.state, job.message = "", ""

    def release(self, job):
        connector = self.world.connector
        return run([connector.command, "release", job.queue, str(job.cloud_job), "--runtime", connector.runtime],
                   check=False)[0] == 0

    def wait_decided(self, seconds):
        """Everything has ended, whatever a person had to decide; False: not within the time."""
        end = time.monotonic() + seconds
        while self.wait_ended(max(0.0, end - time.monotonic())):
            if not self.ledger.held():
                return True
            wait_for(lambda: all(self.is_quiet(job.queue) for job in self.ledger.held()), "the printers' quiet", 30)
            self.look_at_printers()
        return False

    def _cancel_unheard_of(self):
        """Held jobs of clients who never heard that they were taken: nobody waits for them, and nobody releases them."""
        if self.ledger.open() or self.ledger.held():
            return
        cups = self.world.cups
        _, text = run(["lpstat", "-l", "-W", "not-completed", "-o"], cups.env, check=False)
        for job in re.findall(r"^(\S+-\d+) .*\n(?:\s.*\n)*?\s+Alerts: .*job-hold-until-specified", text, re.M):
            run(["cancel", job], cups.env, check=False)

    def settle(self, seconds=120):
        """All is well again, all jobs end, all papers are read; then the verdicts."""
        self.heal()
        for name in self.mounts:
            self.free_disk(name)
        self.wait_decided(seconds)
        self._cancel_unheard_of()
        wait_for(lambda: not self.world.cups.jobs("not-completed") or self.ledger.open(), "the local jobs' ends", 30, 0.1)
        wait_for(lambda: all(paper.is_complete for printer in self.world.printers.values() for paper in printer.jobs),
                 "the printers' ends", 30)
        self.ledger.read_papers(self.world.printers)
        return self.ledger.verdicts()

    def close(self):
        self.heal()
        self.client.close()
        try:
            self.restart_dead()
            self.connector.wait_output("ready")
            bad = self.world.stop()
        finally:
            for folder in self.mounts.values():
                subprocess.run(["umount", "-l", folder], stderr=subprocess.DEVNULL, check=False)
            for wire in self.wires.values():
                wire.close()
        return bad
