"""The detector that judges series of costs, shares and counts."""

from streams.core.anomaly.judgement import Detector, Judgement
from streams.core.anomaly.spread import Spread

__all__ = ["Detector", "Judgement", "detector"]


def detector(period_us: int) -> Detector:
    """Return a new detector of a series with a value about every `period_us` microseconds.

    Values may be missing and need not come at the full period; they come in the order of time.

    >>> fresh = detector(60_000_000)
    >>> fresh.score(2.5, 0).is_warm
    False
    """
    if period_us <= 0:
        raise ValueError(f"expected the microseconds from one value to the next, got {period_us}")
    return Spread()
