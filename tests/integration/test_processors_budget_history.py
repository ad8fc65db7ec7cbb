"""What was spent by ClickHouse is what the lines come to, however it is asked."""

from collections.abc import Iterator

import pytest

from clickhouse.client import Connection
from clickhouse.rows import alerts, cost_lines
from clickhouse.writer import Writer
from schemas import topics
from schemas.codec import Codec
from schemas.records import Alert, CostLine
from streams.config.catalog import load_catalog
from streams.core.budgets.ledger import Ledger, Past
from streams.core.budgets.scopes import Scopes
from streams.core.budgets.watch import BudgetWatch
from streams.core.windows import HOUR_US, MINUTE_US
from streams.kafka.batch import publish_all
from streams.processors.budget_history import Asking, BudgetHistory, stretches
from streams.replay.ask import Direct
from streams.settings import KafkaSettings
from tests.builders.budgets import budget, budgets, spent
from tests.builders.usage import T0

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

LIVE_US = HOUR_US
END_US = T0 + 6 * HOUR_US
MOVED = """tenants:
  - {name: retail}
  - {name: risk}
  - {name: search, parent: retail, effective_to: 2026-01-01T01:30:00Z}
  - {name: search, parent: risk, effective_from: 2026-01-01T01:30:00Z}
"""
CATALOG = load_catalog(
    budgets(
        budget("all", "100"),
        budget("retail", "100", tenant="retail"),
        budget("risk", "100", tenant="risk", period="3 hours"),
        budget("gpt", "100", models="['gpt-*']"),
        budget("batch", "100", projects="[batch]"),
        budget("nightly", "100", jobs="['n-*']"),
        budget("pool", "100", pools="['h*']"),
        tree=MOVED,
    )
)


@pytest.fixture
def history(kafka: KafkaSettings, database: Connection) -> Iterator[BudgetHistory]:
    made = BudgetHistory(kafka, lambda: Direct(database), topics.COST_LINE.partitions)
    yield made
    made.close()


def lines() -> Iterator[CostLine]:
    """Yield lines of six hours, of every kind that some budget asks for."""
    for minute in range(0, 360, 7):
        yield spent(minute, f"0.{minute + 1}", revision=1)
        yield spent(minute, f"0.{minute + 2}", revision=2, status="final")
        yield spent(minute, "0.5", "risk", model="llama", project="batch", thing=1)
        yield spent(minute, "0.25", job="n-7", meter="gpu.active", pool="h100", model="H100")
        yield spent(minute, "0.125", job="n-8", meter="storage", pool="resource:storage")
        yield spent(minute, None, kind="unpriced", thing=2)
        yield spent(minute, "70", pool="charge:shared")
    for minute in (14, 329):  # settled and live
        for thing, tenant in enumerate(("search", "risk")):
            yield spent(minute, "3", tenant, thing=5 + thing, generation=1, status="corrected",
                        lines=2)  # fmt: skip
    yield spent(21, "9", generation=1, status="corrected", lines=2, thing=7)  # of two


def counted(ledger: Ledger) -> dict[str, tuple[int, int]]:
    """Return what is spent and what has no price, of every budget."""
    named = zip(ledger.scopes.budgets, ledger.sums, strict=True)
    found = {each.name: sums.between(0, END_US) for each, sums in named}
    return {name: (each.pico, each.unpriced) for name, each in found.items()}


def by_hour(history: BudgetHistory) -> dict[str, int]:
    """Return what is spent by what forecasts are learned of: all six hours, each once."""
    scopes = Scopes(CATALOG)
    spent_in = {each.name: 0 for each in scopes.budgets}
    asking = Asking(CATALOG, scopes, END_US, END_US)
    within = stretches(T0, END_US)
    settled = [
        each for begin_us, end_us in within for each in history.settled(asking, begin_us, end_us)
    ]
    assert {each.begin_us for each in settled} == {T0 + hour * HOUR_US for hour in range(6)}
    for each in settled:
        for number in scopes.of(each.what, each.at_us):
            spent_in[scopes.budgets[number].name] += each.pico
    return spent_in


def test_sums_by_hour_or_window_lines_and_hours_read_again_come_to_the_same(
    history: BudgetHistory, database: Connection
) -> None:
    everything = list(lines())
    writer = Writer(database.session())
    writer.add(cost_lines(everything))
    before = history.mark()
    writer.flush()
    assert history.mark() != before
    assert sorted(history.corrected_hours(before)) == [T0, T0 + 5 * HOUR_US]
    newest_us = history.newest_us()
    assert newest_us == T0 + 357 * MINUTE_US
    found = []
    for since_us, hourly_us in (
        (newest_us - LIVE_US, T0 + 4 * HOUR_US),  # hours, windows and lines
        (END_US, END_US),  # hours only
        (END_US, 0),  # windows only
        (0, 0),  # lines only, and what was corrected
    ):
        scopes = Scopes(CATALOG)
        asking = Asking(CATALOG, scopes, since_us, hourly_us)
        ledger = Ledger(scopes, history.lines(asking), LIVE_US)
        for begin_us, end_us in stretches(T0, END_US):
            ledger.count(history.settled(asking, begin_us, end_us))
        known = counted(ledger)
        some = [T0, T0 + HOUR_US, T0 + 5 * HOUR_US]
        ledger.mend(history.of(asking, some), some)
        assert counted(ledger) == known, "read again it is the same"
        found.append(known)
    assert found[1:] == found[:1] * 3
    assert by_hour(history) == {name: pico for name, (pico, _) in found[0].items()}
    plain = Ledger(Scopes(CATALOG), Past({}, 0), 1 << 60)
    fixed = {(14, "api:openai"), (329, "api:openai")}
    for number, line in enumerate(everything):
        place = ((line["window_start_us"] - T0) // MINUTE_US, line["pool"])
        if place[1].startswith("api:") and (place in fixed) == (line["lines"] is not None):
            streamed = {**line, "generation": 0, "status": "final"}
            plain.take(streamed if place in fixed else line, 0, number)  # type: ignore[arg-type]  # of other lines
        elif not place[1].startswith("api:"):
            plain.take(line, 0, number)
    assert found[0] == counted(plain)


def test_what_was_said_is_read_from_the_topics_and_from_clickhouse(
    history: BudgetHistory, database: Connection, kafka: KafkaSettings
) -> None:
    watch = BudgetWatch(CATALOG, Ledger(Scopes(CATALOG), Past({}, 0), LIVE_US), {})
    watch.ledger.take(spent(0, "200"), 0, 0)
    due = watch.due(T0 + MINUTE_US - 1, {0: 1}, is_calm=True)
    watch.told(due)
    opened: list[Alert] = [alert for saying in due for alert in saying.alerts]
    older, newer = opened[::2], opened[1::2]
    writer = Writer(database.session())
    writer.add(alerts(older))  # the topic has them no longer
    writer.flush()
    codec = Codec()
    publish_all(
        kafka,
        topics.ALERT_COST.name,
        [(each["tenant"], codec.encode("Alert", each)) for each in newer],
    )
    publish_all(
        kafka,
        topics.BUDGET_STATE.name,
        [(each.budget_id, codec.encode("BudgetState", each.state)) for each in due if each.state],
    )
    assert history.said() == watch.said
