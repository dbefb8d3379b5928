# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Resident memory of service and connector: idle, and the peak while 200 MB go through."""

from bench.latency import padded
from bench.table import arguments, quiet_world, show


def main():
    args = arguments(__doc__)
    world = quiet_world(args.programs)
    try:
        daemons = (world.service.process, world.connector.process)
        idle = [p.memory_bytes() for p in daemons]
        world.printers["Laser"].keep = False
        job = world.print_job("Laser", padded(world, "200m", 200_000_000))
        world.wait_job("Laser", job, seconds=300)
        peak = [p.memory_bytes("VmHWM") for p in daemons]
        show("Resident memory, MiB", ["daemon", "idle", "peak with 200 MB", "ratio"],
             [[p.name, f"{i / 2**20:.1f}", f"{k / 2**20:.1f}", f"{k / i:.2f}"] for p, i, k in zip(daemons, idle, peak)])
    finally:
        world.stop()
        world.remove()


if __name__ == "__main__":
    main()
