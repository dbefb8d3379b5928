# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Jobs without end while processes die, the network fails, disks fill and the clock jumps; then what became of each job.

What happens at step n is a function of the seed and of n alone, so that a run replays from its seed."""

import argparse
import collections
import faulthandler
import queue as queues
import random
import signal
import sys
import threading
import time

from harness.ipp import Refused, Unanswered
from harness.process import wait_for
from tests.faults.points import POINTS
from tests.faults.rig import Rig

QUEUES = ("Laser", "Laser2", "Laser3", "Laser4")
OPEN_MAX = 40     # jobs that are under way at once
SENDERS = 4
STUCK_SECONDS = 180
LOOK_SECONDS = 3  # how often somebody looks at the printers

KILLS = {"connector": 5, "service": 4, "cupsd": 2, "filter": 1}
# What is forgotten is noticed by a ping without an answer only, so that it takes its time.
NETWORK = {"cut": 6, "half-close": 4, "half-close-back": 4, "refuse": 4, "silence": 3, "forget": 1, "delay": 3, "throttle": 3}
# Which wire is hurt, and what it is spared. Nobody forgets a connection to the cupsd of the same host. What a printer gets
# over a raw socket nobody acknowledges: what is cut there CUPS has lost or doubled, and nobody can know.
WIRES = {"service": 12, "client": 4, "cupsd": 4, "printer": 3}
SPARED = {"cupsd": ("forget",), "printer": ("cut", "half-close", "half-close-back", "forget", "refuse")}

Step = collections.namedtuple("Step", "queue documents filler is_canceled kill fault network wire disk clock seconds")


def plan(seed, number, queues_=QUEUES, rate=0.12, kills=KILLS):
    """What is done at step `number`."""
    dice = random.Random(f"{seed}/{number}")
    kill = fault = network = wire = disk = clock = ""
    documents = 2 if dice.random() < 0.2 else 1
    filler = dice.choice((0, 0, 0, 20_000, 200_000, 700_000))
    queue, is_canceled = dice.choice(queues_), dice.random() < 0.03
    if dice.random() < rate:
        kill = dice.choices(list(kills), list(kills.values()))[0]
        named = [point.name for point in POINTS if point.process == kill]
        if named and dice.random() < 0.6:
            fault = f"{dice.choice(named)}:{dice.randint(1, 12)}"
    if dice.random() < rate:
        wire = dice.choices(list(WIRES), list(WIRES.values()))[0]
        kinds = {name: weight for name, weight in NETWORK.items() if name not in SPARED.get(wire, ())}
        network = dice.choices(list(kinds), list(kinds.values()))[0]
    if dice.random() < 0.01:
        disk = dice.choice(("spool", "state"))
    if dice.random() < 0.01:
        clock = dice.choice((-86400, -3600, 3600, 86400, 3 * 86400))
    wire = f"printer {queue}" if wire == "printer" else wire
    return Step(queue, documents, filler, is_canceled, kill, fault, network, wire, disk, clock, dice.uniform(0.1, 2.0))


class Soak:
    def __init__(self, programs, seed, rate=0.12, plant="", has_faults=True, kills=tuple(KILLS)):
        self.kinds = {name: KILLS[name] for name in kills}
        self.seed, self.rate, self.has_faults = seed, rate, has_faults
        self.rig = Rig(programs, queues=QUEUES, has_clock=has_faults, has_small_disks=has_faults, has_wires=has_faults,
                       plant=plant)
        self.faults, self.network = collections.Counter(), collections.Counter()
        self.work, self.steps = queues.Queue(maxsize=8), 0
        self.ends = []        # [(when, what to do then)]
        self.armed = {}       # process: fault that it is started with next
        self.is_over = threading.Event()
        self.trouble = None   # of a thread
        self.begin = None

    # --- threads

    def _thread(self, target):
        def run():
            try:
                target()
            except BaseException as error:  # pylint: disable=broad-except
                self.trouble = error
                raise
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def _send(self):
        client = self.rig.new_client(timeout=10, is_wired=True)
        while True:
            step = self.work.get()
            if step is None:
                return
            job = self.rig.ledger.new(step.queue, step.documents)
            self.rig.send(job, step.filler, client)
            if job.cloud_job is None:
                time.sleep(0.2)  # as a person would, though shorter
            if step.is_canceled and job.cloud_job is not None:
                job.is_canceled = True
                try:
                    client.cancel(self.rig.uri(job.queue), job.cloud_job)
                except (Refused, Unanswered):
                    pass

    def _watch(self):
        client, looked = self.rig.new_client(), time.monotonic()
        while not self.is_over.wait(0.3):
            self.rig.look(self.rig.ledger.open(), client)
            if time.monotonic() - looked > LOOK_SECONDS:
                self.rig.look_at_printers(client)
                looked = time.monotonic()

    # --- faults

    def _later(self, seconds, do):
        self.ends.append((time.monotonic() + seconds, do))

    def _tend(self):
        """Ends what is over; starts again what has died."""
        now = time.monotonic()
        for entry in [entry for entry in self.ends if entry[0] <= now]:
            self.ends.remove(entry)
            entry[1]()
        for name in self.rig.restart_dead(self.armed):
            self.armed.pop(name, None)

    def _hurt_network(self, name, what, seconds):
        wire = self.rig.wires[name]
        instant = {"cut": wire.cut, "half-close": wire.half_close, "half-close-back": lambda: wire.half_close(False),
                   "forget": wire.forget}
        lasting = {"refuse": ("refuses", True), "silence": ("is_silent", True), "delay": ("delay_seconds", 0.1),
                   "throttle": ("bytes_per_second", 30_000)}
        self.network[name.partition(" ")[0], what] += 1
        if what in instant:
            instant[what]()
            return
        name, value = lasting[what]
        usual = {"bytes_per_second": None, "delay_seconds": 0}.get(name, False)
        setattr(wire, name, value)
        self._later(seconds, lambda: setattr(wire, name, usual))

    def _hurt(self, step):
        if step.network:
            self._hurt_network(step.wire, step.network, step.seconds)
        if step.disk and self.rig.fill_disk(step.disk):
            self.faults["disk"] += 1
            self._later(step.seconds, lambda: self.rig.free_disk(step.disk))
        if step.clock:
            self.faults["clock"] += 1
            self.rig.set_clock(step.clock)
        if step.kill:
            if step.fault:
                self.armed[step.kill] = step.fault
            self.rig.kill(step.kill)

    # --- the whole

    def run(self, minutes=None, jobs=None, say=lambda text: None):
        """Until the time is over, or so many jobs are accepted. Returns the verdicts."""
        self.begin = time.monotonic()
        end = time.monotonic() + minutes * 60 if minutes else None
        senders = [self._thread(self._send) for _ in range(SENDERS)]
        self._thread(self._watch)
        said = time.monotonic()
        while (end is None or time.monotonic() < end) and self.trouble is None and (
                jobs is None or self.rig.ledger.accepted < jobs):
            self._tend()
            self.rig.ledger.read_papers(self.rig.world.printers)
            if time.monotonic() - said > 30:
                said = time.monotonic()
                say(self.line())
            if self.work.full() or len(self.rig.ledger.open()) >= OPEN_MAX:
                time.sleep(0.02)
                continue
            step = plan(self.seed, self.steps, rate=self.rate, kills=self.kinds)
            self.steps += 1
            if self.has_faults:
                self._hurt(step)
            self.work.put(step)
        for _ in senders:
            while self.work.full():
                self._tend()
                time.sleep(0.02)
            self.work.put(None)
        wait_for(lambda: self._tend() or not any(thread.is_alive() for thread in senders), "the clients' ends", 120, 0.05)
        self.is_over.set()
        if self.trouble is not None:
            raise self.trouble
        for _, do in self.ends:
            do()
        self.rig.restart_dead()
        return self.rig.settle(STUCK_SECONDS if self.has_faults else 20)

    def line(self):
        return (f"steps {self.steps}, {self.rig.ledger.counts()}, kills {sum(self.rig.kills.values())}, "
                f"network {sum(self.network.values())}, {dict(self.faults)}")

    def report(self, verdicts):
        """As docs/RELIABILITY.md has it."""
        counts, kills = self.rig.ledger.counts(), self.rig.kills
        by_wire, by_kind = collections.Counter(), collections.Counter()
        for (wire, kind), count in self.network.items():
            by_wire[wire] += count
            by_kind[kind] += count

        def listed(found):
            return ", ".join(f"{name} {count}" for name, count in sorted(found.items(), key=lambda one: -one[1]))
        rows = [("seed", f"{self.seed}"),
                ("time", f"{(time.monotonic() - self.begin) / 60:.1f} minutes"),
                ("jobs", f"{counts['jobs']} sent, {counts['accepted']} accepted, {counts['completed']} completed"),
                ("kills", f"{sum(kills.values())}: {listed(kills)}"),
                ("network faults", f"{sum(self.network.values())}: {listed(by_kind)}"),
                ("at the wires to", listed(by_wire)),
                ("full disks, jumps of the clock", f"{self.faults['disk']}, {self.faults['clock']}"),
                ("held for somebody to look at the printer", f"{counts['held']}; of them {counts['released']} printed then"),
                ("canceled, by clients or because the paper was there", f"{counts['canceled']}"),
                ("longest wait of a job for its end", f"{self.rig.ledger.longest_wait():.0f} s")]
        rows += [(f"**{kind}**", f"**{len(found)}**") for kind, found in verdicts.items()]
        lines = ["| what | how much |", "|--|--|"] + [f"| {what} | {much} |" for what, much in rows]
        for kind, found in verdicts.items():
            lines += [f"{kind}: {text}" for text in found[:20]]
        return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--jobs", type=int, help="end after so many accepted ones instead")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--rate", type=float, default=0.12, help="kills a job, and network faults a job")
    parser.add_argument("--kills", default=",".join(KILLS), help="which processes are killed")
    parser.add_argument("--programs", default="build/dev")
    parser.add_argument("--keep", action="store_true", help="keep the folder whatever comes")
    args = parser.parse_args()
    faulthandler.register(signal.SIGUSR1)  # where it hangs, should it
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}", flush=True)
    soak = Soak(args.programs, seed, args.rate, kills=args.kills.split(","))
    print(f"logs: {soak.rig.world.folder}", flush=True)
    verdicts = None
    try:
        verdicts = soak.run(None if args.jobs else args.minutes, args.jobs, lambda text: print(text, flush=True))
        print(soak.report(verdicts), flush=True)
    finally:
        bad = soak.rig.close()
    is_well = verdicts is not None and not any(verdicts.values()) and not bad
    if bad:
        print(f"did not end well: {bad}")
    if is_well and not args.keep:
        soak.rig.world.remove()
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
