"""GPU time in which nobody worked: what it was instead, and its cost by the list."""

import re
from pathlib import Path
from typing import cast

import pytest

from clickhouse.block import Block
from clickhouse.client import Connection
from clickhouse.columns import column_types
from clickhouse.migrate import migrate, migrations
from clickhouse.usage_rows import Attributed, Position, UsageBatch, Versions, usage_rows
from clickhouse.writer import Writer
from schemas.records import GpuInterval
from streams.core.windows import DAY_US, HOUR_US, SECOND_US
from tests.archive_reader import read_batches
from tests.builders.usage import T0, batch, holder, interval

pytestmark = pytest.mark.integration

FORMER = migrations()[:6]  # without what an agent knows beside the holders
NEW = ("no_context", "instance", "memory", "attribution", "rule", "evidence", "workload",
       "unobserved", "sharing_mode", "energy", "samples", "flags", "precedence")  # fmt: skip
TWO_DOLLARS = 2 * 10**12
S = SECOND_US
ASK = """
SELECT state, tenant, endpoint, for_us, unpriced_us, toString(list_cost) AS cost
FROM unworked_gpu_time WHERE day = {day:String} ORDER BY state, tenant
"""
BALANCE = """
SELECT sum(for_us) + (SELECT sum(arraySum(holders.active_us)) FROM usage_events FINAL) AS us
FROM unworked_gpu_time
"""
HOUR = interval(
    holder(1200 * S, 600 * S, tenant="acme", no_context_us=240 * S),
    holder(600 * S, 540 * S, endpoint="llama"),
    end_us=T0 + HOUR_US,
    stranded_us=360 * S,
    out_of_service_us=60 * S,
    unobserved_us=180 * S,
)


def blocks(events: list[GpuInterval], cost: int | None) -> list[Block]:
    """Return events, each at a list cost in pico, as rows."""
    attributed = [Attributed("h100", None, cost)] * len(events)
    given = cast("UsageBatch", batch(*events, source=f"node-{cost}"))
    at, versions = Position("usage.gpu.v1", 0, 0), Versions("b", "c", "USD")
    return usage_rows("GpuUsageBatch", given, attributed, at, versions)


def archive(database: Connection, *events: GpuInterval, cost: int | None = TWO_DOLLARS) -> None:
    """Archive events, delivered twice."""
    writer = Writer(database.writer)
    writer.add(*blocks([*events], cost), *blocks([*events], cost))
    writer.flush()


def unworked(database: Connection, day: str = "2026-01-01") -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in database.reader.rows(ASK, {"day": day})]


def test_what_nobody_worked_is_told_apart_and_costs_its_part_of_the_interval(
    database: Connection,
) -> None:
    """At 2.00 an hour, 360 s are 0.20: acme idled 600 s, of which 240 without a process."""
    archive(database, HOUR)
    assert unworked(database) == [
        ("held_idle", "acme", None, 360 * S, 0, "0.2"),
        ("held_idle", None, "llama", 60 * S, 0, "0.033333333333"),
        ("held_without_context", "acme", None, 240 * S, 0, "0.133333333333"),
        ("out_of_service", None, None, 60 * S, 0, "0.033333333333"),
        ("stranded", None, None, 360 * S, 0, "0.2"),
        ("unallocated", None, None, 1200 * S, 0, "0.666666666666"),
        ("unobserved", None, None, 180 * S, 0, "0.1"),
    ]
    assert database.reader.value(BALANCE) == HOUR_US


def test_time_without_a_price_is_counted_and_costs_nothing_that_is_known(
    database: Connection,
) -> None:
    archive(database, interval(end_us=T0 + HOUR_US))
    archive(database, interval(end_us=T0 + HOUR_US, stranded_us=HOUR_US), cost=None)
    assert unworked(database) == [
        ("stranded", None, None, HOUR_US, HOUR_US, None),
        ("unallocated", None, None, HOUR_US, 0, "2"),
    ]


def test_time_with_and_without_a_price_is_told_apart(database: Connection) -> None:
    archive(database, interval(end_us=T0 + HOUR_US))
    archive(database, interval(end_us=T0 + HOUR_US), cost=None)
    assert unworked(database) == [("unallocated", None, None, 2 * HOUR_US, HOUR_US, "2")]


def test_the_question_of_the_page_is_answered(database: Connection, root: Path) -> None:
    page = (root / "docs" / "allocation.md").read_text(encoding="utf-8")
    [question] = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    archive(database, HOUR)
    ever = question.replace("today() - 7", "'2026-01-01'")
    dearest, *_ = database.reader.rows(ever)
    assert (dearest["state"], dearest["gpu_hours"]) == ("unallocated", 1 / 3)


def test_an_interval_counts_on_the_day_it_begins_in(database: Connection) -> None:
    midnight = T0 + DAY_US
    archive(database, interval(start_us=midnight - S, end_us=midnight + S))
    archive(database, interval(start_us=midnight, end_us=midnight + S), cost=7)
    assert unworked(database) == [("unallocated", None, None, 2 * S, 0, "2")]
    assert unworked(database, "2026-01-02") == [("unallocated", None, None, S, 0, "0.000000000007")]


def test_intervals_that_were_archived_before_say_what_they_said(
    empty_database: Connection,
) -> None:
    """Their holders, who knew nothing of it, get nothing for each of the new columns."""
    told = interval(holder(7 * S, 2 * S, tenant="acme"), holder(S, tenant="globex"))
    migrate(empty_database, FORMER)
    for rows in blocks([told], TWO_DOLLARS):
        kept = [n for n, name in enumerate(rows.names) if not any(new in name for new in NEW)]
        names = tuple(rows.names[n] for n in kept)
        columns = [rows.columns[n] for n in kept]
        types = column_types(rows.table, names)
        empty_database.writer.insert(rows.table, names, types, columns)
    migrate(empty_database)
    [found] = read_batches(empty_database)
    assert found.events == [told]
    assert [row[:4] for row in unworked(empty_database)] == [
        ("held_idle", "acme", None, 5 * S),
        ("unallocated", None, None, 2 * S),
    ]
