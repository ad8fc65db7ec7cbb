"""Asks again what open alerts came to, when costs were corrected and now and then.

ClickHouse may be behind what was read here, so an answer counts only where the store had inserted
everything that was judged before it was asked.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from streams.core.cost_watch import CostWatch
from streams.core.series.recount import Count
from streams.core.windows import MINUTE_US
from streams.processors.anomaly_history import AnomalyHistory
from streams.processors.inquiry import Inquiry
from streams.processors.leader import ended
from streams.replay.ask import Row

LOOK_S: Final = 10.0  # between two looks for corrections
AGAIN_S: Final = 600.0  # a correction that came while a minute was judged is in no look of those

Answers: TypeAlias = list[tuple[Count, list[tuple[int, int]]]]


class Recounting:
    """Keeps what is open right. Have it `look`, between judging, and `stop` it."""

    def __init__(self, history: AnomalyHistory, inquiry: Inquiry) -> None:
        self._history = history
        self.inquiry = inquiry
        self._mark: Row | None = None  # of the corrections that were looked at
        self._look_s = self._again_s = 0.0  # when each is due
        self._asking: asyncio.Task[Answers] | None = None

    async def stop(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            await ended({self._asking})

    def look(self, watch: CostWatch, positions: Mapping[int, int]) -> None:
        """Ask, or go by the answer. `positions`: what was read. Raises what no waiting mends."""
        if self._asking is not None:
            if self._asking.done():
                answers, self._asking = self._asking.result(), None
                for of, found in answers:
                    watch.recount(of, found)
            return
        now_s = time.monotonic()
        counts = watch.counts() if now_s >= self._look_s else []
        if counts:
            self._look_s = now_s + LOOK_S
            asking = self._ask(counts, dict(positions))
            self._asking = asyncio.get_running_loop().create_task(asking)

    async def _ask(self, counts: Sequence[Count], read: Mapping[int, int]) -> Answers:
        mark = await self.inquiry.ask(self._history.mark)
        if mark == self._mark and time.monotonic() < self._again_s:
            return []
        stored = await self.inquiry.ask(self._history.stored)
        if any(stored.get(number, 0) < offset for number, offset in read.items()):
            return []
        answers = [(each, await self.inquiry.ask(lambda: self._spent(each))) for each in counts]  # noqa: B023 - awaited here
        self._mark, self._again_s = mark, time.monotonic() + AGAIN_S
        return answers

    def _spent(self, of: Count) -> list[tuple[int, int]]:
        return self._history.spent(of, MINUTE_US)
