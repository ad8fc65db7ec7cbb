"""A stretch of windows."""

from collections.abc import Iterator
from dataclasses import dataclass

from streams.core.windows import HOUR_US, window_start


@dataclass(frozen=True, slots=True)
class Span:
    """Stretch of window begins, half-open, microseconds, and the length of a window."""

    since_us: int
    until_us: int
    window_us: int

    def hours(self) -> Iterator["Span"]:
        """Yield the span hour by hour, so that memory is bounded by an hour's windows."""
        begin = self.since_us
        while begin < self.until_us:
            end = min(self.until_us, window_start(begin, HOUR_US) + HOUR_US)
            yield Span(begin, end, self.window_us)
            begin = end
