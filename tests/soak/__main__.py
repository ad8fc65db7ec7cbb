"""`make soak MINUTES=n`: continuous load on real servers while everything is killed at random.

Ends with tables, and with 1 when a cent, a batch or a window is not as it should be.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from streams.errors import StreamsError
from tests.soak import place
from tests.soak.faults import Faults
from tests.soak.findings import TOTALS, audited, is_quiet, row, wrong
from tests.soak.place import Site
from tests.soak.samples import Samples
from tests.soak.tables import report

STEP_S = 0.5
SAMPLE_S = 5.0
SETTLE_S = 300.0
ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> None:
    """Read the command line, run, print."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep everything there; default: nothing kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        with place.running(folder, ROOT) as site:
            sys.exit(soak(site, given.minutes, Random(given.seed)))


def soak(site: Site, minutes: float, random: Random) -> int:
    """Run it; return the exit status."""
    site.start()
    faults, samples = Faults(site, random), Samples(site)
    go_on(minutes * 60, faults, samples)
    faults.end()
    for producer in site.producers:
        producer.stop()
    is_settled = until(lambda: is_settled_now(site))
    samples.take()
    audit = audited(site)
    found = [] if is_settled else [f"not every window was final after {SETTLE_S} s"]
    if not until(lambda: audited(site)["clean"]):
        found.append("repairing did not make it clean")
    audit = audited(site)
    found += wrong(site, audit, until)
    tables = report(minutes, row(site, TOTALS), audit, faults, samples)
    print("\n".join(faults.story), "", tables, "", *found, sep="\n")
    samples.close()
    return int(bool(found))


def go_on(for_s: float, faults: Faults, samples: Samples) -> None:
    """Do what is to be done to the site, and measure it."""
    end_s = time.monotonic() + for_s
    next_sample_s = 0.0
    while (now_s := time.monotonic()) < end_s:
        faults.step()
        if now_s >= next_sample_s:
            samples.take()
            next_sample_s = now_s + SAMPLE_S
        time.sleep(STEP_S)


def is_settled_now(site: Site) -> bool:
    """Whether all windows are closed; workers that ended meanwhile are started again."""
    for worker in site.workers:
        worker.revive()
    try:
        return is_quiet(site)
    except StreamsError:
        return False


def until(is_so: Callable[[], bool]) -> bool:
    """Wait until something is so; False when it is not in time."""
    deadline_s = time.monotonic() + SETTLE_S
    while not is_so():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(STEP_S)
    return True


if __name__ == "__main__":
    main()
