"""Ways a cost may go on: each learns hour by hour, and says the hours and the days ahead.

An hour is a number since the Unix epoch; a day is UTC. A path begins at the hour that comes next.
Floats only: a forecast is an estimate, whatever it is of.
"""

from array import array
from collections import deque
from typing import NamedTuple, Protocol

from streams.core.forecast.surprise import LEARNING, Surprise

DAY = 24
WEEK = 7 * DAY
OF_WEEK = 0.8  # of what hours of the day leave: what hours of the week take
LEAD = 0.8  # of what a level lags behind a trend, made up for at once


class Shape(Protocol):
    """One way. `hour` is the next one, which it has not seen."""

    def learn(self, value: float, hour: int) -> None:
        """Take what an hour cost."""

    def path(self, hour: int, count: int) -> list[float]:
        """Return what the next hours cost."""

    def days(self, hour: int, count: int) -> list[float]:
        """Return what the next days cost; the next hour begins a day."""


class Last:
    """The last season again, without its wildest hours: a day, or a week once there was one."""

    def __init__(self, season: int) -> None:
        self._season = season
        self._last: deque[float] = deque(maxlen=season)
        self._surprise = Surprise()

    def learn(self, value: float, hour: int) -> None:  # noqa: ARG002 - they come in order
        """Take what an hour cost."""
        before = self._last[0] if len(self._last) == self._season else value
        self._last.append(before + self._surprise.learn(value - before, value))

    def path(self, hour: int, count: int) -> list[float]:  # noqa: ARG002 - as above
        """Return what the same hours cost last time."""
        last = list(self._last)
        again = last if len(last) == self._season else last[-DAY:]
        return [again[step % len(again)] for step in range(count)]

    def days(self, hour: int, count: int) -> list[float]:
        """Return what the same days cost last time."""
        path = self.path(hour, self._season)
        season = [sum(path[first : first + DAY]) for first in range(0, self._season, DAY)]
        return [season[day % len(season)] for day in range(count)]


class Manner(NamedTuple):
    """How a seasonal shape learns: what an hour counts for each part of it, and what stays.

    `week` 0: every day is alike. `trend` 0: the level stays where it is.
    """

    level: float
    day: float
    week: float
    recent: float
    recent_stays: float
    trend: float = 0.0
    trend_stays: float = 0.0


class Seasonal:
    """A level with hours of the day and of the week, a deviation that fades, a trend that does.

    A runaway loop does not become the level; a level that really moved is followed all the same.
    """

    def __init__(self, manner: Manner) -> None:
        self._by = manner
        self._seen = 0
        self._level = 0.0
        self._lagging = 0.0  # the level of the level: what is between them is the trend
        self._surprise = Surprise()
        self._recent = 0.0
        self._of_day = array("d", [0.0]) * DAY
        self._of_week = array("d", [0.0]) * WEEK
        self._days_seen = array("L", [0]) * DAY
        self._weeks_seen = array("L", [0]) * WEEK

    def learn(self, value: float, hour: int) -> None:
        """Take what an hour cost."""
        of_day, of_week = hour % DAY, hour % WEEK
        rest = self._move(value - self._of_day[of_day] - self._of_week[of_week])
        self._recent += self._by.recent * (rest - self._recent)
        if self._seen > 2 * LEARNING:
            rest = self._surprise.cut(rest)
        self._days_seen[of_day] += 1
        self._of_day[of_day] += max(self._by.day, 1 / (self._days_seen[of_day] + 1)) * rest
        if self._by.week:
            seen = self._weeks_seen[of_week] = self._weeks_seen[of_week] + 1
            self._of_week[of_week] += OF_WEEK * max(self._by.week, 1 / (seen + 2)) * rest

    def path(self, hour: int, count: int) -> list[float]:
        """Return what the next hours cost."""
        level, recent, trend = self._ahead()
        said = []
        for step in range(count):
            recent *= self._by.recent_stays
            trend *= self._by.trend_stays
            season = self._of_day[(hour + step) % DAY] + self._of_week[(hour + step) % WEEK]
            said.append(level + recent + trend + season)
        return said

    def days(self, hour: int, count: int) -> list[float]:
        """Return what the next days cost."""
        level, recent, trend = self._ahead()
        recent *= over_a_day(self._by.recent_stays)
        trend *= over_a_day(self._by.trend_stays)
        whole = DAY * level + sum(self._of_day)
        week = [sum(self._of_week[first : first + DAY]) for first in range(0, WEEK, DAY)]
        today = hour % WEEK // DAY
        said = []
        for day in range(count):
            said.append(whole + recent + trend + week[(today + day) % 7])
            recent *= self._by.recent_stays**DAY
            trend *= self._by.trend_stays**DAY
        return said

    def _move(self, value: float) -> float:
        """Move the level towards a value, and return what is between them then."""
        self._seen += 1
        if self._seen == 1:
            self._level = self._lagging = value
            return 0.0
        kept = self._surprise.learn(value - self._level, value)
        self._level += max(self._by.level, 1 / self._seen) * kept
        if self._by.trend:
            part = max(self._by.trend, 2 / (self._seen + 1))
            self._lagging += part * (self._level - self._lagging)
        return value - self._level

    def _ahead(self) -> tuple[float, float, float]:
        """Return where the level goes, and what of today's deviation and trend fades until then."""
        if not self._by.trend:
            return self._level, self._recent, 0.0
        gap = self._level - self._lagging
        stays = self._by.trend_stays
        still = gap * self._by.trend / (1 - self._by.trend) * stays / (1 - stays)
        return self._level + LEAD * gap + still, self._recent, -still


def over_a_day(stays: float) -> float:
    """Return the sum over a day of what fades by a factor an hour.

    >>> over_a_day(0.0), round(over_a_day(0.5), 6)
    (0.0, 1.0)
    """
    return stays * (1 - stays**DAY) / (1 - stays)
