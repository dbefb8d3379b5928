# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Too much of everything: thousands of jobs that wait for one printer, hundreds of queues on one connector, hundreds of
clients at once. Figures, and whether anything was lost; tests/e2e/test_overload.py is the short form."""

import argparse
import concurrent.futures
import os
import re
import shutil
import statistics
import threading
import time

from bench.table import show
from harness.ipp import (CANCEL_MY_JOBS, GET_JOBS, GET_PRINTERS, INTEGER, KEYWORD, MIME, NAME, PRINT_JOB, Client, Refused,
                         Unanswered)
from harness.process import run, wait_for
from harness.service import ADMIN
from harness.world import USER, LASER, World

BUSY = 0x0507
PAGE = (b"%!PS-Adobe-3.0\n%%Pages: 1\n%%EndComments\n%%Page: 1 1\n/Helvetica findfont 28 scalefont setfont 60 760 moveto "
        b"(Overload) show showpage\n%%EOF\n")


def say(text):
    print(text, flush=True)


def client_of(world, user=USER, password=None, timeout=120):
    return Client(world.service.port, world.service.ca_file, user, password or world.password, timeout)


def print_page(client, uri, title="overload", document=PAGE):
    return client.request(PRINT_JOB, uri, (NAME, "job-name", title), (MIME, "document-format", "application/postscript"),
                          document=document)["job-id"]


def mebibytes(process, which="VmRSS"):
    return process.memory_bytes(which) / 2**20


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def timed(function, *args):
    begin = time.monotonic()
    function(*args)
    return time.monotonic() - begin


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else float("nan")


class Crowd:
    """`count` clients, each with a connection of its own, that print to one URI until told to stop or `total` is reached."""

    def __init__(self, world, uri, count, total, document=PAGE):
        self.world, self.uri, self.count, self.left, self.document = world, uri, count, total, document
        self.lock = threading.Lock()
        self.seconds, self.jobs, self.busy, self.unanswered = [], [], 0, 0

    def take(self):
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def work(self):
        client = client_of(self.world)
        while self.take():
            begin = time.monotonic()
            try:
                job = print_page(client, self.uri, document=self.document)
                with self.lock:
                    self.seconds.append(time.monotonic() - begin)
                    self.jobs.append(job)
            except Refused as refused:
                if refused.status not in (BUSY, 503):
                    raise
                with self.lock:
                    self.busy += 1
            except Unanswered:
                with self.lock:
                    self.unanswered += 1
        client.close()

    def run(self):
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(self.count) as pool:
            for done in [pool.submit(self.work) for _ in range(self.count)]:
                done.result()
        return time.monotonic() - begin


def make_world(programs, queues, **service):
    world = World(programs, queues=queues, service_settings={"log-level": "info", **service},
                  connector_settings={"log-level": "info"}, cups_log_level="warn")
    world.start()
    return world


def end_to_end(world, client, queue):
    """Seconds of a page to that queue, from its sending to "completed"."""
    begin = time.monotonic()
    job = print_page(client, world.uris[queue])
    wait_for(lambda: client.job(world.uris[queue], job)[0] == "completed", f"job {job} of {queue}", 120, 0.01)
    return time.monotonic() - begin


def drain_rate(world, client, queue, seconds):
    """Papers a second."""
    printer = world.printers[queue]
    before = len(printer.complete())
    time.sleep(seconds)
    return (len(printer.complete()) - before) / seconds


def beside(world, queue, action):
    """Seconds that the action took, and those of jobs to that queue meanwhile."""
    others, is_over = [], threading.Event()

    def others_print():
        client = client_of(world)
        while not is_over.is_set():
            others.append(end_to_end(world, client, queue))
        client.close()
    thread = threading.Thread(target=others_print)
    thread.start()
    try:
        took = timed(action)
    finally:
        is_over.set()
        thread.join()
    return took, others


def questions(world, client, uri):
    """(what, milliseconds) of what people and connectors ask."""
    admin = client_of(world, ADMIN, world.service.passwords[ADMIN])
    portal = world.service.portal()
    asked = {
        "Get-Jobs not-completed": lambda: admin.request(GET_JOBS, uri, (KEYWORD, "requested-attributes", "job-id")),
        "Get-Jobs fetchable, limit 100": lambda: admin.request(
            GET_JOBS, uri, (KEYWORD, "which-jobs", "fetchable"), (INTEGER, "limit", 100),
            (KEYWORD, "requested-attributes", "job-id")),
        "Get-Printer-Attributes": lambda: client.request(0x000b, uri),
        "portal /jobs": lambda: portal.open("/jobs"),
        "portal /printers": lambda: portal.open("/printers"),
    }
    rows = []
    for what, ask in asked.items():
        ask()
        rows.append((what, statistics.median(timed(ask) for _ in range(5)) * 1000))
    admin.close()
    return rows


def backlog(args):
    """`jobs` wait for Laser, whose queue is stopped; Laser2 beside it."""
    world = make_world(args.programs, ("Laser", "Laser2"), **{"jobs-per-printer": args.jobs})
    try:
        world.share()
        daemons = (world.service.process, world.connector.process)
        client = client_of(world)
        uri = world.uris["Laser"]
        before = questions(world, client, uri)
        alone = statistics.median(end_to_end(world, client, "Laser2") for _ in range(5))
        run(["cupsdisable", "Laser"], world.cups.env)
        rows, jobs = [], []
        for step in range(args.steps):
            crowd = Crowd(world, uri, 8, args.jobs // args.steps)
            took = crowd.run()
            jobs += crowd.jobs
            local = len(world.cups.jobs("not-completed"))
            rows.append([len(jobs), f"{len(crowd.jobs) / took:.0f}", f"{percentile(crowd.seconds, .5) * 1000:.0f}",
                         f"{percentile(crowd.seconds, .99) * 1000:.0f}", f"{mebibytes(daemons[0]):.1f}",
                         f"{mebibytes(daemons[1]):.1f}", local, f"{end_to_end(world, client, 'Laser2') * 1000:.0f}"])
        show(f"{args.jobs} jobs for a stopped queue, 8 clients; another queue alone: {alone * 1000:.0f} ms",
             ["waiting", "jobs/s", "median ms", "99 % ms", "service MiB", "connector MiB", "in CUPS", "other queue ms"], rows)
        try:
            print_page(client, uri)
            say("NOT REFUSED: one more than jobs-per-printer")
        except Refused as refused:
            say(f"one more: {refused}")
        after = questions(world, client, uri)
        show("Questions, ms", ["what", "no jobs", f"{len(jobs)} waiting"],
             [[what, f"{ms:.1f}", f"{dict(after)[what]:.1f}"] for what, ms in before])

        def restart(part):
            part.stop()
            part.start()
        took = timed(lambda: restart(world.service)), timed(lambda: (restart(world.connector), world.connector.wait_tunnel()))
        say(f"restarted: service {took[0]:.2f} s, connector {took[1]:.2f} s")
        client.close()
        run(["cupsenable", "Laser"], world.cups.env)
        wait_for(lambda: world.printers["Laser"].complete(), "the first paper", 60)
        cpu = [p.cpu_seconds() for p in daemons]
        rate = drain_rate(world, client, "Laser", args.seconds)
        used = [(p.cpu_seconds() - c) / max(rate * args.seconds, 1) * 1000 for p, c in zip(daemons, cpu)]
        say(f"printed with {len(jobs)} waiting: {rate:.1f} jobs/s, {used[0]:.1f} + {used[1]:.1f} ms of CPU each")
        took, others = beside(world, "Laser2", lambda: client.request(CANCEL_MY_JOBS, uri))
        say(f"Cancel-My-Jobs: {took:.1f} s; meanwhile {len(others)} jobs of the other queue, "
              f"median {percentile(others, .5) * 1000:.0f} ms, longest {max(others, default=0) * 1000:.0f} ms")
        wait_for(lambda: not world.cups.jobs("not-completed"), "no local jobs", 60)
        few = Crowd(world, uri, 8, 300)
        few.run()
        rate = drain_rate(world, client, "Laser", min(args.seconds, 20))
        say(f"printed with 300 waiting: {rate:.1f} jobs/s")
        show("Memory at its highest, MiB", ["daemon", "peak"], [[p.name, f"{mebibytes(p, 'VmHWM'):.1f}"] for p in daemons])
    finally:
        world.stop()
        world.remove()


def clients(args):
    """`clients` at once, each with some jobs, to two queues."""
    world = make_world(args.programs, ("Laser", "Laser2"))
    try:
        world.share()
        for queue in ("Laser", "Laser2"):
            run(["cupsdisable", queue], world.cups.env)
        rows = []
        large = PAGE.replace(b"%%EOF", (b"%" + b"x" * 98 + b"\n") * (args.megabytes * 10000) + b"%%EOF")
        for count, document in ((1, PAGE), (20, PAGE), (args.clients, PAGE), (args.clients, large)):
            total = max(200, count * 10) if document is PAGE else count
            crowd = Crowd(world, world.uris["Laser"], count, total, document)
            cpu = world.service.process.cpu_seconds()
            took = crowd.run()
            rows.append([f"{count}" if document is PAGE else f"{count}, {args.megabytes} MB each", len(crowd.jobs), crowd.busy, crowd.unanswered, f"{len(crowd.jobs) / took:.0f}",
                         f"{percentile(crowd.seconds, .5) * 1000:.0f}", f"{percentile(crowd.seconds, .99) * 1000:.0f}",
                         f"{max(crowd.seconds) * 1000:.0f}", f"{(world.service.process.cpu_seconds() - cpu) / took * 100:.0f}",
                         f"{mebibytes(world.service.process):.1f}", descriptors(world.service.process)])
        show("Clients at once, Print-Job", ["clients", "jobs", "busy", "unanswered", "jobs/s", "median ms", "99 % ms", "max ms",
                                            "CPU %", "service MiB", "descriptors"], rows)
    finally:
        world.stop()
        world.remove()


def queues(args):
    """`queues` of one connector: shared in parts of 50, the connector started anew, a job to each."""
    names = [f"Q{i:03}" for i in range(args.queues)]
    world = make_world(args.programs, ("Laser",))
    try:
        took = timed(lambda: add_queues(world, names))
        say(f"{len(names)} queues made in {took:.1f} s")
        rows = []
        names.append("Laser")
        for first in range(0, len(names), 50):
            part = names[first:first + 50]
            took = timed(lambda: world.share(part))
            if len(part) < 50 or (first + 50) % 250 == 0:
                rows.append([first + len(part), f"{took:.1f}", f"{mebibytes(world.service.process):.1f}",
                             f"{mebibytes(world.connector.process):.1f}"])
        show("Shared, 50 at a time", ["queues", "s for the last", "service MiB", "connector MiB"], rows)
        world.connector.stop()
        world.connector.start()
        begin = time.monotonic()
        shared = len(world.uris)
        wait_for(lambda: world.connector.process.output().count("in step with") >= shared, "all queues in step", 300, 0.1)
        say(f"connector started anew: all {shared} queues in step after {time.monotonic() - begin:.1f} s, "
              f"{world.connector.process.cpu_seconds():.1f} s of CPU, {mebibytes(world.connector.process):.1f} MiB")
        client = client_of(world)
        for limit in (10, 250):
            took = statistics.median(timed(lambda: client.request(
                GET_PRINTERS, re.sub(r"/ipp/print/\d+$", "/ipp/system", world.uris["Laser"]), (INTEGER, "limit", limit)))
                for _ in range(3))
            say(f"Get-Printers limit {limit}: {took * 1000:.0f} ms")
        idle = [p.cpu_seconds() for p in (world.service.process, world.connector.process)]
        time.sleep(20)
        busy = [(p.cpu_seconds() - c) / 20 * 100
                for p, c in zip((world.service.process, world.connector.process), idle)]
        say(f"idle: service {busy[0]:.1f} %, connector {busy[1]:.1f} % of a core")
        jobs = {}
        took = timed(lambda: jobs.update({name: print_page(client, world.uris[name]) for name in world.uris}))
        begin = time.monotonic()
        wait_for(lambda: all(client.job(world.uris[name], job)[0] == "completed" for name, job in jobs.items()),
                 "all jobs", 600, 1)
        say(f"a job to each: sent in {took:.1f} s, all completed {time.monotonic() - begin:.1f} s later")
    finally:
        world.stop()
        world.remove()


def add_queues(world, names):
    """As many as one, into cupsd's files: lpadmin takes half a second for each. What they print is thrown away."""
    folder = os.path.join(world.cups.folder, "etc")
    world.cups.stop()
    with open(os.path.join(folder, "printers.conf"), encoding="utf-8") as file:
        laser = re.search(r"<(?:Default)?Printer Laser>.*?</(?:Default)?Printer>", file.read(), re.S).group(0)
    with open(os.path.join(folder, "printers.conf"), "a", encoding="utf-8") as file:
        for name in names:
            text = re.sub(r"^DeviceURI .*$", "DeviceURI file:///dev/null", laser, flags=re.M)
            text = re.sub(r"^UUID .*\n", "", text, flags=re.M)
            file.write(re.sub(r"<(?:Default)?Printer Laser>", f"<Printer {name}>", text).replace("</DefaultPrinter>", "</Printer>") + "\n")
            shutil.copy(os.path.join(folder, "ppd", "Laser.ppd"), os.path.join(folder, "ppd", f"{name}.ppd"))
    world.cups.start(seconds=300)  # it makes a cache of each PPD


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["backlog", "clients", "queues"], choices=["backlog", "clients", "queues"])
    parser.add_argument("--programs", default="build/release")
    parser.add_argument("--jobs", type=int, default=10000)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--megabytes", type=int, default=5)
    parser.add_argument("--queues", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30)
    args = parser.parse_args()
    for what in args.what:
        globals()[what](args)


if __name__ == "__main__":
    main()
