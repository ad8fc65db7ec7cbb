"""From when until when entries of a catalog hold, and whether what they name holds as long."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from pydantic import Field

from streams.config.document import Strict
from streams.config.faults import Fault, Loc
from streams.config.fields import Instant, instant_us
from streams.config.price_order import Stay, iso
from streams.core.timeline import FOREVER

Stays: TypeAlias = dict[str, list[Stay]]  # by name


class Lasting(Strict):
    """What holds for windows that begin from one instant until another."""

    effective_from: Instant | None = Field(
        default=None,
        description="First instant it holds at: of a window, its begin counts. Left out: always.",
    )
    effective_to: Instant | None = Field(
        default=None, description="First instant it holds at no more. Left out: none."
    )

    @property
    def dates(self) -> tuple[int, int]:
        """From when until when it holds, half-open, microseconds."""
        start, end = self.effective_from, self.effective_to
        return (
            0 if start is None else instant_us(start),
            FOREVER if end is None else instant_us(end),
        )

    def stay(self, loc: Loc) -> Stay:
        """Return when it holds, and where that is said."""
        return Stay(*self.dates, loc)


def stays(named: Iterable[tuple[str, Stay]]) -> Stays:
    """Return stays by name, in the order of time."""
    ordered = sorted(named)
    return {name: [each for _, each in group] for name, group in groupby(ordered, itemgetter(0))}


def order_faults(entries: Iterable[tuple[Loc, Lasting]]) -> Iterator[Fault]:
    """Name each end that is not after its begin."""
    for loc, each in entries:
        from_us, to_us = each.dates
        if to_us <= from_us:
            text = f"expected effective_to after effective_from, got {iso(to_us)} after "
            place = (*loc, "effective_to") if each.effective_to else loc
            yield Fault(place, f"{text}{iso(from_us)}; correct one of them")


def repeated(what: str, found: Stays) -> Iterator[Fault]:
    """Name each that comes again while one of its name holds."""
    for name, several in found.items():
        longest = several[0]
        for each in several[1:]:
            if each.from_us < longest.to_us:
                text = f"expected each of {what} once at a time, got {name!r} again"
                yield Fault(
                    each.loc,
                    f"{text}{while_(longest)}; rename or remove one, or end the first where the "
                    "second begins",
                    longest.loc,
                )
            longest = max(longest, each, key=lambda stay: stay.to_us)


def while_(stay: Stay) -> str:
    """Return how long the one before holds, in words."""
    return "" if stay.to_us == FOREVER else f" while one holds until {iso(stay.to_us)}"


def lasting(wanted: Stay, known: Sequence[Stay]) -> int | None:
    """Return the first instant of a stay at which none of the known holds; None: there is none.

    >>> lasting(Stay(5, 20, ()), [Stay(0, 10, ()), Stay(10, 15, ())])
    15
    """
    at_us = wanted.from_us
    for each in known:
        if each.from_us <= at_us < each.to_us:
            at_us = each.to_us
    return at_us if at_us < wanted.to_us else None


def reference(what: str, name: str, wanted: Stay, known: Stays) -> Iterator[Fault]:
    """Name what a name stands for when that is nothing, or nothing for some of the time."""
    if name not in known:
        article = "an" if what[0] in "aeiou" else "a"
        text = f"expected {article} {what} of this catalog, got {name!r}; add it to {what}s"
        yield Fault(wanted.loc, text)
    elif (missing_us := lasting(wanted, known[name])) is not None:
        text = f"expected {what} {name!r} to be in force as long as this, got none from "
        yield Fault(wanted.loc, f"{text}{iso(missing_us)} on; correct the dates of one of them")
