"""What meter may say of one origin partition: how far in event time it has been metered.

By the wall clock: the greatest event time done, or the time of the last fetch when that showed the
log to be done to its end; never later than now, so a clock ahead closes nobody's windows.
By the log (replays): the greatest event or sending time done, and nothing of this machine's clock.
"""

import time

from faust.types import TP

from streams.processors.frontier import Frontier
from streams.processors.reader import Reader

STALL_S = 3.0  # a tick this late means the process was stopped, or starved
DISTRUST_MS = 2_000  # a fetch answered while it was stopped looks fresh for less than this


class Clock:
    """Wall time, and since when what was fetched can be trusted to be fresh."""

    def __init__(self) -> None:
        self._last_s = time.monotonic()
        self.trusted_from_ms = 0

    def now_us(self) -> int:
        """Return UTC microseconds."""
        return time.time_ns() // 1_000

    def tick(self) -> None:
        """Notice a pause: answers that arrived in it are older than they look."""
        now_s = time.monotonic()
        if now_s - self._last_s > STALL_S:
            self.trusted_from_ms = self.now_us() // 1_000 + DISTRUST_MS
        self._last_s = now_s


async def watermark_us(
    reader: Reader, tp: TP, frontier: Frontier, clock: Clock, *, by_log: bool
) -> int:
    """Return the watermark of a partition in event time, 0 while nothing can be said."""
    if by_log:
        return max(frontier.newest_us, frontier.sent_at_us)
    now_us = clock.now_us()
    end = reader.partitions.high_watermark(tp)
    if end is None or end[1] < clock.trusted_from_ms:
        return min(frontier.newest_us, now_us)
    done = await done_through(reader, tp, frontier)
    if done == end[0]:
        return min(now_us, max(end[1] * 1_000, frontier.newest_us))
    return min(frontier.newest_us, now_us)


async def done_through(reader: Reader, tp: TP, frontier: Frontier) -> int | None:
    """Return the offset everything before which is done; None when that is not known."""
    if frontier.next_offset is not None:
        return frontier.next_offset
    if len(frontier) or reader.next_offset(tp) is not None:
        return None
    return await reader.begin_offset(tp)
