"""What is usual at each quarter of an hour of a day or a week: means and deviations that forget."""

from array import array
from typing import Final, NamedTuple

from streams.core.windows import MINUTE_US

QUARTER_US: Final = 15 * MINUTE_US
VISITS: Final = 3  # a mean is of so many days or weeks
MOST: Final = 60_000  # values that are counted of a quarter; what comes after changes no rate


class Usual(NamedTuple):
    """What is usual at an instant. Things begin and end a quarter earlier or later, too.

    `least` and `most`: the means of this quarter and its neighbours.
    """

    mean: float
    least: float
    most: float
    deviation: float


class Calendar:
    """The quarters of a span of time that comes again and again."""

    __slots__ = ("_counts", "_deviations", "_means", "_quarters", "_visit")

    def __init__(self, span_us: int, period_us: int) -> None:
        self._quarters = span_us // QUARTER_US
        self._visit = max(1, QUARTER_US // period_us)  # values of a quarter
        self._means = array("d", bytes(8 * self._quarters))
        self._deviations = array("f", bytes(4 * self._quarters))
        self._counts = array("H", bytes(2 * self._quarters))

    def at(self, at_us: int) -> Usual | None:
        """Return what is usual at an instant; None where no value was in its quarter yet."""
        here = at_us // QUARTER_US % self._quarters
        if not self._counts[here]:
            return None
        mean = least = most = self._means[here]
        deviation = self._deviations[here]
        for other in (here - 1, (here + 1) % self._quarters):
            if self._counts[other]:
                value = self._means[other]
                least, most = min(least, value), max(most, value)
                deviation = max(deviation, self._deviations[other])
        return Usual(mean, least, most, deviation)

    def learn(self, value: float, at_us: int, weight: float) -> None:
        """Take a value in, by so much of one that is like all others; more is only the last visit.

        The first visit is taken as it is: nobody knows better yet.
        """
        here = at_us // QUARTER_US % self._quarters
        count = self._counts[here] = min(self._counts[here] + 1, MOST)
        if count <= self._visit:
            weight = 1.0
        rate = min(1.0, weight * max(1 / count, 1 / (VISITS * self._visit)))
        off = value - self._means[here]
        self._means[here] += rate * off
        self._deviations[here] += rate * (abs(off) * (count > 1) - self._deviations[here])
