"""What ClickHouse sums and core rates is what metering every event gives, line by line."""

from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings

from clickhouse.client import Connection
from clickhouse.usage_rows import (
    Attributed,
    Position,
    UsageBatch,
    UsageRecord,
    Versions,
    usage_rows,
)
from clickhouse.writer import Writer
from streams.core.lines import WindowPool
from streams.core.metering import LATEST_US, Rules, meter_batch
from streams.core.window import Window
from streams.replay.archived import Archived
from streams.replay.ask import Direct
from streams.replay.span import Span
from tests.builders.drawing import agreed, record_name
from tests.builders.generated import END_US, any_terms, batches, terms
from tests.builders.terms import WINDOW_US
from tests.builders.usage import T0, Event, batch, call, holder, interval, quantity

pytestmark = pytest.mark.integration

BEFORE_US = T0 - 10 * WINDOW_US
WHOLE = Span(BEFORE_US, END_US + WINDOW_US, WINDOW_US)
ANYBODY = Attributed("", None, None)


def archive(database: Connection, usage: list[list[Event]]) -> None:
    """Put batches into an empty archive, each twice."""
    database.writer.command("TRUNCATE TABLE usage_events")
    writer = Writer(database.writer)
    for seq, events in enumerate(usage):
        named = cast("UsageRecord", record_name(events[0]))
        whole = cast("UsageBatch", batch(*events, seq=seq))
        blocks = usage_rows(
            named, whole, [ANYBODY] * len(events), Position("t", 0, seq), Versions("b", "c", "USD")
        )
        writer.add(*blocks, *blocks)
    writer.flush()


def metered(rules: Rules, usage: list[list[Event]]) -> dict[WindowPool, Window]:
    """Return the windows that metering event by event makes."""
    found: dict[WindowPool, Window] = {}
    for seq, events in enumerate(usage):
        for each in meter_batch(
            record_name(events[0]), batch(*events, seq=seq), "o", rules, LATEST_US
        ).partials:
            where = WindowPool(each["window_start_us"], each["window_end_us"], each["pool"])
            found.setdefault(where, Window(where, 0, agreed(rules))).apply(each)
    return found


def assert_same(database: Connection, rules: Rules, usage: list[list[Event]], span: Span) -> None:
    archived = Archived(Direct(database), span, [rules.book]).windows(rules)
    wanted = {
        where: window
        for where, window in metered(rules, usage).items()
        if span.since_us <= where.start_us < span.until_us
    }
    assert archived.keys() == wanted.keys()
    for where, window in wanted.items():
        assert archived[where].lines() == window.lines(), where
        assert archived[where].revision == window.revision, where


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=any_terms, usage=batches())
def test_grouped_is_as_metered_one_by_one(
    database: Connection, rules: Rules, usage: list[list[Event]]
) -> None:
    archive(database, usage)
    assert_same(database, rules, usage, WHOLE)
    assert_same(database, rules, usage, Span(T0 + WINDOW_US, T0 + 3 * WINDOW_US, WINDOW_US))


def test_sums_beyond_64_bits_are_exact(database: Connection) -> None:
    most = 2**63 - 1
    usage: list[list[Event]] = [
        [call(input_tokens=most, output_tokens=most), call(input_tokens=most)] for _ in range(3)
    ]
    archive(database, usage)
    assert_same(database, terms(), usage, WHOLE)


def test_a_day_long_quantity_is_in_every_window_it_touches(database: Connection) -> None:
    usage: list[list[Event]] = [
        [quantity("1", start_us=T0 - 5 * WINDOW_US - 1, end_us=T0 + 7 * WINDOW_US + 1)],
        [interval(holder(7, tenant="acme"), start_us=T0 - 7, end_us=T0 + 3)],
    ]
    archive(database, usage)
    assert_same(database, terms(), usage, WHOLE)
    assert_same(database, terms(), usage, Span(T0, T0 + WINDOW_US, WINDOW_US))
