# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Time from the client's start to the first and last byte at the printer, and CPU of service and connector: through the
cloud beside the same document printed by lp to the same local queue. And from a desktop's lp to the same printer: by our
backend beside CUPS's own ipp backend, both to the same service."""

import os
import subprocess
import time

from bench.table import arguments, median, quiet_world, show
from harness.desk import Desk
from harness.process import wait_for


def padded(world, name, size):
    """A one-page PostScript file of that size: its driver chain passes it on as it comes."""
    path = world.path(name + ".ps")
    with open(path, "wb") as file:
        file.write(b"%!PS-Adobe-3.0\n%%Pages: 1\n%%EndComments\n%%Page: 1 1\n")
        line = b"%" + os.urandom(48).hex().encode() + b"\n"
        while file.tell() < size:
            file.write(line)
        file.write(b"/Helvetica findfont 28 scalefont setfont 60 760 moveto (Padded) show showpage\n%%EOF\n")
    return path


def one(world, start, queue="Laser"):
    """(first byte, last byte) in seconds after start() was begun."""
    printer = world.printers[queue]
    before = len(printer.jobs)
    begin = time.monotonic()
    process = start()
    first = printer.wait_first_byte(before)
    printer.wait_jobs(before + 1, 300)
    process.wait()
    return first - begin, printer.jobs[before].last - begin


def from_desktop(world, rounds):
    """Rows of a table: each document by both backends, in turn."""
    documents = [("1 page", world.document("one.pdf", pages=1)), ("1 MB", world.document("one-mb.pdf", filler_bytes=1_000_000)),
                 ("50 MB", world.document("fifty-mb.pdf", filler_bytes=50_000_000)),
                 ("200 pages", world.document("many.pdf", pages=200))]
    desk = Desk(world, log_level="warn").start()
    rows = []
    try:
        desk.login()
        desk.add("Ours", "Laser")
        # Without a PPD, too, it sends the document as it is: with one (everywhere) its filters make another PDF of it first.
        desk.cups.add("Everywhere", world.uri("Laser"), "everywhere")
        desk.cups.add("Raw", world.uri("Laser"), "raw")
        env = dict(os.environ, **desk.cups.env)

        def timed(queue, path):
            taken = one(world, lambda: subprocess.Popen(["lp", "-d", queue, path], stdout=subprocess.DEVNULL, env=env))
            wait_for(lambda: not desk.cups.jobs("not-completed"), f"the end of the job of {queue}", 120)
            return taken
        for name, path in documents:
            times = {"Everywhere": [], "Raw": [], "Ours": []}
            for _ in range(rounds):
                for queue, taken in times.items():
                    taken.append(timed(queue, path))
            row = [name]
            for at in (0, 1):
                everywhere, raw, ours = (median([taken[at] for taken in taken_all]) for taken_all in times.values())
                row += [f"{everywhere * 1000:.0f}", f"{raw * 1000:.0f}", f"{ours * 1000:.0f}", f"{ours / raw:.2f}"]
            rows.append(row)
    finally:
        desk.stop()
    return rows


def main():
    args = arguments(__doc__)
    world = quiet_world(args.programs)
    try:
        documents = [("10 KB", padded(world, "10k", 10_000)), ("1 MB", padded(world, "1m", 1_000_000)),
                     ("50 MB", padded(world, "50m", 50_000_000)),
                     ("200-page PDF", world.document("200.pdf", pages=200))]
        env = dict(os.environ, **world.cups.env, HOME=world.folder)
        rows = []
        for name, path in documents:
            test = world.path("bench.test")
            kind = "application/pdf" if path.endswith(".pdf") else "application/postscript"
            with open(test, "w", encoding="utf-8") as file:
                file.write('{ NAME "Print-Job" OPERATION Print-Job GROUP operation-attributes-tag ATTR charset '
                           'attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en ATTR uri '
                           f'printer-uri $uri ATTR mimeMediaType document-format {kind} FILE "{path}" STATUS successful-ok }}')
            cloud, local, cpu = [], [], []
            daemons = (world.service.process, world.connector.process)
            for _ in range(args.rounds):
                quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env}
                local.append(one(world, lambda: subprocess.Popen(["lp", "-d", "Laser", path], **quiet)))
                used = sum(p.cpu_seconds() for p in daemons)
                cloud.append(one(world, lambda: subprocess.Popen(["ipptool", world.uri("Laser"), test], **quiet)))
                cpu.append(sum(p.cpu_seconds() for p in daemons) - used)
            lf, ll = median([x[0] for x in local]), median([x[1] for x in local])
            cf, cl = median([x[0] for x in cloud]), median([x[1] for x in cloud])
            rows.append([name, f"{lf * 1000:.0f}", f"{cf * 1000:.0f}", f"{(cf - lf) * 1000:+.0f}", f"{cf / lf:.2f}",
                         f"{ll * 1000:.0f}", f"{cl * 1000:.0f}", f"{cl / ll:.2f}", f"{median(cpu) * 1000:.0f}"])
        show(f"To the printer, ms, medians of {args.rounds}",
             ["document", "lp first", "cloud first", "added", "ratio", "lp last", "cloud last", "ratio", "daemons' CPU"], rows)
        show(f"Desktop to printer, ms, medians of {args.rounds}: CUPS's ipp backend and ours",
             ["PDF", "everywhere first", "raw first", "ours first", "ours/raw", "everywhere last", "raw last", "ours last",
              "ours/raw"], from_desktop(world, args.rounds))
    finally:
        world.stop()
        world.remove()


if __name__ == "__main__":
    main()
