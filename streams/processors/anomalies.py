"""anomalies: all cost lines in, alerts about unusual costs out.

One worker leads, see `leader`; it keeps nothing. What a crash costs: what is usual is learned again
from what costs came to by ClickHouse, and what was said last is read where it was said. So the next
leader goes on with what is open, and says nothing twice.
"""

import asyncio
import time
from collections.abc import Iterable
from functools import partial

import faust
import structlog

from schemas.records import Alert
from streams.core import incompleteness, rightsize_alerts, silence
from streams.core.cost_watch import CostWatch
from streams.core.series import sources
from streams.core.series.board import Limits
from streams.core.series.buckets import Pace, Slice
from streams.core.series.keys import KINDS
from streams.core.series.prices import LATE_US
from streams.core.windows import HOUR_US, SECOND_US
from streams.errors import SqlRefused, Transient
from streams.metrics import Metric, Metrics
from streams.processors.anomaly_history import (
    MINUTES_AT_ONCE_US,
    QUARTERS_AT_ONCE_US,
    AnomalyHistory,
)
from streams.processors.beside import Beside, beside_of
from streams.processors.closings import heard
from streams.processors.inquiry import Inquiry
from streams.processors.leader import Leader, Lines, unbroken
from streams.processors.learning import learned, looked_back, parts
from streams.processors.outlet import Outlet
from streams.processors.rules import RulesInForce
from streams.processors.saying import say
from streams.settings import WorkerSettings

LOG = structlog.get_logger()
TICK_S = 0.1
RETRY_S = 1.0
LOOK_S = 0.5  # between two looks at what is to be judged
GAUGE_S = 1.0
KINDS_SAID = KINDS | {silence.KIND, incompleteness.KIND} | rightsize_alerts.KINDS
THROUGH_S = 3.0  # alerts wait no longer for the sources that they came through
OPEN_US = 300 * SECOND_US  # that windows may be open beyond twice their lateness


class Anomalies:
    """Shell of `core.cost_watch`."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it stands on, each once
        self,
        app: faust.App,
        outlet: Outlet,
        history: AnomalyHistory,
        rules: RulesInForce,
        settings: WorkerSettings,
        metrics: Metrics,
    ) -> None:
        self.tick_s = TICK_S
        self._leader = Leader(app, settings.kafka, outlet.codec, metrics, self.lead)
        self.reader = self._leader.reader
        self._outlet = outlet
        self._history = history
        self._rules = rules
        self._kafka = settings.kafka
        self._settings = settings.anomalies
        self._open_us = round(2 * settings.allocate.lateness_s * SECOND_US) + OPEN_US
        self._give_up_us = max(HOUR_US, 2 * self._open_us)
        self._metrics = metrics
        self._inquiry = Inquiry(metrics, RETRY_S)
        self._watch: CostWatch | None = None  # of whoever leads, once the past is learned
        self._beside: Beside | None = None
        self._is_caught_up = False
        self._look_s = self._gauge_s = 0.0  # when each is due

    @property
    def trouble(self) -> str | None:
        """What keeps it from judging now; None when nothing does, or another leads."""
        if not self._leader.is_leading:
            return None
        lines = self._leader.lines
        read = None if lines is None else lines.trouble
        unasked = None if self._beside is None else self._beside.trouble
        behind = None if self._is_caught_up else "is still reading what was before"
        return self._inquiry.trouble or read or unasked or behind

    @property
    def detail(self) -> dict[str, object]:
        """What it goes by, whether it leads, and what it has no room for."""
        watch = self._watch
        return {
            **self._rules.detail,
            "leads": self._leader.is_leading,
            "series_without_room": 0 if watch is None else watch.board.unwatched,
            "costs_without_room": 0 if self._beside is None else self._beside.growing.without_room,
            "prices_without_room": 0 if watch is None else watch.board.prices.unknown,
            "lines_too_late": 0 if watch is None else watch.buckets.late,
            "minutes_passed_over": 0 if watch is None else len(watch.buckets.gaps),
        }

    async def tick(self) -> None:
        """Raise what stopped the leading."""
        self._leader.check()

    async def drain(self) -> None:
        """End what is being said. The next leader reads the rest anew."""
        await self._leader.stop()

    async def lead(self, lines: Lines) -> None:
        """Say what is unusual, until somebody else does."""
        self._watch, self._is_caught_up = None, False
        stored = await self._inquiry.ask(self._history.stored)
        async with heard(self._kafka, self._outlet.codec, lines) as closings:
            beside = self._beside = beside_of(
                closings, self._history, self._metrics, self._settings
            )
            try:
                watch = self._watch = await self._learned(beside)
                lines.begin(stored)
                await self._follow(watch, beside, lines)
            finally:
                self._beside = None
                await beside.stop()

    async def _follow(self, watch: CostWatch, beside: Beside, lines: Lines) -> None:
        """Read on and speak."""
        while True:
            for line, _, _ in await lines.more():
                watch.take(line, now_us())
            self._is_caught_up = self._is_caught_up or lines.is_at_end
            now_s = time.monotonic()
            if self._is_caught_up and now_s >= self._look_s:
                self._look_s = now_s + LOOK_S
                beside.recounting.look(watch, lines.positions)
                await self._look(watch, beside)
            if now_s >= self._gauge_s:
                self._gauge_s = now_s + GAUGE_S
                self._gauge(watch, lines)

    async def _learned(self, beside: Beside) -> CostWatch:
        """Return a watch that knows what was usual, and what was said."""
        settings, history = self._settings, self._history
        pace = Pace(settle_us=round(settings.settle_s * SECOND_US), give_up_us=self._give_up_us)
        limits = Limits(settings.max_series, round(settings.forget_s * SECOND_US))
        span = await self._inquiry.ask(lambda: history.span(self._give_up_us))
        span = span.until(beside.closings.said_us, self._give_up_us)
        within = learned(span, self._open_us, pace.period_us, settings)
        said = await self._inquiry.ask(lambda: history.said(KINDS_SAID, within[0]))
        since_us, minutes_us, until_us = looked_back(*within, said, settings)
        watch = CostWatch(self._rules.now.catalog, pace, limits, until_us)
        late = (max(0, until_us - LATE_US), until_us)
        watch.board.prices.remember(await self._inquiry.ask(lambda: history.paid(*late)))
        watch.remember(said)
        for some in parts(since_us, minutes_us, QUARTERS_AT_ONCE_US):
            quarters = await self._inquiry.ask(partial(history.quarters, *some))
            await asyncio.to_thread(watch.recall, quarters)
        for some in parts(minutes_us, until_us, MINUTES_AT_ONCE_US):
            minutes = await self._inquiry.ask(partial(history.slices, *some, pace.period_us))
            await asyncio.to_thread(replay, watch, minutes)
        for each in await self._inquiry.ask(lambda: history.lines(until_us)):
            watch.join(each.window, each.line_id, each.kept, now_us())
        beside.begin(said)
        LOG.info("past_learned", series=len(watch.board.series), since_us=since_us)
        return watch

    async def _look(self, watch: CostWatch, beside: Beside) -> None:
        """Judge what is to be judged, and say what is new."""
        rules = self._rules.now
        watch.follow(rules.catalog, rules.book)
        await beside.closings.look()
        watch.buckets.closed_us = beside.closings.until_us
        began_s = time.monotonic()
        await asyncio.to_thread(watch.advance, now_us())
        self._metrics.observe(Metric.STEP_S, time.monotonic() - began_s)
        beside.sizing.look(watch.judged_until_us)
        beside.growing.look(watch.judged_until_us, rules.catalog)
        due = [
            *await self._through(watch.due()),
            *beside.silences.due(rules.catalog, rules.book.currency),
            *beside.shortfalls.due(rules.catalog, rules.book.currency),
            *await asyncio.to_thread(beside.sizing.due, rules.catalog),
            *beside.growing.due(),
        ]
        if due:
            await self._leader.steady()
            await unbroken(say(self._outlet, self._metrics, due, {}))
            watch.told(due)  # a crash before it costs nothing, it is read where it was said
            beside.told(due)

    async def _through(self, alerts: Iterable[Alert]) -> list[Alert]:
        """Return alerts with the sources they came through, where ClickHouse says so soon."""
        end_s = time.monotonic() + THROUGH_S
        return [await self._through_sources(each, end_s - time.monotonic()) for each in alerts]

    async def _through_sources(self, alert: Alert, within_s: float) -> Alert:
        asked = sources.asked(alert)
        if asked is None or within_s <= 0:
            return alert
        try:
            asking = asyncio.to_thread(self._history.through, asked)
            return sources.with_sources(alert, await asyncio.wait_for(asking, within_s))
        except (TimeoutError, Transient, SqlRefused) as error:
            LOG.warning("sources_unknown", error=str(error), alert_id=alert["alert_id"])
            return alert

    def _gauge(self, watch: CostWatch, lines: Lines) -> None:
        self._metrics.set(Metric.WATCHED_SERIES, len(watch.board.series))
        self._metrics.set(Metric.WATCHED_LINES, watch.buckets.lines)
        lines.gauge()


def replay(watch: CostWatch, past: Iterable[Slice]) -> None:
    """Have a watch learn stretches of the past."""
    for each in past:
        watch.replay(each)


def now_us() -> int:
    """Return an instant by which it is told how long ago another one was, and nothing else."""
    return time.monotonic_ns() // 1_000
