"""All that is told while partitions are assigned: a teller a destination, and where to begin again.

A destination never waits for another, but for the reading of alerts, which waits while one is full
and gets on. One that is full and stuck has what comes for it put aside.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from schemas.records import Alert
from streams.core.notices import Destination, Verdict, verdict
from streams.core.outstanding import Outstanding
from streams.metrics import Metric, Metrics
from streams.notify.pace import Gate
from streams.notify.printed import Missing
from streams.notify.sent import Position, Sent
from streams.notify.sink import Sink
from streams.notify.teller import Around, Teller
from streams.settings_notify import NotifySettings

FULL: Final = "more waits for it than may, and nothing gets on"


class Desk:
    """Of one assignment of partitions."""

    def __init__(
        self,
        sinks: Mapping[str, Sink],
        sent: Sent,
        settings: NotifySettings,
        metrics: Metrics,
    ) -> None:
        self._sinks = sinks
        self._sent = sent
        self._metrics = metrics
        self._outstanding = Outstanding[int]()
        self._around = Around(sent, settings, metrics, self._done, random.random)
        self._gates: dict[str, Gate] = {}
        self._tellers: dict[Destination, Teller] = {}
        self._tasks: dict[Destination, asyncio.Task[None]] = {}
        self._is_closed = False

    @property
    def trouble(self) -> str | None:
        """Why something is not told now; None when all is."""
        troubles = [each.trouble for each in self._tellers.values() if each.trouble]
        return "; ".join(troubles) or None

    @property
    def detail(self) -> dict[str, int]:
        """How many alerts wait, by destination."""
        return {to.name: len(each) for to, each in self._tellers.items()}

    async def take(
        self, alert: Alert, position: Position, destinations: Iterable[Destination]
    ) -> None:
        """Have an alert told, everywhere where it was not. Waits while a destination is full."""
        wanted = []
        for destination in destinations:
            notice = self._sent.of(destination, alert["alert_id"])
            if verdict(notice, alert, *position) is Verdict.KNOWN:
                self._metrics.count(Metric.NOTICES, sink=destination.sink, outcome="known")
            else:
                wanted.append(destination)
        self._outstanding.read(*position, len(wanted))
        for destination in wanted:
            teller = self._teller(destination)
            if await teller.has_room(alert["alert_id"]):
                teller.put(alert, position)
            elif not self._is_closed:
                await teller.put_aside(alert, position, FULL)
                self._done(position)

    def skip(self, position: Position) -> None:
        """Note that nothing is to be done for a record."""
        self._outstanding.read(*position, 0)

    def begins(self) -> dict[int, int]:
        """Return of each partition where to begin again. Raises what stopped a teller."""
        for task in self._tasks.values():
            if task.done() and not task.cancelled():
                task.result()
        return self._outstanding.begins()

    async def close(self, within_s: float) -> None:
        """Finish what is under way and begin nothing more; break off what takes too long.

        What was broken off is in doubt, and comes again.
        """
        self._is_closed = True
        for teller in self._tellers.values():
            teller.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def forget(self, now_us: int) -> None:
        """Forget notices that nothing can come of."""
        await self._sent.forget(now_us)

    def gauge(self) -> None:
        """Say how many alerts wait."""
        waiting: Counter[str] = Counter()
        for destination, teller in self._tellers.items():
            waiting[destination.sink] += len(teller)
        for sink, count in waiting.items():
            self._metrics.set(Metric.NOTICES_WAITING, count, sink=sink)

    def _teller(self, destination: Destination) -> Teller:
        teller = self._tellers.get(destination)
        if teller is None:
            sink = self._sinks.get(destination.sink) or Missing(destination.sink)
            gate = self._gates.setdefault(destination.sink, Gate())
            teller = self._tellers[destination] = Teller(destination, sink, gate, self._around)
            self._tasks[destination] = asyncio.get_running_loop().create_task(teller.run())
        return teller

    def _done(self, position: Position) -> None:
        self._outstanding.done(*position)
