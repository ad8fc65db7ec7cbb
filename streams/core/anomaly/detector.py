"""The detectors that judge series: one of any values, one of costs, which follow a calendar."""

from streams.core.anomaly.habit import Habit
from streams.core.anomaly.judgement import CostDetector, Detector, Judgement, Quarter
from streams.core.anomaly.surprise import Surprise

__all__ = ["CostDetector", "Detector", "Judgement", "Quarter", "cost_detector", "detector"]


def detector(period_us: int) -> Detector:
    """Return a new detector of a series with a value about every `period_us` microseconds.

    Values may be missing and need not come at the full period; they come in the order of time. A
    score of 0.9 is one of ten among the unusual values of the series, 0.99 one of a hundred, and so
    on; it tells of the begin of an anomaly, `low` and `high` of whether it lasts.

    >>> fresh = detector(60_000_000)
    >>> fresh.score(2.5, 0).is_warm
    False
    """
    check(period_us)
    return Surprise(period_us)


def cost_detector(period_us: int) -> CostDetector:
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
