"""Asks once a day what costs came to by the hour, and says which of them grow, beside all else.

At its start it learns eight weeks, a day at a time. More would change nothing, so that whoever
leads says the same of growth, whenever it began to.
"""

import asyncio
from collections.abc import Iterable
from functools import partial

import structlog

from schemas.records import Alert
from streams.core.catalog import Catalog
from streams.core.growth_alerts import (
    KIND,
    Judged,
    alerts,
    whose_of,
    with_parts,
)
from streams.core.growths import HISTORY_US, Growths, Whose
from streams.core.windows import DAY_US, HOUR_US, window_start
from streams.processors.anomaly_history import AnomalyHistory
from streams.processors.grown_hours import grown_parts, hours_of, hours_since
from streams.processors.inquiry import Inquiry
from streams.processors.leader import ended

LOG = structlog.get_logger()
AFTER_US = HOUR_US  # the end of a day, when the rollups have all of it


class Growing:
    """Keeps what costs came to by the hour. Have it `look`, and `stop` it.

    What is new is `due` until it was `told` that it was said.
    """

    def __init__(self, history: AnomalyHistory, inquiry: Inquiry, max_series: int) -> None:
        self._history = history
        self.inquiry = inquiry
        self._growths = Growths(max_series)
        self._said: dict[Whose, Alert] | None = None  # not read yet
        self._due: list[Alert] = []
        self._looked_us = 0  # until when days were asked for
        self._asking: asyncio.Task[list[Alert]] | None = None

    @property
    def without_room(self) -> int:
        """How many series are not followed, as there are too many."""
        return self._growths.without_room

    async def stop(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            await ended({self._asking})

    def look(self, known_us: int, catalog: Catalog) -> None:
        """Ask for days that are over, or take in what follows. Raises what no waiting mends."""
        if self._asking is not None:
            if self._asking.done():
                self._due, self._asking = self._asking.result(), None
            return
        until_us = window_start(known_us - AFTER_US, DAY_US)
        if not self._due and until_us > self._looked_us:
            self._looked_us = until_us
            self._asking = asyncio.get_running_loop().create_task(self._ask(until_us, catalog))

    def due(self) -> list[Alert]:
        """Return what is to be said."""
        return list(self._due)

    def told(self, alerts: Iterable[Alert]) -> None:
        """Remember that something was said, for good."""
        for alert in alerts:
            whose = whose_of(alert)
            if whose is not None and self._said is not None:
                self._said[whose] = alert
                self._due = [each for each in self._due if whose_of(each) != whose]

    async def _ask(self, until_us: int, catalog: Catalog) -> list[Alert]:
        if self._said is None:
            self._said = await self.inquiry.ask(partial(self._read_said, until_us - HISTORY_US))
        since_us = self._growths.until_us or await self._begin(until_us)
        for day_us in range(since_us, until_us, DAY_US):
            await self.inquiry.ask(partial(self._learn, day_us))
        if not self._growths.until_us:
            return []  # what was said to grow is not over because nobody knows
        judged = Judged(until_us, await asyncio.to_thread(self._growths.growing), self._growths)
        found = alerts(judged, self._said, catalog)
        LOG.info("growth_judged", series=len(self._growths), alerts=len(found))
        return [await self._with_parts(each, judged) for each in found]

    def _read_said(self, since_us: int) -> dict[Whose, Alert]:
        said = sorted(self._history.said(frozenset({KIND}), since_us), key=begin_of)
        return {whose: each for each in said if (whose := whose_of(each)) is not None}

    async def _begin(self, until_us: int) -> int:
        """Return the begin of the first day to learn before an instant; itself: there is none."""
        since_us = until_us - HISTORY_US
        first_us = await self.inquiry.ask(partial(hours_since, self._history, since_us))
        return window_start(first_us, DAY_US) if first_us else until_us

    def _learn(self, day_us: int) -> None:
        self._growths.learn(day_us, hours_of(self._history, day_us, day_us + DAY_US))

    async def _with_parts(self, alert: Alert, judged: Judged) -> Alert:
        whose = whose_of(alert)
        growing = None if whose is None else judged.growing.get(whose)
        if whose is None or growing is None:
            return alert
        parts = await self.inquiry.ask(
            partial(grown_parts, self._history, whose, growing.run.shown.at_us)
        )
        return with_parts(alert, parts)


def begin_of(alert: Alert) -> tuple[int, int]:
    """Return when an alert began: of one series later ones follow earlier ones."""
    return alert["since_us"], alert["revision"] or 0
