# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: arguments, a world, medians, tables."""

import argparse
import statistics

from harness.world import World


def arguments(text):
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--programs", default="build/release")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def median(values):
    return statistics.median(values)


def show(title, heads, rows):
    widths = [max(len(str(row[i])) for row in [heads, *rows]) for i in range(len(heads))]
    print(f"\n{title}")
    for row in [heads, *rows]:
        print("  ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))), flush=True)


def quiet_world(programs, queues=("Laser",), prepare=None):
    """A shared world that logs little; prepare(world) is called before its queues are shared."""
    world = World(programs, queues=queues, service_settings={"log-level": "info"},
                  connector_settings={"log-level": "info"}, cups_log_level="warn")
    world.start()
    if prepare is not None:
        prepare(world)
    world.share()
    return world
