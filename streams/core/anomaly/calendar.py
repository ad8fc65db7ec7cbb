"""What is usual at each quarter of an hour of a day or a week: means and deviations that forget."""

from array import array
from math import ceil, hypot, log
from typing import Final, NamedTuple

from streams.core.anomaly.judgement import Quarter
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

    def recall(self, past: Quarter, *, is_usual: bool) -> None:
        """Take in all values of a quarter at once, about as `learn` takes them one by one."""
        here = past.at_us // QUARTER_US % self._quarters
        before, strange = self._counts[here], self._strange[here]
        self._counts[here] = min(before + past.values, MOST)
        still = (1 - 1 / max(self._visit, 2)) ** past.values
        self._strange[here] = strange * still + (not is_usual) * (1 - still)
        if not before:
            self._means[here], self._deviations[here] = past.mean, past.deviation
            return
        kept = self._kept(before, past.values)
        if before >= self._visit and (not is_usual or strange > LASTING):
            kept = self._kept_of_strange(before, past.values, strange, is_usual=is_usual)
        mean = past.mean + kept * (self._means[here] - past.mean)
        apart = (abs(past.mean - self._means[here]) + abs(past.mean - mean)) / 2
        self._means[here] = mean
        off = hypot(past.deviation, apart)
        self._deviations[here] = off + kept * (self._deviations[here] - off)

    def _kept(self, before: int, count: int) -> float:
        """Return the part of a mean that is left after so many more values."""
        memory = VISITS * self._visit
        first = min(max(memory - before, 0), count)
        return before / (before + first) * (1 - 1 / memory) ** (count - first)

    def _kept_of_strange(self, before: int, count: int, strange: float, *, is_usual: bool) -> float:
        """Return the same where values are unusual, or were of late."""
        decay = log(1 - 1 / max(self._visit, 2))
        if is_usual:
            quick = min(ceil(log(LASTING / strange) / decay), count)
            slow = self._kept(before, count - quick)
        else:
            wait = 0 if strange >= LASTING else ceil(log((1 - LASTING) / (1 - strange)) / decay)
            quick = max(count - wait, 0)
            slow = self._kept(before, count - quick) ** UNUSUAL
        return float(slow * (1 - 1 / self._visit) ** quick)
