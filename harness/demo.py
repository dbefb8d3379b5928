# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""./quickstart: the main job, shown step by step. Exit status 0 only if the pages arrived."""

import argparse
import signal
import sys
import threading
import time

from .cups import Cups
from .desk import Desk
from .printer import render
from .process import Failed
from .service import ADMIN
from .world import World


class Steps:
    """Says what is done, and how long it took."""

    def __init__(self):
        self.start = self.last = time.monotonic()

    def done(self, text):
        now = time.monotonic()
        print(f"[{now - self.start:6.2f} s] +{now - self.last:5.2f} s  {text}", flush=True)
        self.last = now


def print_quoted(text):
    print("\n".join("    | " + line for line in text.splitlines()), flush=True)


def show_share(world, steps):
    share = world.connector.share(world.service, list(world.printers), ["--qr"])
    code = share.code()
    if code is None:
        raise Failed(share.text)
    share.read_until("Waiting")
    print_quoted(share.text)
    shown = len(share.text)
    steps.done(f"printbridge share {' '.join(world.printers)}: waits until an administrator enters {code}")
    status, _ = world.service.portal().decide(code)
    if status != 200:
        raise Failed(f"the portal answered {status} to the approval")
    status, text = share.finish()
    print_quoted(text[shown:])
    if status != 0:
        raise Failed(f"printbridge share ended with {status}")
    steps.done("approved in the portal, as its administrator does: sign in, look at the code, press Approve")
    world.wait_ready()
    steps.done("the tunnel is up, both printers have reported what they can do")


def show_ipptool(world, steps):
    pdf = world.document("report.pdf", pages=5, title="Quickstart, by ipptool")
    begin = time.monotonic()
    job = world.print_job("Laser", pdf, "ATTR keyword sides two-sided-long-edge", title="Quickstart report")
    paper = world.printers["Laser"].wait_jobs(1)[0]
    steps.done(f"ipptool printed {pdf} (5 pages, two-sided) as cloud job {job}: first byte at Laser after "
               f"{(paper.first - begin) * 1000:.0f} ms, {paper.size} bytes, {paper.pages()} pages")
    world.wait_job("Laser", job)
    steps.done("the cloud job is completed: the printer's own queue has said so")
    if paper.pages() < 5:
        raise Failed(f"Laser got {paper.pages()} pages of 5")
    png = render(paper.path, world.path("page-1.png"))
    steps.done(f"page 1 as Laser got it: {png}")


def show_lp(world, steps):
    desktop = Cups(world.path("desktop")).start()
    try:
        desktop.add("CloudRaster", world.uri("Raster"), "everywhere")
        steps.done("a desktop's CUPS has added the cloud printer Raster (lpadmin -m everywhere, CUPS's own ipp backend)")
        pdf = world.document("letter.pdf", pages=3, title="Quickstart, by lp")
        desktop.lp("CloudRaster", pdf)
        paper = world.printers["Raster"].wait_jobs(1)[0]
        steps.done(f"lp printed {pdf}: {paper.size} bytes, {paper.pages()} pages of PCL at Raster")
        if paper.pages() != 3:
            raise Failed(f"Raster got {paper.pages()} pages of 3")
    finally:
        desktop.stop()


def show_backend(world, steps):
    desk = Desk(world, "desk-of-our-backend").start()
    try:
        print_quoted(desk.login())
        steps.done("printbridge login: signed in at this second desktop, the code approved in the portal")
        desk.add("CloudLaser", "Laser")
        steps.done(f"added there, as any network printer: lpadmin -p CloudLaser -E -v {desk.uri('Laser')} -m printbridge:...")
        pdf = world.document("memo.pdf", pages=4, title="Quickstart, by our backend")
        before = len(world.printers["Laser"].jobs)
        begin = time.monotonic()
        job = desk.cups.lp("CloudLaser", pdf, ["Duplex=DuplexNoTumble"])
        paper = world.printers["Laser"].wait_jobs(before + 1)[before]
        steps.done(f"lp printed {pdf} through our backend: first byte at Laser after {(paper.first - begin) * 1000:.0f} ms, "
                   f"{paper.pages()} pages")
        desk.wait_job("CloudLaser", job)
        steps.done(f"the desktop's job CloudLaser-{job} is completed: the printer's own queue has said so")
        if paper.pages() != 4 or b"/Duplex true" not in paper.data():
            raise Failed(f"Laser got {paper.pages()} pages of 4, or not two-sided")
    finally:
        desk.stop()


def show_jobs(world):
    for job in world.connector.jobs():
        print(f"    | job {job.get('cloud_job')} {job.get('title')}: {job.get('state')}; "
              + ", ".join(f"{hop['what']} {hop['at'][11:]}" for hop in job.get("hops", [])))


def main():
    parser = argparse.ArgumentParser(prog="quickstart")
    parser.add_argument("--programs", required=True)
    parser.add_argument("--once", action="store_true")
    args = parser.parse_args()
    world, status, steps = None, 1, Steps()
    try:
        world = World(args.programs)
        world.start()
        steps.done(f"up: a service at {world.service.url}, a print server (cupsd) with the queues "
                   f"{' and '.join(world.printers)}, a connector; all in {world.folder}")
        show_share(world, steps)
        show_ipptool(world, steps)
        show_lp(world, steps)
        show_backend(world, steps)
        show_jobs(world)
        status = 0
        print(f"\nDone. Portal: {world.service.url}/   administrator: {ADMIN}   password: {world.service.password}")
        for name in world.printers:
            print(f"Print to {name}: {world.uri(name)}")
        if not args.once:
            print("Everything stays up until you press Ctrl-C.", flush=True)
            stop = threading.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stop.set())
            stop.wait()
    except (Failed, OSError) as failed:
        print(f"FAILED: {failed}", file=sys.stderr)
        if world is not None:
            print(world.tail(), file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        pass
    finally:
        if world is not None:
            bad = world.stop()
            if bad:
                print(f"did not end well: {bad}", file=sys.stderr)
                status = status or 1
            print(f"What was printed, and the logs: {world.folder}")
    return status


if __name__ == "__main__":
    sys.exit(main())
