"""When stretches are too much together, or too little, though chance might do each of them.

A stretch adds how far it is above the most that is usual, as a part of the way to what few exceed,
less what chance adds on average when it is unkind. What is too much shows in a few stretches; what
is too little, known of final costs alone, is summed for as long as it lasts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streams.core.alert_rules import AlertRule
from streams.core.series.verdict import Verdict

OF: Final = 5  # stretches that are too much together
UNKIND: Final = 0.45  # of the way that one stretch is above by chance
ENOUGH: Final = 1.0  # ways in all: then it is no chance
MOST: Final = 1.4  # ways that one stretch adds at most: one alone is never enough
PARTS: Final = 4  # of what an hour of an alert is worth: one of them has to be spent
UNKIND_BELOW: Final = 0.35  # the same for what is too little
ENOUGH_BELOW: Final = 5.0
MOST_BELOW: Final = 1.0


def surge(newest: Sequence[Verdict], rule: AlertRule) -> int | None:
    """Return since when the newest stretches are too much together; None where they are not.

    They are in the order of time, and the shortest run that is enough counts.
    """
    ways, excess = 0.0, 0
    for each in reversed(newest[-OF:]):
        if newest[-1].end_us - each.start_us > OF * (each.end_us - each.start_us):
            break  # some of a series that is often nothing: the ones between are not known yet
        ways += within(each.above, MOST) - UNKIND
        excess += each.excess
        if each.above > 0 and ways >= ENOUGH and PARTS * excess >= rule.min_per_hour:
            return each.start_us
    return None


@dataclass(slots=True)
class Sag:
    """How much too little final stretches are together, one after the other, and since when."""

    ways: float = 0.0
    excess: int = 0
    spent: int = 0
    since_us: int = 0

    def add(self, verdict: Verdict) -> None:
        """Take in the next final stretch."""
        if not self.ways:
            self.since_us, self.excess, self.spent = verdict.start_us, 0, 0
        more = within(verdict.below, MOST_BELOW) - UNKIND_BELOW
        self.ways = min(max(0.0, self.ways + more), ENOUGH_BELOW + MOST_BELOW)
        self.excess += verdict.excess
        self.spent += verdict.actual

    def is_enough(self, rule: AlertRule) -> bool:
        """Whether that is no chance, and worth an alert."""
        return self.ways >= ENOUGH_BELOW and -self.excess >= rule.min_per_hour


def within(way: float, most: float) -> float:
    """Return what one stretch may add.

    >>> within(7.0, 1.5), within(-7.0, 1.5)
    (1.5, -1.5)
    """
    return max(-most, min(most, way))
