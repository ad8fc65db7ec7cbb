"""Reads a folder of the benchmark's layout: series, and apart from them the labels and profiles."""

import csv
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from tests.nab.scoring import Profile, Span

LABELS = Path("labels/combined_windows.json")
PROFILES = Path("config/profiles.json")
FIRST_GAPS = 100  # rows of which the period of a series is told, as who watches it would know it


class Series(NamedTuple):
    """One series: instants in microseconds, in order, and a value of each."""

    name: str
    at_us: list[int]
    values: list[float]

    @property
    def group(self) -> str:
        """The folder it lies in."""
        return self.name.split("/", maxsplit=1)[0]

    @property
    def period_us(self) -> int:
        """The usual time from one value to the next, of the first rows only."""
        head = self.at_us[: FIRST_GAPS + 1]
        return int(median(b - a for a, b in pairwise(head)))


class NotACorpus(Exception):
    """A folder is not of the benchmark's layout."""


def read_series(folder: Path) -> Iterator[Series]:
    """Read all series below `data`, by name. No label is read."""
    files = sorted((folder / "data").glob("*/*.csv"))
    if not files:
        raise NotACorpus(f"expected series as {folder}/data/GROUP/NAME.csv, found none")
    for path in files:
        yield series(f"{path.parent.name}/{path.name}", path)


def series(name: str, path: Path) -> Series:
    """Read one file of the columns timestamp and value."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    at_us = [instant_us(row["timestamp"]) for row in rows]
    return Series(name, at_us, [float(row["value"]) for row in rows])


def instant_us(text: str) -> int:
    """Return an instant as microseconds; without a zone it is UTC.

    >>> instant_us("1970-01-01 00:00:01")
    1000000
    """
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def read_windows(folder: Path, found: Mapping[str, Series]) -> dict[str, list[Span]]:
    """Read the labelled windows of the series, as first and last row."""
    labels = read_json(folder / LABELS)
    missing = found.keys() - labels.keys()
    if missing:
        raise NotACorpus(f"expected labels of every series in {LABELS}, none of {sorted(missing)}")
    return {
        name: [span(one, instant_us(begin), instant_us(end)) for begin, end in labels[name]]
        for name, one in found.items()
    }


def span(one: Series, begin_us: int, end_us: int) -> Span:
    """Return the first and last row of the instants from begin to end, both included."""
    first, behind = bisect_left(one.at_us, begin_us), bisect_right(one.at_us, end_us)
    if first == behind:
        raise NotACorpus(f"expected rows within each window, {one.name} has one without any")
    return first, behind - 1


def read_profiles(folder: Path) -> list[Profile]:
    """Read what found, missed and false detections are worth to whom."""
    read = read_json(folder / PROFILES)
    return [
        Profile(name, costs["tpWeight"], costs["fnWeight"], costs["fpWeight"])
        for name, costs in ((name, entry["CostMatrix"]) for name, entry in read.items())
    ]


def read_json(path: Path) -> Any:  # noqa: ANN401 - of any shape
    """Read a file of the benchmark."""
    if not path.exists():
        raise NotACorpus(f"expected the benchmark's file {path}, found none")
    return json.loads(path.read_text(encoding="utf-8"))
