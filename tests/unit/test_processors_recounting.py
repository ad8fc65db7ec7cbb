"""What is open is asked again when costs were corrected, and not of a store that is behind."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from streams.core.cost_watch import CostWatch
from streams.core.series.keys import SeriesKey
from streams.core.series.recount import Count
from streams.core.windows import MINUTE_US
from streams.errors import StoreUnavailable
from streams.processors import recounting as module
from streams.processors.anomaly_history import AnomalyHistory
from streams.processors.inquiry import Inquiry
from streams.processors.recounting import Recounting
from streams.replay.ask import Row
from tests.builders.usage import T0
from tests.processor_fakes import metrics

COUNT = Count(SeriesKey("tenant", "acme", "", "", "USD"), T0, T0 + MINUTE_US, 7)
FOUND = [(T0, 5)]
POSITIONS = {0: 10, 1: 0}


class Watch:
    """A watch in which one alert is open."""

    def __init__(self) -> None:
        self.taken: list[tuple[Count, list[tuple[int, int]]]] = []

    def counts(self) -> list[Count]:
        return [COUNT]

    def recount(self, of: Count, found: list[tuple[int, int]]) -> None:
        self.taken.append((of, found))


class History:
    """ClickHouse, which does not answer at first."""

    def __init__(self) -> None:
        self.looks = 0
        self.asked = 0
        self.corrected = 1
        self.at = dict(POSITIONS)

    def mark(self) -> Row:
        self.looks += 1
        if self.looks == 1:
            raise StoreUnavailable("no store answers")
        return [self.corrected, 0]

    def stored(self) -> dict[int, int]:
        return self.at

    def spent(self, of: Count, period_us: int) -> list[tuple[int, int]]:
        assert (of, period_us) == (COUNT, MINUTE_US)
        self.asked += 1
        return FOUND


async def until(
    recounting: Recounting, watch: Watch, is_so: Callable[[], bool], within_s: float = 60.0
) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():
            recounting.look(cast("CostWatch", watch), POSITIONS)
            await asyncio.sleep(0)


async def case() -> None:
    history, watch = History(), Watch()
    recounting = Recounting(cast("AnomalyHistory", history), Inquiry(metrics(), 0.0))
    history.at[0] = 9
    await until(recounting, watch, lambda: history.looks > 3)
    assert (history.asked, watch.taken) == (0, []), "the store is behind what was judged"
    history.at[0] = 10
    await until(recounting, watch, lambda: bool(watch.taken))
    assert watch.taken == [(COUNT, FOUND)]
    looks = history.looks
    await until(recounting, watch, lambda: history.looks > looks + 3)
    assert history.asked == 1, "nothing was corrected since"
    history.corrected = 2
    await until(recounting, watch, lambda: len(watch.taken) > 1)
    await recounting.stop()


def test_it_is_asked_once_a_correction_and_taken_when_the_store_has_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.0)
    asyncio.run(case())
