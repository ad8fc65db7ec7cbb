"""Pools, endpoints and GPUs that were worked too little or too much, out of the archive."""

from itertools import groupby
from typing import Literal, NamedTuple, TypeAlias

from streams.core.rightsize import TERMS, Run, Terms, UsedHour, is_forgotten, run_of
from streams.replay.ask import Asker, Params

By: TypeAlias = Literal["pool", "endpoint", "gpu"]

NAMES = 5  # columns of a row that say what it is of


class Place(NamedTuple):
    """What is sized, and the currency of its prices. Empty: it is of none, or of all."""

    pool: str
    endpoint: str
    node: str
    device: str
    currency: str


class RightSize(NamedTuple):
    """A signal: what is too large or too small, and the hours that say so."""

    place: Place
    run: Run


def rightsizes(
    asker: Asker, by: By, within: tuple[int, int], terms: Terms = TERMS
) -> list[RightSize]:
    """Return the signals that are open at the end of a stretch, the most money unworked first.

    Blocks. Of [since, until), microseconds, whole hours count.
    """
    since_us, until_us = within
    params: Params = {"by": by, "since": since_us, "until": until_us}
    rows = asker.rows("gpu_hours", params)
    found = [
        RightSize(Place(*place), run_of((UsedHour(*row[NAMES:]) for row in hours), terms))
        for place, hours in groupby(rows, key=lambda row: row[:NAMES])
    ]
    signals = [
        each for each in found if each.run.is_open and not is_forgotten(each.run, until_us, terms)
    ]
    return sorted(signals, key=lambda each: (-each.run.unworked, each.place))
