# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Time from the client's start to the first and last byte at the printer, and CPU of service and connector: through the
cloud beside the same document printed by lp to the same local queue."""

import os
import subprocess
import time

from bench.table import arguments, median, quiet_world, show


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
    finally:
        world.stop()
        world.remove()


if __name__ == "__main__":
    main()
