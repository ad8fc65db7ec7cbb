"""What value is to come next: the level of late, or that at this time of the day or the week.

Three guesses are made at every value, and the one that was off least so far is what is expected: a
level that follows quickly; what was at this time of past days, moved by how today compares; and the
same with what the hour of the week adds. A value that is far off teaches no more than one that is
merely off by `FAR`, so a passing anomaly does not teach itself in, and a new level does in time.
"""

from array import array
from typing import Final, NamedTuple

from streams.core.timeline import WEEK_US
from streams.core.windows import DAY_US, HOUR_US

MEMORY: Final = 3000  # values after which errors and spreads are half forgotten, about
FAR: Final = 8.0  # scales: what is off by more teaches as this does
FAR_OF_TIME: Final = 5.0  # the same for what is usual at a time of day or week, and of spreads
FAST: Final = 0.2  # of a value goes into the level of late
SLOW: Final = 0.01  # and into the level that it is compared with
TODAY: Final = 0.02  # and into how today compares with past days
SLOTS: Final = 288  # of a day: five minutes each
A_DAY: Final = 0.3  # of a day goes into what is usual at a time of day, or of a week in its case
WILDNESS: Final = 0.1  # of a day goes into how far values are off at a time of day
WILD_WEIGHT: Final = 0.25  # of that counts beside the scale
FLOOR: Final = 0.02  # of the spread around the slow level: the least that the scale is
BETTER: Final = 0.75  # of the mean squared error of simpler guesses: only then is time of use
DAYS_FIRST: Final = 1.5  # before the time of day is used
WEEKS_FIRST: Final = 2  # before the hour of the week is
HOURS: Final = WEEK_US // HOUR_US
COUNTED: Final = 255  # visits; more change nothing


class Outlook(NamedTuple):
    """What is to come at an instant.

    `scale`: how far values are off, on average, at such a time. `slow`: what the slow level says,
    or the time of day where it is of use. `guesses`: by the level, the day and the week.
    """

    expected: float
    scale: float
    slow: float
    guesses: tuple[float, float, float]


class Foresight:
    """What is known of the level and the times of one series."""

    __slots__ = ("_day", "_day_rate", "_errors", "_fast", "_first_us", "_scale", "_seen", "_slots",
                 "_slow", "_spread", "_steady", "_today", "_visits", "_week", "_week_rate",
                 "_week_visits", "_wild", "_wild_rate")  # fmt: skip

    def __init__(self, period_us: int) -> None:
        self._seen = self._first_us = 0
        self._fast = self._slow = self._steady = 0.0
        self._scale = self._spread = self._today = 0.0
        self._errors = [0.0, 0.0, 0.0]
        self._slots = max(1, min(SLOTS, DAY_US // period_us))
        self._day = array("d", bytes(8 * self._slots))
        self._wild = array("d", bytes(8 * self._slots))
        self._visits = array("B", bytes(self._slots))
        self._week = array("d", bytes(8 * HOURS))
        self._week_visits = array("B", bytes(HOURS))
        a_slot = max(1.0, DAY_US / self._slots / period_us)  # values in one
        self._day_rate, self._wild_rate = A_DAY / a_slot, WILDNESS / a_slot
        self._week_rate = A_DAY / max(1.0, HOUR_US / period_us)

    def at(self, at_us: int) -> Outlook:
        """Return what is to come at an instant."""
        slot, hour = self._places(at_us)
        by_level = self._fast
        by_day = self._day[slot] + self._today if self._visits[slot] else by_level
        guesses = (by_level, by_day, by_day + self._week[hour])
        best = self._best(at_us - self._first_us)
        scale = self._scale + FLOOR * self._spread + WILD_WEIGHT * self._wild[slot]
        return Outlook(guesses[best], scale, guesses[best] if best else self._slow, guesses)

    def learn(self, value: float, at_us: int, outlook: Outlook) -> None:
        """Take a value in, with what was to come."""
        if not self._seen:
            self._begin(value, at_us)
            return
        self._seen += 1
        rate = max(1 / self._seen, 1 / MEMORY)
        off = value - outlook.expected
        if self._seen == 2:  # noqa: PLR2004 - one value has no spread
            self._scale = self._spread = abs(off)
        most = FAR * outlook.scale if outlook.scale else abs(off)
        kept = outlook.expected + within(off, most)
        self._learn_time(value, kept, at_us, outlook)
        far = FAR_OF_TIME * self._spread or abs(off)
        for number, guess in enumerate(outlook.guesses):
            error = min(abs(value - guess), far) ** 2
            self._errors[number] += rate * (error - self._errors[number])
        self._scale += rate * (min(abs(off), FAR * self._scale or abs(off)) - self._scale)
        self._steady += rate * (kept - self._steady)
        away = abs(value - self._steady)
        self._spread += rate * (min(away, FAR_OF_TIME * self._spread or away) - self._spread)
        self._fast += max(1 / self._seen, FAST) * (kept - self._fast)
        self._slow += max(1 / self._seen, SLOW) * (kept - self._slow)

    def _begin(self, value: float, at_us: int) -> None:
        self._seen, self._first_us = 1, at_us
        self._fast = self._slow = self._steady = value
        slot, _ = self._places(at_us)
        self._day[slot], self._visits[slot] = value, 1

    def _places(self, at_us: int) -> tuple[int, int]:
        return at_us % DAY_US * self._slots // DAY_US, at_us // HOUR_US % HOURS

    def _best(self, for_us: int) -> int:
        """Return the number of the guess to go by, after so long."""
        by_level, by_day, by_week = self._errors
        if for_us >= WEEKS_FIRST * WEEK_US and by_week < BETTER * min(by_level, by_day):
            return 2
        return int(for_us >= DAYS_FIRST * DAY_US and by_day < BETTER * by_level)

    def _learn_time(self, value: float, kept: float, at_us: int, outlook: Outlook) -> None:
        """Learn what is usual at this time, and how far off values are at it."""
        slot, hour = self._places(at_us)
        visits = self._visits[slot]
        most = FAR_OF_TIME * outlook.scale
        off = abs(value - outlook.expected)
        rate = max(1 / (1 + visits), self._wild_rate)
        wild = min(off, FAR_OF_TIME * self._spread or off)
        self._wild[slot] += rate * (wild - self._wild[slot])
        if visits:
            apart = within(value - self._today - self._day[slot], most)
            self._day[slot] += max(1 / (1 + visits), self._day_rate) * apart
        else:
            self._day[slot] = value - self._today
        self._visits[slot] = min(visits + 1, COUNTED)
        self._week_visits[hour] = weeks = min(self._week_visits[hour] + 1, COUNTED)
        apart = within(value - outlook.guesses[2], most)
        self._week[hour] += max(1 / weeks, self._week_rate) * apart
        self._today += TODAY * (kept - self._day[slot] - self._today)


def within(value: float, most: float) -> float:
    """Return the value nearest to it that is at most so far from 0.

    >>> within(-7.5, 5.0), within(3.0, 5.0)
    (-5.0, 3.0)
    """
    return max(-most, min(most, value))
