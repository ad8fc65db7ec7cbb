"""Values that change at edges: of time, of the week, of the size of a prompt."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Generic, TypeVar

from streams.core.windows import DAY_US

T = TypeVar("T")

FOREVER = 1 << 62  # later than any instant in microseconds
WEEK_US = 7 * DAY_US  # its microsecond 0 is Thursday 00:00 UTC, the weekday of the Unix epoch


@dataclass(frozen=True, slots=True)
class Piecewise(Generic[T]):
    """A value that changes at edges: `values[i]` holds from `edges[i - 1]` until `edges[i]`."""

    edges: tuple[int, ...]
    values: tuple[T, ...]

    def at(self, place: int) -> T:
        """Return the value at a place."""
        return self.values[bisect_right(self.edges, place)]

    def piece(self, place: int) -> tuple[int, int, T]:
        """Return the [from, until) that a place is in, and the value there; both from 0 on."""
        index = bisect_right(self.edges, place)
        begin = self.edges[index - 1] if index else 0
        end = self.edges[index] if index < len(self.edges) else FOREVER
        return begin, end, self.values[index]


@dataclass(frozen=True, slots=True)
class Timeline(Generic[T]):
    """A value over time: dated pieces, in each of which it may change by the hour of the week."""

    dated: Piecewise[Piecewise[T]]

    def at(self, at_us: int) -> T:
        """Return the value in force at an instant."""
        return self.dated.at(at_us).at(at_us % WEEK_US)

    def piece(self, at_us: int) -> tuple[int, int, T]:
        """Return the [from, until) around an instant in which the value stays, and the value."""
        begin, end, week = self.dated.piece(at_us)
        if not week.edges:
            return begin, end, week.values[0]
        week_us = at_us - at_us % WEEK_US
        since, until, value = week.piece(at_us - week_us)
        return max(begin, week_us + since), min(end, week_us + min(until, WEEK_US)), value

    def edges(self, start_us: int, end_us: int) -> list[int]:
        """Return the instants inside (start, end) at which the value may change, in order."""
        found: list[int] = []
        _, at_us, _ = self.piece(start_us)
        while at_us < end_us:
            found.append(at_us)
            _, at_us, _ = self.piece(at_us)
        return found
