"""Asks once an hour how pools and endpoints were used, beside whatever else is done."""

import asyncio
from collections.abc import Iterable

from schemas.records import Alert
from streams.core.catalog import Catalog
from streams.core.rightsize import Terms
from streams.core.rightsize_alerts import Sized, Used, asked_since, signals, sized_of
from streams.core.windows import HOUR_US, window_start
from streams.processors.anomaly_history import AnomalyHistory
from streams.processors.inquiry import Inquiry
from streams.processors.leader import ended


class Sizing:
    """Keeps how places were used by ClickHouse. `begin` it, have it `look`, and `stop` it.

    What is new is `due` until it was `told` that it was said.
    """

    def __init__(self, history: AnomalyHistory, inquiry: Inquiry, terms: Terms) -> None:
        self._history = history
        self.inquiry = inquiry
        self._terms = terms
        self._said: dict[Sized, Alert] = {}
        self._used: Used | None = None
        self._is_judged = True  # nothing is new since it was looked at last
        self._asking: asyncio.Task[Used] | None = None

    def begin(self, said: Iterable[Alert]) -> None:
        """Go on from what was said last of each alert."""
        self.told(sorted(said, key=begin_of))

    async def stop(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            await ended({self._asking})

    def look(self, known_us: int) -> None:
        """Ask for hours that are over, or take in the answer. Raises what no waiting mends."""
        if self._asking is not None:
            if self._asking.done():
                self._used, self._asking, self._is_judged = self._asking.result(), None, False
            return
        until_us = window_start(known_us, HOUR_US)
        if until_us > (0 if self._used is None else self._used.until_us):
            self._asking = asyncio.get_running_loop().create_task(self._ask(until_us))

    def due(self, catalog: Catalog) -> list[Alert]:
        """Return what is to be said of the hours that were answered last."""
        if self._used is None or self._is_judged:
            return []
        found = signals(self._used, self._said, catalog, self._terms)
        self._is_judged = not found
        return found

    def told(self, alerts: Iterable[Alert]) -> None:
        """Remember that something was said, for good."""
        for alert in alerts:
            sized = sized_of(alert)
            if sized is not None:
                self._said[sized] = alert

    async def _ask(self, until_us: int) -> Used:
        since_us = asked_since(until_us, self._said.values(), self._terms)
        hours = await self.inquiry.ask(lambda: self._history.used(since_us, until_us))
        return Used(since_us, until_us, hours)


def begin_of(alert: Alert) -> tuple[int, int]:
    """Return when an alert began: of one place later ones follow earlier ones."""
    return alert["since_us"], alert["revision"] or 0
