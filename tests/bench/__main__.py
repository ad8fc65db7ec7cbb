"""`python -m tests.bench`: measure, print one line a figure, write all of it as JSON."""

import argparse
import importlib.util
import sys
from pathlib import Path

from tests.bench import report
from tests.bench.figure import Bench, Options

NAMES = (
    "codec", "meter", "allocate", "allocation", "memory", "store", "chain", "latency", "outbox",
    "replay", "caps", "budgets", "exceeded", "gpu-agent", "gpu-reader", "hook", "collector",
)  # fmt: skip


def main() -> None:
    """Read the command line and run what it names."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=NAMES, help="repeatable")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a measured run, about")
    parser.add_argument("--rounds", type=int, default=3, help="figures are medians over them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--json", type=Path, default=Path("build/bench.json"), help="where results go"
    )
    given = parser.parse_args()
    options = Options(given.seconds, given.rounds, given.seed)
    print(report.headline(), flush=True)
    figures = []
    for name in given.only or NAMES:
        bench = found(name)
        if bench is None:
            print(f"{name}: not built yet", file=sys.stderr)
            continue
        for figure in bench(options):
            print(figure.line, flush=True)
            print(f"  not shown: {figure.not_shown}", flush=True)
            figures.append(figure)
    report.write(given.json, options, figures)


def found(name: str) -> Bench | None:
    """Return the bench of a name, None when there is no module for it."""
    module = f"tests.bench.{name.replace('-', '_')}"
    if importlib.util.find_spec(module) is None:
        return None
    bench: Bench = importlib.import_module(module).bench
    return bench


if __name__ == "__main__":
    main()
