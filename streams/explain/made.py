"""A (window, pool) as the archive makes it, opened up: its lines, and what went into each. Pure."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from streams.core.allocation import sort_key
from streams.core.coverage import Agreed, Coverable, Entries, cover, is_commitment, unused_line
from streams.core.gpu import GPU
from streams.core.held import unpriced
from streams.core.lines import Dimensions, Lines
from streams.core.metered_lines import metered
from streams.core.sums import Entry, Key, MeterKey
from streams.explain.contributions import Contributions
from streams.replay.archived import ArchivedWindow


class Meter(NamedTuple):
    """One meter of one payer as the window sums it; the totals are those of an `Entry`."""

    key: Key
    meter: MeterKey
    totals: list[int]


@dataclass(frozen=True)
class Made:
    """A window, and what each group of its events adds to it."""

    window: ArchivedWindow
    contributions: Contributions

    @cached_property
    def lines(self) -> Lines:
        """Every line, with the capacity on it."""
        return self.window.lines(explained=True)

    @cached_property
    def entries(self) -> Entries:
        """The sums in the order that decides ties."""
        return sorted(self.window.sums.entries.items(), key=lambda item: sort_key(item[0]))

    @cached_property
    def meters(self) -> dict[Dimensions, list[Meter]]:
        """What is on each line that is paid by its own meters, or not at all."""
        found: dict[Dimensions, list[Meter]] = {}
        for key, entry in self.entries:
            for meter, totals in sorted(entry.meters.items()):
                for what in lines_of(key, meter, totals):
                    found.setdefault(what, []).append(Meter(key, meter, totals))
        return found

    @cached_property
    def agreed(self) -> Agreed:
        """What commitments cover by."""
        policy = self.window.policy
        return Agreed(policy.commitments, policy.charges, policy.start_us)

    @cached_property
    def covered(self) -> dict[tuple[Key, MeterKey], Coverable]:
        """The usage that commitments pay for some of."""
        usage, _ = cover(self.entries, self.agreed)
        return {(each.key, each.meter): each for each in usage}


def lines_of(key: Key, meter: MeterKey, totals: list[int]) -> list[Dimensions]:
    """Return the line that a meter is on by itself; none for what is split over others."""
    if is_commitment(meter):
        return [unused_line(key, meter)]
    alone: Lines = {}
    if not meter.name.startswith(GPU):
        metered(alone, [(key, Entry(0, {meter: totals}))])
    else:
        unpriced(alone, [(key, meter, totals)])
    return [*alone]
