"""The benchmark's own simple detector, to check our scorer on what was published of it.

A value's distance from the mean of the last 6,400 values, moved on by 100 at a time, as the
probability that a bell curve stays within it. It learns what is unusual, too.
"""

import math

from streams.core.anomaly.detector import Judgement

WINDOW = 6400
STEP = 100
LEAST_DEVIATION = 0.000001


class WindowedGaussian:
    """Mean and deviation of the last values."""

    def __init__(self) -> None:
        self.window: list[float] = []
        self.waiting: list[float] = []
        self.mean = 0.0
        self.squares = 0.0  # sum of squared distances from the mean (Welford)

    @property
    def deviation(self) -> float:
        """The deviation of the values in the window."""
        return math.sqrt(self.squares / max(len(self.window), 1)) or LEAST_DEVIATION

    def score(self, value: float, at_us: int) -> Judgement:  # noqa: ARG002 - knows no time of day
        """Judge a value by what was before it."""
        far = abs(value - self.mean) / self.deviation
        score = 1 - 0.5 * math.erfc(far / math.sqrt(2)) if self.window else 0.0
        low, high = self.mean - 3 * self.deviation, self.mean + 3 * self.deviation
        return Judgement(score, is_warm=True, expected=self.mean, low=low, high=high)

    def learn(self, value: float, at_us: int, judgement: Judgement) -> None:  # noqa: ARG002 - as above
        """Take the value in."""
        if len(self.window) < WINDOW:
            self.take(value)
            return
        self.waiting.append(value)
        if len(self.waiting) == STEP:
            kept = self.window[STEP:] + self.waiting
            self.window, self.waiting, self.mean, self.squares = [], [], 0.0, 0.0
            for one in kept:
                self.take(one)

    def take(self, value: float) -> None:
        """Add a value to the window."""
        self.window.append(value)
        off = value - self.mean
        self.mean += off / len(self.window)
        self.squares += off * (value - self.mean)
