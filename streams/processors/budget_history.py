"""What was spent before budgets read on, by ClickHouse, and what was said of budgets. Blocks.

Offsets of the store's group are asked for first and the database after them. So whatever is before
such an offset is in the answer, and lines read from there on may be in it, too, which does no harm.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from schemas import topics
from schemas.records import Alert
from streams.core.budgets.budget import BUDGET
from streams.core.budgets.ledger import Past, Settled, Streamed
from streams.core.budgets.sayings import Said
from streams.core.budgets.scopes import Scopes, What
from streams.core.catalog import Catalog
from streams.core.job_cost import EVERYWHERE, Newest, Told
from streams.core.timeline import FOREVER
from streams.core.windows import DAY_US, HOUR_US
from streams.processors.before import Before
from streams.processors.history import data_of
from streams.processors.said import records, states
from streams.replay.ask import Params, Row
from streams.replay.place import asker_of
from streams.settings import WorkerSettings

MARGIN_US = 60_000_000  # between the clocks of stores, and from a clock to a row that can be read
AT_ONCE_US = 6 * HOUR_US  # lines of so long are summed in one query, and held at once
AHEAD_US = DAY_US  # windows begin at most a little after now; more than any skew


@dataclass(frozen=True, slots=True)
class Asking:
    """What decides how sums are told apart: whose catalog, and which windows are settled."""

    catalog: Catalog
    scopes: Scopes
    since_us: int
    hourly_us: int

    @property
    def params(self) -> Params:
        """Return it as parameters of a query."""
        return {
            "settled": self.since_us,
            "hourly": self.hourly_us,
            "edges": self.catalog.edges(0, FOREVER),
            **self.scopes.asked(),
        }


class Asked(Protocol):
    """What there was before: `BudgetHistory`. Blocks."""

    def said(self) -> dict[str, Said]: ...  # noqa: D102 - see there
    def mark(self) -> Row: ...  # noqa: D102 - see there
    def newest_us(self) -> int: ...  # noqa: D102 - see there
    def lines(self, asking: Asking) -> Past: ...  # noqa: D102 - see there
    def settled(self, asking: Asking, since_us: int, until_us: int) -> list[Settled]: ...  # noqa: D102 - see there
    def of(self, asking: Asking, hours: Iterable[int]) -> Past: ...  # noqa: D102 - see there
    def corrected_hours(self, mark: Row) -> list[int]: ...  # noqa: D102 - see there


class BudgetHistory(Before):
    """What was spent, and what was said of it."""

    def said(self) -> dict[str, Said]:
        """Return what was said last of each budget, by the topics and by ClickHouse.

        Whoever spoke before must not speak any more. Raises StoreUnavailable, SqlRefused and
        BrokerUnavailable.
        """
        found: dict[str, Said] = {}
        for alert in self._alerts():
            budget = alert["budget_id"] or ""
            if budget.startswith(BUDGET):
                found[budget] = found.get(budget, Said()).later(alert)
        for budget, state in states(self.kafka, self.codec).items():
            if budget.startswith(BUDGET):
                found[budget] = found.get(budget, Said()).with_state(state)
        return found

    def mark(self) -> Row:
        """Return what is another answer as soon as another correction is complete."""
        return self.rows("corrections_mark", {})[0]

    def newest_us(self) -> int:
        """Return when the newest window there is began; 0: there is none."""
        return int(self.rows("newest_window", {})[0][0])

    def lines(self, asking: Asking) -> Past:
        """Return what there is of windows that are not settled; the rest comes by `settled`.

        Raises as `said` does.
        """
        before = self.stored()
        if not asking.scopes.budgets:
            return Past(before, asking.since_us)
        found = self.rows("budget_lines", {"since": asking.since_us})
        return Past(before, asking.since_us, (), tuple(map(streamed, found)))

    def settled(self, asking: Asking, since_us: int, until_us: int) -> list[Settled]:
        """Return the sums of windows that begin in [since, until). Raises as `said` does."""
        return list(self._sums(asking, since_us, until_us))

    def of(self, asking: Asking, hours: Iterable[int]) -> Past:
        """Return what is settled in some hours. Raises as `said` does."""
        before = self.stored()
        settled = [row for hour in hours for row in self._sums(asking, hour, hour + HOUR_US)]
        return Past(before, asking.since_us, tuple(settled))

    def corrected_hours(self, mark: Row) -> list[int]:
        """Return in which hours something was corrected since a mark was taken, or shortly before.

        Raises as `said` does.
        """
        since_us = max(0, int(mark[0]) - MARGIN_US)
        return [row[0] for row in self.rows("corrected_hours", {"since": since_us})]

    def _sums(self, asking: Asking, since_us: int, until_us: int) -> Iterator[Settled]:
        params = {**asking.params, "since": since_us, "until": until_us}
        return map(settled_row, self.rows("budget_sums", params))

    def _alerts(self) -> Iterator[Alert]:
        for alert in records(self.kafka, self.codec, topics.ALERT_COST.name, "Alert"):
            yield cast("Alert", alert)
        for budget, name, tenant, state, since_us, currency in self.rows("budget_alerts", {}):
            stored = {
                "budget_id": budget, "alert_id": name, "tenant": tenant, "state": state,
                "since_us": since_us, "currency": currency,
            }  # fmt: skip
            yield cast("Alert", stored)


def stretches(since_us: int, until_us: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches that sums are asked for one by one, from the midnight before on.

    >>> [(a // HOUR_US, b // HOUR_US) for a, b in stretches(5 * HOUR_US, 30 * HOUR_US)]
    [(0, 6), (6, 12), (12, 18), (18, 24), (24, 30)]
    """
    for start_us in range(since_us - since_us % DAY_US, until_us, AT_ONCE_US):
        yield start_us, min(until_us, start_us + AT_ONCE_US)


@asynccontextmanager
async def opened(
    settings: WorkerSettings, counts: Mapping[str, int]
) -> AsyncIterator[BudgetHistory]:
    """Yield a history, and close it."""
    asker = partial(asker_of, data_of(settings))
    history = BudgetHistory(settings.kafka, asker, counts[topics.COST_LINE.name])
    try:
        yield history
    finally:
        await asyncio.to_thread(history.close)


def settled_row(row: Row) -> Settled:
    """Return a row of `budget_sums`."""
    tenant, project, model, job, pool, currency, at_us, begin_us, is_fixed, *sums, newest = row
    what = What(tenant, project, model, job, pool, currency)
    pico, unpriced = sums
    fixed = pool if is_fixed else None
    named = Newest(*newest)
    named = named._replace(price_book=sys.intern(named.price_book))  # one text for all rows
    return Settled(what, at_us, begin_us, fixed, pico, unpriced, named)


def streamed(row: Row) -> Streamed:
    """Return a row of `budget_lines`."""
    *what, start_us, line_id, revision, rank, pico, end_us, book = row
    of = What(*what)
    told = Told(revision, rank, -EVERYWHERE, pico, end_us, book)
    return Streamed(of, (start_us, of.pool), line_id, told)
