"""The detectors that judge series: one of any values, one of costs, which follow a calendar."""

from streams.core.anomaly.habit import Habit
from streams.core.anomaly.judgement import Detector, Judgement
from streams.core.anomaly.spread import Spread

__all__ = ["Detector", "Judgement", "cost_detector", "detector"]


def detector(period_us: int) -> Detector:
    """Return a new detector of a series with a value about every `period_us` microseconds.

    Values may be missing and need not come at the full period; they come in the order of time.

    >>> fresh = detector(60_000_000)
    >>> fresh.score(2.5, 0).is_warm
    False
    """
    check(period_us)
    return Spread()


def cost_detector(period_us: int) -> Detector:
    """Return a new detector of a cost, or of what a cost is made of, as `detector` does.

    >>> fresh = cost_detector(60_000_000)
    >>> fresh.score(2.5, 0).is_warm
    False
    """
    check(period_us)
    return Habit(period_us)


def check(period_us: int) -> None:
    """Raise ValueError where a period is none."""
    if period_us <= 0:
        raise ValueError(f"expected the microseconds from one value to the next, got {period_us}")
