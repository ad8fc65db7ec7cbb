"""What is usual at each quarter of an hour of a day or a week: means and deviations that forget."""

from array import array
from typing import Final, NamedTuple

from streams.core.windows import MINUTE_US

QUARTER_US: Final = 15 * MINUTE_US
VISITS: Final = 3  # a mean is of so many days or weeks
MOST: Final = 60_000  # values that are counted of a quarter; what comes after changes no rate
UNUSUAL: Final = 0.1  # what an unusual value counts for, of one that is usual
LASTING: Final = 0.75  # of late values unusual: reached in the second such visit in a row


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

    __slots__ = ("_counts", "_deviations", "_means", "_quarters", "_strange", "_visit")

    def __init__(self, span_us: int, period_us: int) -> None:
        self._quarters = span_us // QUARTER_US
        self._visit = max(1, QUARTER_US // period_us)  # values of a quarter
        self._means = array("d", bytes(8 * self._quarters))
        self._deviations = array("f", bytes(4 * self._quarters))
        self._strange = array("f", bytes(4 * self._quarters))  # the part of late that was unusual
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

    def learn(self, value: float, at_us: int, *, is_usual: bool) -> None:
        """Take a value in: fully if it is usual, or as the last visit was, too, else a little.

        The first visit is taken as it is: nobody knows better yet.
        """
        here = at_us // QUARTER_US % self._quarters
        count = self._counts[here] = min(self._counts[here] + 1, MOST)
        strange = self._strange[here]
        strange += ((not is_usual) - strange) / max(self._visit, 2)  # one value is no visit
        rate = max(1 / count, 1 / (VISITS * self._visit))
        if count > self._visit and strange > LASTING:
            rate = 1 / self._visit  # so that it is the habit from the next visit on
        elif count > self._visit and not is_usual:
            rate *= UNUSUAL
        self._strange[here] = strange
        off = value - self._means[here]
        self._means[here] += rate * off
        self._deviations[here] += rate * (abs(off) * (count > 1) - self._deviations[here])
