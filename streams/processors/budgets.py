"""budgets: all cost lines in, alerts and states of budgets out.

One worker leads, see `leader`; it keeps nothing. What a crash costs: what was spent is read again
from ClickHouse and from the lines that came since, what was said last from the topics and
ClickHouse. So the next leader says what is new, and nothing twice.
"""

import asyncio
import gc
import time

import faust

from streams.core.budgets.ledger import Ledger, fine_us
from streams.core.budgets.periods import period_at
from streams.core.budgets.scopes import Scopes
from streams.core.budgets.watch import BudgetWatch
from streams.core.catalog import Catalog
from streams.core.windows import HOUR_US, SECOND_US, window_start
from streams.metrics import Metric, Metrics
from streams.processors.budget_history import AHEAD_US, Asked, Asking, stretches
from streams.processors.budget_mending import Mending
from streams.processors.budget_outlook import Forecasting
from streams.processors.inquiry import Inquiry
from streams.processors.leader import Leader, Lines, unbroken
from streams.processors.outlet import Outlet
from streams.processors.rules import RulesInForce
from streams.processors.saying import say
from streams.replay.ask import Row
from streams.settings import WorkerSettings

TICK_S = 0.1
RETRY_S = 1.0
SAY_S = 0.1  # between two looks at what is new
GAUGE_S = 1.0


class Budgets:
    """Shell of `core.budgets.watch`."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it stands on, each once
        self,
        app: faust.App,
        outlet: Outlet,
        history: Asked,
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
        self._settings = settings.budgets
        self._clock = settings.meter.clock
        live_s = 2 * settings.allocate.lateness_s + settings.budgets.live_s
        self._live_us = round(live_s * SECOND_US)
        self._metrics = metrics
        self._inquiry = Inquiry(metrics, RETRY_S)
        self._mending: Mending | None = None  # of whoever leads
        self._watch: BudgetWatch | None = None
        self._calm_s = self._again_s = self._say_s = self._gauge_s = 0.0  # when each is due

    @property
    def trouble(self) -> str | None:
        """What keeps it from judging now; None when nothing does, or another leads."""
        if not self._leader.is_leading:
            return None
        lines = self._leader.lines
        return self._inquiry.trouble or (None if lines is None else lines.trouble)

    @property
    def detail(self) -> dict[str, object]:
        """What it goes by, whether it leads, and budgets that it cannot judge."""
        watch, mending = self._watch, self._mending
        other = set() if watch is None else watch.ledger.scopes.uncompared
        return {
            **self._rules.detail,
            "leads": self._leader.is_leading,
            "judges": mending is not None and mending.is_first_done,
            "budget_in_other_currency": sorted(other),
        }

    async def tick(self) -> None:
        """Raise what stopped the leading."""
        self._leader.check()

    async def drain(self) -> None:
        """End what is being said. The next leader reads the rest anew."""
        await self._leader.stop()

    async def lead(self, lines: Lines) -> None:
        """Say what is new of budgets, until somebody else does."""
        try:
            await self._lead(lines)
        finally:
            self._watch = self._mending = None
            self._metrics.set(Metric.WATCHED_BUDGETS, 0)

    async def _lead(self, lines: Lines) -> None:
        said = await self._inquiry.ask(self._history.said)
        while True:
            catalog = self._rules.now.catalog
            ledger, mark = await self._counted(catalog)
            lines.begin(ledger.before)
            watch = self._watch = BudgetWatch(catalog, ledger, said)
            mending = self._mending = Mending(
                watch, self._history, self._inquiry, lines, mark, self._settings.look_every_s
            )
            inquiry = Inquiry(self._metrics, RETRY_S)  # whose trouble keeps nothing from judging
            forecasting = Forecasting(self._history, inquiry, catalog)
            try:
                await self._follow(watch, mending, forecasting, lines)
            finally:
                await mending.stop()
                await forecasting.stop()
            said = watch.said

    async def _counted(self, catalog: Catalog) -> tuple[Ledger, Row]:
        """Return all that was spent by ClickHouse, and the mark of the corrections in it."""
        scopes = Scopes(catalog)
        while True:
            mark = await self._inquiry.ask(self._history.mark)
            newest_us = await self._inquiry.ask(self._history.newest_us)
            asking, from_us = self._asking(catalog, scopes, newest_us)
            past = await self._inquiry.ask(lambda: self._history.lines(asking))  # noqa: B023 - awaited here
            ledger = Ledger(scopes, past, self._live_us)
            await self._settled(ledger, asking, (from_us, newest_us + AHEAD_US))
            if await self._inquiry.ask(self._history.mark) == mark:
                # No correction became complete between two of the questions.
                return ledger, mark

    async def _settled(self, ledger: Ledger, asking: Asking, within_us: tuple[int, int]) -> None:
        """Have a ledger count what is settled, day by day: no more than one is held at once."""
        for since_us, until_us in stretches(*within_us) if asking.scopes.budgets else ():
            settled = await self._inquiry.ask(
                lambda: self._history.settled(asking, since_us, until_us)  # noqa: B023 - awaited here
            )
            await asyncio.to_thread(ledger.count, settled)
            gc.freeze()  # it stays: a collection that looks at all of it stops everything

    def _asking(self, catalog: Catalog, scopes: Scopes, newest_us: int) -> tuple[Asking, int]:
        """Return how to ask for all that matters, and since when it does."""
        since_us = max(0, newest_us - self._live_us)
        periods = {each.period for each in scopes.budgets}
        at_us = min(newest_us, self._now_us(newest_us))
        begins = [period_at(each, at_us).start_us for each in periods]
        fine = [newest_us - fine_us(each) for each in periods]
        hourly_us = window_start(max(0, min([since_us, *fine])), HOUR_US)
        return Asking(catalog, scopes, since_us, hourly_us), max(0, min([since_us, *begins]))

    async def _follow(
        self, watch: BudgetWatch, mending: Mending, forecasting: Forecasting, lines: Lines
    ) -> None:
        """Read on and speak, until the catalog says something else of budgets or tenants."""
        while not watch.is_outdated(self._rules.now.catalog):
            for line, partition, offset in await lines.more():
                watch.ledger.take(line, partition, offset)
            mending.look()
            ledger = watch.ledger
            at_us = self._now_us(ledger.newest_end_us)
            forecasting.look(ledger.since_us, at_us, self._rules.now.catalog)
            watch.outcomes = forecasting.outcomes
            now_s = time.monotonic()
            if mending.is_whole and now_s >= self._say_s:
                self._say_s = now_s + SAY_S
                await self._leader.steady()
                await unbroken(self._say(watch, lines, now_s))
            if now_s >= self._gauge_s:
                self._gauge_s = now_s + GAUGE_S
                self._gauge(watch, lines)

    async def _say(self, watch: BudgetWatch, lines: Lines, now_s: float) -> None:
        ledger = watch.ledger
        at_us = self._now_us(ledger.newest_end_us)
        is_calm, again = now_s >= self._calm_s, now_s >= self._again_s
        if is_calm:
            self._calm_s = now_s + self._settings.emit_every_s
        if again:
            self._again_s = now_s + self._settings.repeat_every_s
        due = watch.due(at_us, lines.positions, is_calm=is_calm or again, again=again)
        alerts = [alert for saying in due for alert in saying.alerts]
        states = {each.budget_id: each.state for each in due if each.is_of_state}
        await say(self._outlet, self._metrics, alerts, states)
        watch.told(due)  # a crash before it costs nothing, all of it is read again
        ledger.coarsen(at_us)

    def _now_us(self, newest_end_us: int) -> int:
        """Return the instant that periods go by: now, or by the log the last there is a line of."""
        return max(0, newest_end_us - 1) if self._clock == "log" else time.time_ns() // 1_000

    def _gauge(self, watch: BudgetWatch, lines: Lines) -> None:
        self._metrics.set(Metric.WATCHED_BUDGETS, len(watch.ledger.scopes.budgets))
        self._metrics.set(Metric.WATCHED_LINES, watch.ledger.lines)
        lines.gauge()
