"""Keeps the past of watched jobs: reads it at first, and again whenever it may be another.

What a question to ClickHouse finds may be ahead of what was read here. So a job is judged again
only when everything was read that there was when the question was answered.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from faust.types import TP

from schemas.topics import partition_of
from streams.core.cap_reached import Said
from streams.core.job_cost import JobKey
from streams.core.job_watch import Job, JobWatch
from streams.metrics import Metrics
from streams.processors.history import Reading
from streams.processors.inquiry import Inquiry
from streams.processors.reader import Reader
from streams.settings import WatchSettings

PACE_S = 0.2  # between two questions to ClickHouse
RETRY_S = 1.0
REST = 9  # times as long as reading all of the past took, before corrections have it read again
SURE_MS = 250  # an answer of the broker that came so long after a question was asked after it


class Asked(Protocol):
    """What there was before: `history.History`. Blocks."""

    def said(self, wanted: Callable[[Job], bool]) -> dict[Job, Said]: ...  # noqa: D102 - see there
    def whole(self, wanted: Callable[[JobKey], bool]) -> Reading: ...  # noqa: D102 - see there
    def of(self, keys: Iterable[JobKey]) -> Reading: ...  # noqa: D102 - see there
    def mark(self) -> list[object]: ...  # noqa: D102 - see there


@dataclass(slots=True)
class Gate:
    """Shut until everything was read that a question to ClickHouse may have found of a job."""

    asked_ms: int
    end: int | None = None  # offset after the last of it; None: not known yet


class Recall:
    """The past of the jobs of one assignment. `partitions`: how many there are of cost lines."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it stands on, each once
        self,
        watch: JobWatch,
        mine: Iterable[TP],
        partitions: int,
        history: Asked,
        reader: Reader,
        settings: WatchSettings,
        metrics: Metrics,
    ) -> None:
        self._unread: str | None = None  # why the store cannot be gone by yet
        self._inquiry = Inquiry(metrics, RETRY_S)
        self._watch = watch
        self._mine = {tp.partition: tp for tp in mine}
        self._partitions = partitions
        self._history = history
        self._reader = reader
        self._settings = settings
        self._gates: dict[JobKey, Gate] = {}

    @property
    def trouble(self) -> str | None:
        """Why the past cannot be read; None when it can."""
        return self._inquiry.trouble or self._unread

    async def positions(self) -> dict[int, int]:
        """Return the offset that is read next of each partition."""
        found = {}
        for number, tp in self._mine.items():
            read = self._reader.next_offset(tp)
            found[number] = await self._reader.begin_offset(tp) if read is None else read
        return found

    def read_to(self, key: JobKey, positions: dict[int, int]) -> dict[str, int] | None:
        """Return up to where a job's lines were read; None while more of its past is known."""
        partition = self._partition(key.tenant)
        gate = self._gates.get(key)
        if gate is not None:
            if gate.end is None:
                end = self._reader.partitions.high_watermark(self._mine[partition])
                gate.end = end[0] if end and end[1] > gate.asked_ms + SURE_MS else None
            if gate.end is None or positions[partition] < gate.end:
                return None
            del self._gates[key]
        return {str(partition): positions[partition]}

    async def keep(self) -> None:
        """Read what was before, and go on. Raises what no waiting mends."""
        watch, history, settings = self._watch, self._history, self._settings
        watch.remember(await self._inquiry.ask(lambda: history.said(self._is_mine)))
        catalog, mark, whole_s, look_s = None, None, 0.0, 0.0
        while True:
            now_s = time.monotonic()
            if now_s >= look_s:
                look_s = now_s + settings.look_every_s
                if await self._inquiry.ask(history.mark) != mark:
                    whole_s = 0.0
            if now_s >= whole_s or catalog is not watch.catalog:
                catalog = watch.catalog
                mark = await self._read_all()
                whole_s = now_s + settings.reread_every_s
                look_s = max(look_s, now_s + (time.monotonic() - now_s) * (1 + REST))
            elif unread := watch.unread():
                reading = await self._read(lambda: history.of(unread))
                watch.learn(reading.pasts)
                self._shut(reading.pasts)
            await asyncio.sleep(PACE_S)

    async def _read_all(self) -> list[object]:
        """Read what there was lately of all jobs; return of which corrections that is."""
        catalog = self._watch.catalog
        reading = await self._read(lambda: self._history.whole(self._is_watched))
        stored = reading.stored
        self._watch.learn_all(
            reading.pasts, catalog, lambda key: stored[self._partition(key.tenant)]
        )
        self._shut([*reading.pasts, *self._watch.absent()])
        # Begin next time where ClickHouse has everything before.
        await self._reader.partitions.commit(
            {tp: stored[number] for number, tp in self._mine.items() if stored[number]}
        )
        return reading.mark

    async def _read(self, call: Callable[[], Reading]) -> Reading:
        """Read until the store has inserted all that is before where reading began here.

        It has, but after its group was set back, to fill a database that was restored.
        """
        while True:
            reading = await self._inquiry.ask(call)
            begun = {n: await self._reader.begin_offset(tp) for n, tp in self._mine.items()}
            behind = [number for number, offset in begun.items() if reading.stored[number] < offset]
            if not behind:
                self._unread = None
                return reading
            self._unread = f"the store has not caught up with partition {behind[0]} of cost lines"
            await asyncio.sleep(RETRY_S)

    def _shut(self, keys: Iterable[JobKey]) -> None:
        asked_ms = time.time_ns() // 1_000_000
        self._gates |= {key: Gate(asked_ms) for key in keys}

    def _is_mine(self, job: Job) -> bool:
        return self._partition(job[0]) in self._mine

    def _is_watched(self, key: JobKey) -> bool:
        return self._is_mine(key[:2]) and self._watch.is_watched(key)

    def _partition(self, tenant: str) -> int:
        return partition_of(tenant, self._partitions)
