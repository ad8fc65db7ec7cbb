"""The simplest detector: how far a value is from a forgetting mean, in forgetting deviations."""

import math

from streams.core.anomaly.judgement import Judgement

MEMORY = 288  # values: a day of five minutes
WARM_AFTER = 30  # values: a spread of fewer is mostly chance
WIDE = 3.0  # deviations to either side that few values of a bell curve leave


class Spread:
    """A mean and a deviation that forget; an unusual value moves them as a merely wide one."""

    def __init__(self) -> None:
        self.mean = 0.0
        self.square = 0.0
        self.seen = 0

    def score(self, value: float, at_us: int) -> Judgement:  # noqa: ARG002 - knows no time of day
        """Judge a value by its distance from the mean."""
        if not self.seen:
            return Judgement(0.0, is_warm=False, expected=value, low=value, high=value)
        off, wide = abs(value - self.mean), WIDE * math.sqrt(self.square)
        score = off / (off + wide) if off else 0.0
        low, high = self.mean - wide, self.mean + wide
        return Judgement(score, self.seen >= WARM_AFTER, self.mean, low, high)

    def learn(self, value: float, at_us: int, judgement: Judgement) -> None:  # noqa: ARG002 - as above
        """Move mean and deviation towards the value."""
        kept = min(max(value, judgement.low), judgement.high) if judgement.is_warm else value
        self.seen += 1
        rate = max(1 / self.seen, 1 / MEMORY)
        off = kept - self.mean
        self.mean += rate * off
        self.square += rate * (off * off * (1 - rate) - self.square)
