"""What a detector answers, and what every detector is: two methods, asked in turn.

A detector knows one series. It is told a value once, in order; it keeps a bounded state, reads no
clock and draws no random numbers, so whoever replays the same values has the same state. One of
costs can be told of quarters of an hour instead, and then knows about what it would know.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol


class Judgement(NamedTuple):
    """What a detector thinks of one value.

    `score`: how unusual it is, from 0 (as always) to 1; while not `is_warm` it is not to be relied
    on. `expected`: the value that was to come. Few values lie outside `low` and `high`. `above`,
    `below`: how far it is above the most that is usual, as a part of the way to `high`, and below
    the least; negative where it is not, 0 where nobody says.
    """

    score: float
    is_warm: bool
    expected: float
    low: float
    high: float
    above: float = 0.0
    below: float = 0.0


class Quarter(NamedTuple):
    """What the values of one quarter of an hour came to: so many, and how far off their mean.

    `most`: the greatest of them.
    """

    at_us: int
    mean: float
    deviation: float
    values: int
    most: float

    @property
    def halves(self) -> tuple[float, float]:
        """The values of which half of it each would have the same mean and deviation."""
        return self.mean - self.deviation, self.mean + self.deviation


class Detector(Protocol):
    """Judges the values of one series."""

    def score(self, value: float, at_us: int) -> Judgement:
        """Judge a value by what came before it; changes nothing."""

    def learn(self, value: float, at_us: int, judgement: Judgement) -> None:
        """Take the value in, once, with what `score` said of it."""


class CostDetector(Detector, Protocol):
    """One that need not see each value of the past."""

    def recall(self, past: Iterable[Quarter]) -> None:
        """Take in quarters of an hour, in order, in the place of their values."""
