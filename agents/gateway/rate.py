"""How fast a source may send: a bucket of events that fills with time.

Pure: time is an argument.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """What one source may still send.

    A request larger than the bucket passes when the bucket is full, and empties it below nothing.

    >>> bucket = Bucket(per_s=10.0, most=20.0, left=20.0, at_s=0.0)
    >>> bucket.take(20, now_s=0.0), bucket.take(1, now_s=0.0), bucket.take(1, now_s=0.1)
    (0.0, 0.1, 0.0)
    """

    per_s: float
    most: float
    left: float
    at_s: float

    def take(self, events: int, now_s: float) -> float:
        """Take events out if there are enough; return how many seconds to wait if not."""
        self.left = min(self.most, self.left + (now_s - self.at_s) * self.per_s)
        self.at_s = now_s
        short = min(events, self.most) - self.left
        if short > 0:
            return short / self.per_s
        self.left -= events
        return 0.0


class Buckets:
    """One bucket a source: as many as there are sources that have sent."""

    def __init__(self, per_s: float, burst_s: float) -> None:
        self._per_s = per_s
        self._burst_s = burst_s
        self._by_source: dict[str, Bucket] = {}

    def take(self, source: str, per_s: float | None, events: int, now_s: float) -> float:
        """Take events of a source; return how many seconds to wait if there are too many."""
        rate = per_s or self._per_s
        bucket = self._by_source.get(source)
        if bucket is None or bucket.per_s != rate:
            most = rate * self._burst_s
            bucket = self._by_source[source] = Bucket(rate, most, most, now_s)
        return bucket.take(events, now_s)
