"""Several shapes blended by how well each said what came: once for a day ahead, once for further.

A shape that is best for tomorrow need not be for the end of the month, so both are judged apart.
Every midnight each says the days ahead; when they have passed, it is charged what it was wrong.
"""

from collections import deque
from collections.abc import Sequence
from statistics import median

from streams.core.forecast.shapes import DAY, WEEK, Last, Manner, Seasonal, Shape

FAR = 8  # days: from the second to this one are further ahead
FADES = 0.96  # a day: judged over about a month
SHARPNESS = 8.0  # power of one shape's error over the least: what twice as wrong loses
SLOW_NEAR, SLOW_FAR = 2.0, 4.0  # days judged that a full sharpness takes to half
LEAST = 0.02  # of the weight: less is none
USUAL = 15  # times judged, of whose best the middle is what is usual
WILD = 3.0  # usual errors of the best: what is beyond counts as much as this


def shapes() -> list[Shape]:
    """Return new shapes. Rates were chosen by `make bench-forecast`, see docs/forecast.md."""
    return [
        Last(DAY),
        Last(WEEK),
        Seasonal(Manner(level=0.01, day=0.08, week=0.0, recent=0.3, recent_stays=0.93)),
        Seasonal(Manner(level=0.0015, day=0.03, week=0.1, recent=0.0, recent_stays=0.0)),
        Seasonal(Manner(level=0.005, day=0.05, week=0.15, recent=0.3, recent_stays=0.93)),
        Seasonal(Manner(level=0.005, day=0.05, week=0.15, recent=0.1, recent_stays=0.99)),
        Seasonal(Manner(0.005, 0.05, 0.15, 0.3, 0.93, trend=0.005, trend_stays=0.997)),
    ]


class Judged:
    """How wrong each shape was lately. What nobody could know, an outlier, says little of any."""

    def __init__(self, count: int, slow: float) -> None:
        self._wrong = [0.0] * count
        self._best: deque[float] = deque(maxlen=USUAL)
        self._seen = 0.0
        self._slow = slow

    def charge(self, wrong: Sequence[float]) -> None:
        """Take how wrong each was."""
        best = min(wrong)
        self._best.append(best)
        counts = min(1.0, WILD * median(self._best) / best) if best else 1.0
        self._seen = self._seen * FADES + 1
        self._wrong = [
            old * FADES + new * counts for old, new in zip(self._wrong, wrong, strict=True)
        ]

    def weights(self) -> list[float]:
        """Return what part each has; they sum to one."""
        count = len(self._wrong)
        power = SHARPNESS * self._seen / (self._seen + self._slow)
        least, most = min(self._wrong), max(self._wrong)
        if most == 0:
            return [1 / count] * count
        close = most * 1e-9  # two that are hardly wrong at all are as good as each other
        raw = [((least + close) / (wrong + close)) ** power for wrong in self._wrong]
        kept = [each if each > LEAST * sum(raw) else 0.0 for each in raw]
        return [each / sum(kept) for each in kept]

    @property
    def is_new(self) -> bool:
        """Whether nothing was judged yet."""
        return not self._seen


class Blend:
    """The shapes, judged. Values come hour by hour without a gap."""

    def __init__(self) -> None:
        self._shapes = shapes()
        self._near = Judged(len(self._shapes), SLOW_NEAR)
        self._far = Judged(len(self._shapes), SLOW_FAR)
        self._hours: list[list[float]] = []  # of the day that runs, as each shape said
        self._days: deque[list[list[float]]] = deque(maxlen=FAR)  # said at the last midnights
        self._came: list[float] = []  # of the day that runs
        self._sums: deque[float] = deque(maxlen=FAR)  # of days that passed

    def learn(self, value: float, hour: int) -> None:
        """Take what an hour cost."""
        for shape in self._shapes:
            shape.learn(value, hour)
        self._came.append(value)

    def midnight(self, hour: int) -> None:
        """Judge what was said of the day that passed, and say the next ones. `hour` begins one."""
        if self._came:
            self._sums.append(sum(self._came))
            if self._hours:
                self._near.charge([far_off(said, self._came) for said in self._hours])
            if len(self._days) == FAR:
                came = list(self._sums)[1:]
                self._far.charge([far_off(said[1:], came) for said in self._days[0]])
        self._came = []
        self._hours = [shape.path(hour, DAY) for shape in self._shapes]
        self._days.append([shape.days(hour, FAR) for shape in self._shapes])

    def path(self, hour: int, count: int) -> list[float]:
        """Return what the next hours cost."""
        paths = [shape.path(hour, count) for shape in self._shapes]
        return self._blended(paths, DAY)

    def days(self, hour: int, count: int) -> list[float]:
        """Return what the next days cost."""
        return self._blended([shape.days(hour, count) for shape in self._shapes], 1)

    def _blended(self, said: list[list[float]], near: int) -> list[float]:
        soon = self._near.weights()
        later = soon if self._far.is_new else self._far.weights()
        return [
            weighted(soon if step < near else later, together)
            for step, together in enumerate(zip(*said, strict=True))
        ]


def weighted(weights: Sequence[float], values: Sequence[float]) -> float:
    """Return a weighted sum.

    >>> weighted([0.5, 0.5], [1.0, 3.0])
    2.0
    """
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


def far_off(said: Sequence[float], came: Sequence[float]) -> float:
    """Return how wrong some steps were, each for itself and all together.

    >>> far_off([1.0, 3.0], [2.0, 2.0])
    1.0
    """
    each = sum(abs(one - other) for one, other in zip(said, came, strict=True))
    return (each + abs(sum(said) - sum(came))) / len(came)
