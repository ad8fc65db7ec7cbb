"""What costs came to before anomalies read on, by ClickHouse, and what was said of them. Blocks.

Offsets of the store's group are asked for first and the database after them. So whatever is before
such an offset is in the answer, and lines read from there on may be in it, too, which does no harm.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, cast

from schemas import topics
from schemas.decimals import to_bytes
from schemas.records import Alert
from streams.core.alerts import NO_DETAILS
from streams.core.anomaly.calendar import QUARTER_US
from streams.core.anomaly.detector import Quarter
from streams.core.incompleteness import WITHIN_US, Came
from streams.core.notices import rank
from streams.core.rightsize import Place, UsedHour
from streams.core.series.bought import item
from streams.core.series.bucket import Kept
from streams.core.series.buckets import Slice
from streams.core.series.cells import Amounts, Cell, summed
from streams.core.series.keys import SeriesKey
from streams.core.series.known_price import Price
from streams.core.series.past import Past
from streams.core.series.prices import Paid
from streams.core.series.recount import Count
from streams.core.series.sources import BEFORE_US, Asked, Through
from streams.core.silence import Heard
from streams.core.windows import DAY_US, HOUR_US, window_start
from streams.processors.before import Before
from streams.processors.history import data_of
from streams.processors.said import records
from streams.replay.ask import Params, Row
from streams.replay.place import asker_of
from streams.replay.rightsizes import used_hours
from streams.settings import WorkerSettings

HEARD_US = 2 * DAY_US  # a source that is silent for longer is expected no more
MINUTES_AT_ONCE_US = HOUR_US // 2  # of minutes asked for in one query
QUARTERS_AT_ONCE_US = 6 * HOUR_US
NOTHING: Params = {"since": 0, "until": 0, "drawn_since": 0, "drawn_until": 0}


class Span(NamedTuple):
    """Begins of windows: the first, the newest, and the first that is provisional; 0: none is."""

    first_us: int
    newest_us: int
    provisional_us: int

    def until(self, closed_us: int | None, within_us: int) -> "Span":
        """Return it with what is not closed everywhere as provisional; None: nobody says.

        What is older than `within_us` before the newest is not waited for.
        """
        open_us = (
            self.newest_us if closed_us is None else max(closed_us, self.newest_us - within_us)
        )
        if open_us >= self.newest_us:
            return self
        return self._replace(provisional_us=min(self.provisional_us or open_us, open_us))


class Lined(NamedTuple):
    """One streamed line as ClickHouse has it."""

    window: tuple[int, int]
    line_id: str
    kept: Kept


class AnomalyHistory(Before):
    """What costs came to, who was heard, and what was said."""

    def span(self, within_us: int) -> Span:
        """Return of which time there is something; what is provisional is so since lately only.

        Raises StoreUnavailable and SqlRefused.
        """
        return Span(*self.rows("series_span", {"within": within_us})[0])

    def quarters(self, since_us: int, until_us: int) -> Past:
        """Return what quarters of an hour came to. Ask for no more than QUARTERS_AT_ONCE_US.

        Those of hours that the store has not drawn yet are drawn here, which takes longer.
        """
        rows = self.rows("series_quarters", {**NOTHING, "since": since_us, "until": until_us})
        drawn = {window_start(begin * QUARTER_US, HOUR_US) for row in rows for begin, *_ in row[-1]}
        for hour_us in range(window_start(since_us, HOUR_US), until_us, HOUR_US):
            if hour_us not in drawn:
                within = max(since_us, hour_us), min(until_us, hour_us + HOUR_US)
                asked = {"drawn_since": within[0], "drawn_until": within[1]}
                rows += self.rows("series_quarters", {**NOTHING, **asked})
        return past_of(rows)

    def slices(self, since_us: int, until_us: int, period_us: int) -> list[Slice]:
        """Return what stretches came to, in order. Ask for no more than MINUTES_AT_ONCE_US."""
        asked = {"since": since_us, "until": until_us, "period": period_us}
        rows = self.rows("series_sums", asked)
        return [
            sliced(begin_us, list(some), period_us)
            for begin_us, some in groupby(rows, itemgetter(0))
        ]

    def lines(self, since_us: int) -> list[Lined]:
        """Return the streamed lines of windows since an instant."""
        return list(map(lined, self.rows("series_lines", {"since": since_us})))

    def paid(self, since_us: int, until_us: int) -> list[Paid]:
        """Return at which prices each item was bought in windows that begin in [since, until)."""
        return list(map(paid, self.rows("prices_paid", {"since": since_us, "until": until_us})))

    def mark(self) -> Row:
        """Return what is another answer as soon as another correction is complete."""
        return self.rows("corrections_mark", {})[0]

    def spent(self, of: Count, period_us: int) -> list[tuple[int, int]]:
        """Return what each stretch of an episode came to, by its begin."""
        asked: Params = {
            "tenant": of.key.tenant,
            "model": of.key.model,
            "currency": of.key.currency,
            "since": of.since_us,
            "until": of.until_us,
            "period": period_us,
        }
        return [(start_us, pico) for start_us, pico in self.rows("series_spent", asked)]

    def through(self, of: Asked) -> list[Through]:
        """Return which sources told of calls, and what those would have cost by the list."""
        params: Params = {**of._asdict(), "before": of.since_us - BEFORE_US}
        return [Through(*row) for row in self.rows("source_costs", params)]

    def heard(self) -> tuple[int, list[Heard]] | None:
        """Return which sources were heard, and when that was asked; None where none was."""
        rows = self.rows("sources_heard", {"within": HEARD_US})
        return (rows[0][-1], [Heard(*row[:-1]) for row in rows]) if rows else None

    def came(self) -> tuple[int, list[Came]] | None:
        """Return what came of sources of late, and when that was asked; None where nothing did."""
        rows = self.rows("sources_came", {"within": WITHIN_US})
        return (rows[0][-1], [Came(*row[:-1]) for row in rows]) if rows else None

    def used(self, since_us: int, until_us: int) -> dict[Place, list[UsedHour]]:
        """Return how pools and endpoints were used in each hour that begins in [since, until)."""
        within = since_us, until_us
        return used_hours(self, "pool", within) | used_hours(self, "endpoint", within)

    def said(self, kinds: frozenset[str], since_us: int) -> list[Alert]:
        """Return what was said last of each alert, by the topic and by ClickHouse.

        Of those over only what began since an instant. Whoever spoke before must not any more.
        """
        asked: Params = {"kinds": sorted(kinds), "since": since_us}
        last = {row[0]: alert_of_row(row) for row in self.rows("anomaly_alerts", asked)}
        for each in records(self.kafka, self.codec, topics.ALERT_COST.name, "Alert"):
            alert = cast("Alert", each)
            if alert["kind"] in kinds and is_later(alert, last.get(alert["alert_id"])):
                last[alert["alert_id"]] = alert
        return list(last.values())


@asynccontextmanager
async def opened(
    settings: WorkerSettings, counts: Mapping[str, int]
) -> AsyncIterator[AnomalyHistory]:
    """Yield a history, and close it."""
    asker = partial(asker_of, data_of(settings))
    history = AnomalyHistory(settings.kafka, asker, counts[topics.COST_LINE.name])
    try:
        yield history
    finally:
        await asyncio.to_thread(history.close)


def is_later(alert: Alert, known: Alert | None) -> bool:
    """Whether an alert says something after what is known of it."""
    return known is None or rank(alert) >= rank(known)


def past_of(rows: Iterable[Row]) -> Past:
    """Return rows of `series_quarters` as what they came to."""
    stretches: dict[int, int] = {}
    quarters: dict[SeriesKey, list[Quarter]] = {}
    for *names, told in rows:
        of_one = quarters.setdefault(SeriesKey(*names), [])
        for number, minutes, mean, deviation, most in told:
            at_us = number * QUARTER_US
            of_one.append(Quarter(at_us, mean, deviation, minutes, most))
            stretches[at_us] = max(minutes, stretches.get(at_us, 0))
    for of_one in quarters.values():
        of_one.sort()
    return Past(dict(sorted(stretches.items())), quarters)


def sliced(begin_us: int, rows: list[Row], period_us: int) -> Slice:
    """Return the rows of one stretch of `series_sums` as what it came to."""
    end_us = max(begin_us + period_us, *(row[1] for row in rows))
    sums = summed((Cell(*row[2:7]), Amounts(*row[7:])) for row in rows)
    return Slice(begin_us, end_us, sums, is_final=True)


def lined(row: Row) -> Lined:
    """Return a row of `series_lines`."""
    start_us, end_us, line_id, revision, rank, *rest = row
    kept = Kept(revision, rank, Cell(*rest[:5]), Amounts(*rest[5:]))
    return Lined((start_us, end_us), line_id, kept)


def paid(row: Row) -> Paid:
    """Return a row of `prices_paid`."""
    *names, pico, quantity, first_us, last_us = row
    return Paid(item(*names), Price(pico, quantity), first_us, last_us)


def alert_of_row(row: Row) -> Alert:
    """Return a row of `anomaly_alerts` as far as it tells."""
    name, tenant, kind, state, since_us, at_us, excess, currency, summary, *rest = row
    severity, revision, model, pool, source, group = rest
    return {
        **NO_DETAILS,
        "alert_id": name,
        "tenant": tenant,
        "kind": kind,
        "state": state,
        "since_us": since_us,
        "at_us": at_us,
        "expected": None,
        "actual": None,
        "excess": None if excess is None else to_bytes(excess),
        "currency": currency,
        "summary": summary,
        "severity": severity or None,
        "revision": revision or None,
        "model": model,
        "pool": pool,
        "source": source,
        "group": group,
    }
