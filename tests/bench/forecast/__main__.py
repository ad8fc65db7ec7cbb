"""`make bench-forecast`: ours beside seasonal naive, River's models and an offline library.

Prints tables of MASE, of how far totals were off, and of how often intervals held; docs/forecast.md
has them. Every way is asked from the same origins, and knows nothing from after them.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from streams.core.forecast.forecaster import Forecaster
from tests.bench.forecast.scores import Score, score
from tests.bench.forecast.series import Series, every, long_ones
from tests.bench.forecast.tables import by_group, by_series, intervals
from tests.bench.forecast.ways import ONLINE, offline
from tests.bench.report import headline
from tests.nab.state_size import state_bytes


def main() -> None:
    """Read the command line, forecast, print."""
    parser = argparse.ArgumentParser(prog="make bench-forecast", description=__doc__)
    parser.add_argument("folder", type=Path, help="with the data of the benchmark NAB")
    parser.add_argument("--seed", type=int, default=1, help="of the made-up series")
    parser.add_argument("--only", type=Path, help="a folder data/GROUP/NAME.csv of long series")
    parser.add_argument("--offline", type=Path, help="what the offline library said, if kept")
    parser.add_argument("--keep", type=Path, default=Path("build/forecast_offline.json"))
    given = parser.parse_args()
    print(headline(), flush=True)
    read = long_ones(given.only) if given.only else every(given.folder, given.seed)
    series = [each for each in read if each.origins]
    said = {name: [way(each) for each in series] for name, way in ONLINE.items()}
    said |= of_models(kept(given.offline) if given.offline else keep(given.keep, offline(series)))
    scores = {name: scored(series, paths) for name, paths in said.items()}
    print("\n".join([*by_group(series, scores), "", *by_series(series, scores), ""]))
    print("\n".join([*intervals(series), "", effort(series)]))


def scored(series: Sequence[Series], said: Sequence[Sequence[Sequence[float]]]) -> dict[str, Score]:
    """Return how wrong a way was, by the name of the series."""
    found = {each.name: score(each, paths) for each, paths in zip(series, said, strict=True)}
    return {name: one for name, one in found.items() if one is not None}


def kept(path: Path) -> list[list[dict[str, list[float]]]]:
    """Return what was kept of an earlier run."""
    said: list[list[dict[str, list[float]]]] = json.loads(path.read_text(encoding="utf-8"))
    return said


def keep(
    path: Path, said: list[list[dict[str, list[float]]]]
) -> list[list[dict[str, list[float]]]]:
    """Keep what the offline library said: it takes minutes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said), encoding="utf-8")
    return said


def of_models(said: list[list[dict[str, list[float]]]]) -> dict[str, list[list[list[float]]]]:
    """Return what was said by model, series and origin."""
    return {name: [[one[name] for one in each] for each in said] for name in said[0][0]}


def effort(series: Sequence[Series]) -> str:
    """Return what an hour costs ours, and what it keeps."""
    begin, hours = time.process_time(), 0
    for each in series:
        made = Forecaster(each.hour)
        for value in each.values:
            made.learn(value)
        hours += len(each.values)
    spent_us = (time.process_time() - begin) / hours * 1e6
    return f"{spent_us:.1f} us of CPU an hour learned; state {state_bytes(made):,} bytes"


if __name__ == "__main__":
    main()
