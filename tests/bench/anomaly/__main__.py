"""`make bench-anomaly`: what the watch of costs finds of what goes wrong, and says for nothing.

Weeks of generated costs with known mishaps, made of recorded traces; ten quiet days are the past
that the watch starts from. Seeds below 21 were looked at when detectors and rules were chosen.
"""

import argparse
import os
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

from streams.config.fields import EPOCH
from tests.bench.anomaly.drive import Saying, drive
from tests.bench.anomaly.judge import Score, judge
from tests.bench.anomaly.leaks import WEEKS as LEAK_WEEKS
from tests.bench.anomaly.leaks import leak_table, leaks_of
from tests.bench.anomaly.mishaps import QUIET
from tests.bench.anomaly.season import DAY, WEEK
from tests.bench.anomaly.tables import tables
from tests.bench.anomaly.world import Inputs, draw_world
from tests.bench.report import headline

SEEDS = (21, 22, 23, 24)
LEAST_WEEKS = QUIET // WEEK + 1


def main() -> None:
    """Read the command line, run each seed, print."""
    parser = argparse.ArgumentParser(prog="make bench-anomaly", description=__doc__)
    parser.add_argument("folder", type=Path, help="with the traces and the price maps")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--weeks", type=int, default=3, help="of each seed")
    parser.add_argument("--leaks", action="store_true", help="of growth alone, in five weeks")
    parser.add_argument("--details", action="store_true", help="each false alert, each one missed")
    given = parser.parse_args()
    if given.weeks < LEAST_WEEKS:
        parser.error(f"expected --weeks {LEAST_WEEKS} or more, as ten days are quiet")
    print(headline(), flush=True)
    if given.leaks:
        print(leaks(given.seeds, Inputs(given.folder)))
        return
    run = partial(one_seed, weeks=given.weeks, folder=given.folder, details=given.details)
    with ProcessPoolExecutor(min(len(given.seeds), os.cpu_count() or 1)) as each_core:
        print(tables(list(each_core.map(run, given.seeds))))


def leaks(seeds: Iterable[int], inputs: Inputs) -> str:
    """Return what is found of leaks, and print what is said for nothing."""
    found = []
    for seed in seeds:
        found.append(leaks_of(draw_world(seed, LEAK_WEEKS * WEEK, inputs)))
        print(f"seed {seed}:", *(each["summary"] for each in found[-1].wrong), flush=True)
    return leak_table(found)


def one_seed(seed: int, *, weeks: int, folder: Path, details: bool) -> Score:
    """Run the world of a seed."""
    begin = time.process_time()
    world = draw_world(seed, weeks * WEEK, Inputs(folder))
    driven = drive(world)
    score = judge(driven)
    spent_s = time.process_time() - begin
    print(
        f"seed {seed}: {weeks} weeks, {QUIET // DAY} days of them quiet; {len(world.uses)} uses, "
        f"{driven.series} series, {len(world.injections)} injections; {spent_s:.0f} s of CPU",
        flush=True,
    )
    if details:
        print(*(f"missed: {each.name}" for each in score.found if each.after is None), sep="\n")
        print(*map(told, [*score.wrong, *score.wrong_falls]), sep="\n", flush=True)
    return score


def told(saying: Saying) -> str:
    """Return a false alert in a line."""
    said = EPOCH + timedelta(microseconds=saying.now_us)
    return f"false: {said:%Y-%m-%d %H:%M} {saying.alert['summary']}"


if __name__ == "__main__":
    main()
