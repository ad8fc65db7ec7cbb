"""`make bench-nab NAB_DIR=...`: score a detector on a folder of the Numenta Anomaly Benchmark.

One configuration for all series, and all scores are written before a label is read.
"""

import argparse
import csv
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from streams.core.anomaly.detector import Detector, cost_detector, detector
from tests.bench.report import headline
from tests.nab.corpus import NotACorpus, Series, read_profiles, read_series, read_windows
from tests.nab.scoring import Scored
from tests.nab.state_size import state_bytes
from tests.nab.tables import tables
from tests.nab.windowed_gaussian import WindowedGaussian

DETECTORS: Mapping[str, Callable[[int], Detector]] = {
    "ours": detector,
    "ours-of-costs": cost_detector,
    "windowed-gaussian": lambda _: WindowedGaussian(),
}


class Run(NamedTuple):
    """What a detector said of one series, how long a value took it, and how much it keeps."""

    scores: list[float]
    us_per_value: float
    state_bytes: int


def main() -> None:
    """Read the command line, score, print."""
    parser = argparse.ArgumentParser(prog="make bench-nab", description=__doc__)
    parser.add_argument("folder", type=Path, help="with data, labels and config of the benchmark")
    parser.add_argument("--detector", choices=DETECTORS, default="ours")
    parser.add_argument("--scores", type=Path, default=Path("build/nab"), help="where they go")
    given = parser.parse_args()
    print(headline(), flush=True)
    try:
        print(bench(given.folder, DETECTORS[given.detector], given.scores / given.detector))
    except NotACorpus as wrong:
        parser.error(str(wrong))


def bench(folder: Path, make: Callable[[int], Detector], scores: Path) -> str:
    """Score all series of a folder, write the scores, then read the labels; return the tables."""
    found = {one.name: one for one in read_series(folder)}
    runs = {name: scored(make, one) for name, one in found.items()}
    for name, run in runs.items():
        write(scores / name, found[name], run.scores)
    windows = read_windows(folder, found)
    results = [Scored(name, run.scores, windows[name]) for name, run in runs.items()]
    return f"{tables(results, read_profiles(folder))}\n{effort(runs)}"


def scored(make: Callable[[int], Detector], series: Series) -> Run:
    """Run a new detector over one series: each value is scored, then learned."""
    judge, scores = make(series.period_us), []
    begin = time.process_time()
    for at_us, value in zip(series.at_us, series.values, strict=True):
        judgement = judge.score(value, at_us)
        judge.learn(value, at_us, judgement)
        scores.append(judgement.score if judgement.is_warm else 0.0)
    spent_us = (time.process_time() - begin) * 1_000_000
    return Run(scores, spent_us / len(scores), state_bytes(judge))


def write(path: Path, series: Series, scores: list[float]) -> None:
    """Write what a detector said of a series."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("at_us", "value", "score"))
        rows.writerows(zip(series.at_us, series.values, scores, strict=True))


def effort(runs: Mapping[str, Run]) -> str:
    """Return how long it took and how much is kept, in a line."""
    values = sum(len(run.scores) for run in runs.values())
    spent_us = sum(run.us_per_value * len(run.scores) for run in runs.values())
    slowest = max(run.us_per_value for run in runs.values())
    kept = [run.state_bytes for run in runs.values()]
    return (
        f"\n{values:,} values, {spent_us / values:.1f} µs each (slowest series {slowest:.1f} µs); "
        f"state of a series {max(kept):,} bytes at most, {sum(kept) // len(kept):,} on average"
    )


if __name__ == "__main__":
    main()
