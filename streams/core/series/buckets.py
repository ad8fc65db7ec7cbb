"""The stretches of time that are not judged for good yet, and which of them are to be judged now.

Each is judged once when it is final, in the order of time, and at most once before: as soon as its
costs have settled. Settled: a later one has begun, and nothing new came for a while, or the later
one began four times as long ago. What may still come is added when it is final.

Final: all that is known of it is, and whoever closes windows says that nothing else is to come.
Where lines are missing for too long it is passed over, as what it cost is not known.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from schemas.records import CostLine
from streams.core.series.bought import Purchases
from streams.core.series.bucket import Bucket, Kept, kept_of
from streams.core.series.cells import Sums
from streams.core.windows import HOUR_US, MINUTE_US, SECOND_US, window_start

NOTHING: Final[Purchases] = MappingProxyType({})
PATIENCE = 4  # times `settle_us`: so long a stream that never rests is waited for

GAPS: Final = 10_080  # stretches that are remembered not to have been judged: a week of minutes


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a stretch is, when it has settled, and when it is final whatever is missing."""

    period_us: int = MINUTE_US
    settle_us: int = 30 * SECOND_US
    give_up_us: int = HOUR_US


class Slice(NamedTuple):
    """What one stretch of time cost, half-open, and what of it was bought at which price."""

    start_us: int
    end_us: int
    sums: Sums
    is_final: bool
    bought: Purchases = NOTHING


class Buckets:
    """Stretches after those judged for good. Instants of `now_us` are of whoever tells of lines."""

    def __init__(self, pace: Pace, done_us: int = 0) -> None:
        self.late = 0  # lines of stretches that were judged for good
        self.gaps: deque[int] = deque(maxlen=GAPS)  # begins of those that were never final
        self.closed_us: int | None = None  # until when all is final; None: nobody says
        self._pace = pace
        self._done_us = done_us  # begin of the first stretch that is not
        self._newest_us = 0
        self._open: dict[int, Bucket] = {}

    @property
    def lines(self) -> int:
        """How many lines are kept."""
        return sum(map(len, self._open.values()))

    def take(self, line: CostLine, now_us: int) -> None:
        """Join one line as it comes; a correction changes nothing."""
        kept = None if line["generation"] else kept_of(line)
        if kept is not None:
            window = (line["window_start_us"], line["window_end_us"])
            self.join(window, line["line_id"], kept, now_us)

    def join(self, window: tuple[int, int], line_id: str, kept: Kept, now_us: int) -> None:
        """Join what is kept of one line of a window."""
        start_us = window_start(window[0], self._pace.period_us)
        if start_us < self._done_us:
            self.late += 1
            return
        bucket = self._open.get(start_us)
        if bucket is None:
            bucket = self._open[start_us] = Bucket(start_us)
            self._follow(start_us, now_us)
        bucket.join(line_id, kept, window[1], now_us)

    def ready(self, now_us: int) -> Iterator[Slice]:
        """Yield what is to be judged now: what is final in order, then what has settled."""
        for start_us in sorted(self._open):
            bucket = self._open[start_us]
            is_final = self._is_over(bucket, now_us)
            if not is_final and start_us >= self._newest_us - self._pace.give_up_us:
                break
            del self._open[start_us]
            self._done_us = start_us + self._pace.period_us
            if is_final:
                yield self._slice(bucket, is_final=True)
            else:
                self.gaps.append(start_us)
        for start_us in sorted(self._open):
            bucket = self._open[start_us]
            if not bucket.is_judged and self._has_settled(bucket, now_us):
                bucket.is_judged = True
                yield self._slice(bucket, is_final=False)

    def _follow(self, start_us: int, now_us: int) -> None:
        """Note which stretches a later one has begun of."""
        self._newest_us = max(self._newest_us, start_us)
        for each in self._open.values():
            if each.followed_us is None and each.start_us < self._newest_us:
                each.followed_us = now_us

    def _is_over(self, bucket: Bucket, now_us: int) -> bool:
        if not bucket.is_final or bucket.followed_us is None:
            return False
        is_closed = self.closed_us is None or self._end_us(bucket) <= self.closed_us
        return is_closed and self._rests(bucket, now_us)

    def _has_settled(self, bucket: Bucket, now_us: int) -> bool:
        if bucket.followed_us is None:
            return False
        waited = now_us - bucket.followed_us >= PATIENCE * self._pace.settle_us
        return waited or self._rests(bucket, now_us)

    def _rests(self, bucket: Bucket, now_us: int) -> bool:
        return now_us - bucket.changed_us >= self._pace.settle_us

    def _end_us(self, bucket: Bucket) -> int:
        return max(bucket.end_us, bucket.start_us + self._pace.period_us)

    def _slice(self, bucket: Bucket, *, is_final: bool) -> Slice:
        end_us = self._end_us(bucket)
        return Slice(bucket.start_us, end_us, bucket.sums(), is_final, bucket.purchases())
