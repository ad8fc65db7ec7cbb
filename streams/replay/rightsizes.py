"""Pools, endpoints and GPUs that were worked too little or too much, out of the archive."""

from itertools import groupby
from typing import Literal, NamedTuple, TypeAlias

from streams.core.rightsize import TERMS, Place, Run, Terms, UsedHour, is_forgotten, run_of
from streams.replay.ask import Asker, Params

By: TypeAlias = Literal["pool", "endpoint", "gpu"]

NAMES = 5  # columns of a row that say what it is of


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
    hours = used_hours(asker, by, within)
    found = [RightSize(place, run_of(some, terms)) for place, some in hours.items()]
    signals = [
        each for each in found if each.run.is_open and not is_forgotten(each.run, within[1], terms)
    ]
    return sorted(signals, key=lambda each: (-each.run.unworked, each.place))


def used_hours(asker: Asker, by: By, within: tuple[int, int]) -> dict[Place, list[UsedHour]]:
    """Return how each place was used, hour by hour, in [since, until), microseconds. Blocks."""
    since_us, until_us = within
    params: Params = {"by": by, "since": since_us, "until": until_us}
    rows = asker.rows("gpu_hours", params)
    return {
        Place(*place): [UsedHour(*row[NAMES:]) for row in hours]
        for place, hours in groupby(rows, key=lambda row: row[:NAMES])
    }
