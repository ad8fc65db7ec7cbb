"""When lines reach whoever watches: as their minute is over, and again when they are final.

One line of a minute comes when half of it is over, which tells that the minute before is. Where
data is late, it waits, and comes at once; until then its minute is not closed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Final, NamedTuple

from schemas.decimals import from_bytes, to_bytes
from schemas.records import CostLine
from streams.core.windows import MINUTE_US, SECOND_US
from tests.bench.anomaly.injection import Injection
from tests.bench.anomaly.minutes import Minute
from tests.bench.anomaly.season import at_us

DELAY_US: Final = 2 * SECOND_US  # from a call to its line on the topic
FINAL_US: Final = 10 * MINUTE_US  # after which a window is closed, unless it is set otherwise


class Arrival(NamedTuple):
    """Lines that come at an instant."""

    now_us: int
    lines: list[CostLine]


class Waiting:
    """Lines on their way, by when they come."""

    def __init__(self, late: Iterable[Injection]) -> None:
        self._late = [(at_us(each.begin), at_us(each.end), each.pool) for each in late]
        self._queue: list[tuple[int, int, list[CostLine]]] = []
        self._numbers = count()
        self._open: Counter[int] = Counter()  # final lines on their way, by minute

    @property
    def closed_us(self) -> int | None:
        """Until when all that is final has come; None before anything was sent."""
        return min(self._open, default=None)

    def add(self, minute: Minute) -> None:
        """Send the lines of a minute on their way."""
        over_us = minute.start_us + MINUTE_US
        self._put(over_us - MINUTE_US // 2, [half_of(minute.lines[0])])
        for pool in {line["pool"] for line in minute.lines}:
            lines = [line for line in minute.lines if line["pool"] == pool]
            self._put(over_us, [{**line, "status": "provisional"} for line in lines])
            self._open[minute.start_us] += 1
            self._put(over_us + FINAL_US, lines)

    def until(self, now_us: int) -> Iterator[Arrival]:
        """Yield what has come by an instant, in the order of time."""
        while self._queue and self._queue[0][0] <= now_us:
            at, _, lines = heappop(self._queue)
            if lines[0]["status"] == "final":
                start_us = lines[0]["window_start_us"]
                self._open[start_us] -= 1
                if not self._open[start_us]:
                    del self._open[start_us]
            yield Arrival(at, lines)

    def _put(self, at: int, lines: list[CostLine]) -> None:
        for begin_us, end_us, pool in self._late:
            if begin_us <= at < end_us and pool in {None, lines[0]["pool"]}:
                at = end_us
        heappush(self._queue, (at + DELAY_US, next(self._numbers), lines))


def half_of(line: CostLine) -> CostLine:
    """Return a line as it was when half of its minute was over."""
    cost = line["cost"]
    return {
        **line,
        "quantity": to_bytes(from_bytes(line["quantity"]) // 2),
        "cost": None if cost is None else to_bytes(from_bytes(cost) // 2),
        "revision": line["revision"] - 1,
        "status": "provisional",
    }
