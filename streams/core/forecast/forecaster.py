"""One series of hourly cost: learns hour by hour, and says what a stretch ahead costs.

State is bounded, whatever was learned; the same hours give the same forecast. Costs that never
were below zero are not forecast to be.
"""

from typing import NamedTuple

from streams.core.forecast.blend import Blend
from streams.core.forecast.calibration import FURTHEST, Calibration
from streams.core.forecast.shapes import DAY

ENOUGH = 2 * DAY  # hours, before anything is said
LEVELS = (0.8, 0.95)


class Interval(NamedTuple):
    """Where a total is, at a level."""

    low: float
    high: float


class Outlook(NamedTuple):
    """What a stretch ahead costs. No intervals: too little was seen to say how wrong it may be."""

    expected: float
    by80: Interval | None
    by95: Interval | None


class Forecaster:
    """A series from its first hour on, a number since the Unix epoch."""

    def __init__(self, hour: int) -> None:
        self._hour = hour
        self._seen = 0
        self._blend = Blend()
        self._calibration = Calibration()
        self._today: list[float] = []  # since midnight, or since the first hour
        self._lowest = 0.0

    @property
    def hour(self) -> int:
        """The hour that comes next."""
        return self._hour

    @property
    def missing(self) -> int:
        """How many hours more it must see to say anything."""
        return max(0, ENOUGH - self._seen)

    @property
    def first(self) -> int:
        """The first hour it has seen, or will."""
        return self._hour - self._seen

    def learn(self, value: float) -> None:
        """Take what the next hour cost, in currency."""
        self._blend.learn(value, self._hour)
        self._today.append(value)
        self._lowest = min(self._lowest, value)
        self._hour += 1
        self._seen += 1
        self._midnight()

    def ahead(self, hours: int, skip: int = 0) -> Outlook | None:
        """Return what so many hours cost, after some to skip; None: too little was seen."""
        if self.missing:
            return None
        expected = sum(self.path(skip + hours)[skip:])
        by80, by95 = (self._interval(expected, level, skip + hours) for level in LEVELS)
        return Outlook(expected, by80, by95)

    def path(self, hours: int) -> list[float]:
        """Return what each of the next hours costs."""
        said = self._blend.path(self._hour, hours)
        return said if self._lowest < 0 else [max(0.0, each) for each in said]

    def _interval(self, expected: float, level: float, hours: int) -> Interval | None:
        reach = self._calibration.reach(level, hours / DAY)
        if reach is None:
            return None
        low = expected - reach
        return Interval(low if self._lowest < 0 else max(0.0, low), expected + reach)

    def _midnight(self) -> None:
        if self._hour % DAY:
            return
        if len(self._today) == DAY:
            self._calibration.passed(sum(self._today))
        self._today = []
        if self._seen >= DAY:
            self._blend.midnight(self._hour)
            self._calibration.forecast(self._blend.days(self._hour, FURTHEST))
