"""How often the agent looks, so that it costs no more than it may. Pure.

What looking costs is measured, and smoothed so that one slow look changes little; when it costs
more than allowed, looks come more rarely: the driver keeps samples in between.
"""

from dataclasses import dataclass

SMOOTHING = 0.1  # of a new measurement
STEADY = 0.25  # a period that would change by less stays: intervals then expect whole numbers


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often at most and at least, and what looking may cost of one core."""

    every_s: float
    longest_s: float
    cpu_ratio: float


class Pace:
    """The time between looks.

    >>> pace = Pace(Bounds(every_s=1.0, longest_s=10.0, cpu_ratio=0.02))
    >>> pace.note(cost_s=0.005)
    >>> pace.period_s
    1.0
    >>> for _ in range(100):
    ...     pace.note(cost_s=0.1)
    >>> 4.0 < pace.period_s <= 5.0
    True
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._cost_s: float | None = None
        self.period_s = bounds.every_s

    def note(self, cost_s: float) -> None:
        """Take in what one look cost, in seconds of CPU."""
        before_s = cost_s if self._cost_s is None else self._cost_s
        self._cost_s = before_s + SMOOTHING * (cost_s - before_s)
        wanted_s = self._cost_s / self._bounds.cpu_ratio
        wanted_s = min(max(wanted_s, self._bounds.every_s), self._bounds.longest_s)
        is_base = wanted_s == self._bounds.every_s
        if is_base or abs(wanted_s - self.period_s) > STEADY * self.period_s:
            self.period_s = wanted_s
