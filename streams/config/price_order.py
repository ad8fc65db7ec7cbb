"""Whether dated parts of a document follow each other: none at once, no gap between two.

Invariant: it costs sorting and no more, but for one thing priced at many different hours.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import combinations
from typing import NamedTuple

from streams.config.exact import sure
from streams.config.faults import Fault, Loc
from streams.config.fields import EPOCH, Dated, instant_us
from streams.config.price_entry import Entry
from streams.config.weekly_hours import Stretch, weekly
from streams.core.timeline import FOREVER


class Stay(NamedTuple):
    """From when until when an entry holds, half-open, and where it stands."""

    from_us: int
    to_us: int
    loc: Loc


def stay(entry: Dated, loc: Loc) -> Stay:
    """Return when an entry holds that has a begin."""
    end = entry.effective_to
    to_us = FOREVER if end is None else instant_us(end)
    return Stay(instant_us(sure(entry.effective_from)), to_us, loc)


def price_faults(entries: Iterable[tuple[Loc, Entry]]) -> Iterator[Fault]:
    """Name every price that is in force beside another one, or that leaves a gap before it."""
    things: dict[Hashable, list[tuple[Loc, Entry]]] = {}
    for loc, entry in entries:
        things.setdefault(thing(entry), []).append((loc, entry))
    for several in things.values():
        if len(several) > 1:
            yield from _faults_of_thing(several)


def thing(entry: Entry) -> Hashable:
    """Return what there is one price of, at one hour of the week."""
    return (
        entry.meter,
        entry.provider,
        entry.model,
        entry.pool,
        entry.region,
        entry.service_tier,
        entry.purchase_option,
        entry.core_unit,
        entry.step,
    )


def _faults_of_thing(several: Sequence[tuple[Loc, Entry]]) -> Iterator[Fault]:
    what = f"{several[0][1].meter} of {several[0][1].model}"
    weeks: dict[tuple[Stretch, ...], list[Stay]] = {}
    for loc, entry in several:
        weeks.setdefault(weekly(entry.hours, entry.days), []).append(stay(entry, loc))
    for stays in weeks.values():
        yield from overlaps(stays, f"one price at a time for {what}")
        yield from gaps(stays, what)
    for one, two in combinations((hours for hours in weeks if hours), 2):
        if meet(one, two):
            yield from crossings(weeks[one], weeks[two], f"one price at an hour for {what}")


def overlaps(stays: Iterable[Stay], expected: str) -> Iterator[Fault]:
    """Name each that begins while another one holds."""
    first, *rest = sorted(stays)
    longest = first
    for each in rest:
        if each.from_us < longest.to_us:
            yield at_once(longest, each, expected)
        longest = max(longest, each, key=lambda stay: stay.to_us)


def crossings(one: Iterable[Stay], two: Iterable[Stay], expected: str) -> Iterator[Fault]:
    """Name each that begins while one of the others holds."""
    sides = sorted([(each, 0) for each in one] + [(each, 1) for each in two])
    longest: list[Stay | None] = [None, None]
    for each, side in sides:
        other, same = longest[1 - side], longest[side]
        if other is not None and each.from_us < other.to_us:
            yield at_once(other, each, expected)
        longest[side] = each if same is None else max(same, each, key=lambda stay: stay.to_us)


def gaps(stays: Iterable[Stay], what: str) -> Iterator[Fault]:
    """Name each that begins after all before it ended."""
    first, *rest = sorted(stays)
    end_us = first.to_us
    before = first
    for each in rest:
        if each.from_us > end_us:
            yield Fault(
                (*each.loc, "effective_from"),
                f"expected no time without a price of {what}, got none from {iso(end_us)} until "
                f"{iso(each.from_us)}; begin here where the one before ends, or end that one later",
                before.loc,
            )
        if each.to_us > end_us:
            before, end_us = each, each.to_us


def at_once(one: Stay, two: Stay, expected: str) -> Fault:
    """Return the fault of a second one that begins before the first has ended."""
    until = "for ever" if one.to_us == FOREVER else f"until {iso(one.to_us)}"
    return Fault(
        two.loc,
        f"expected {expected}, got another from {iso(two.from_us)} on while one holds {until}; end "
        "the first where the second begins",
        one.loc,
    )


def meet(one: Sequence[Stretch], two: Sequence[Stretch]) -> bool:
    """Whether two parts of a week have an instant in common.

    >>> meet([(0, 10), (20, 30)], [(10, 20), (25, 26)]), meet([(0, 10)], [(10, 20)])
    (True, False)
    """
    return any(a < d and c < b for a, b in one for c, d in two)


def iso(at_us: int) -> str:
    """Return an instant as documents write it.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    return (EPOCH + timedelta(microseconds=at_us)).isoformat().replace("+00:00", "Z")
