"""What ClickHouse sums and core rates is what metering every event gives, line by line."""

from dataclasses import replace
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
from streams.core.accrual import due
from streams.core.catalog import Catalog, Entries
from streams.core.commitments import Commitment
from streams.core.lines import WindowPool
from streams.core.metering import LATEST_US, Rules, meter_batch
from streams.core.monthly import MonthOfCost, month_of
from streams.core.price_book import Agreements
from streams.core.shared_costs import SharedCost
from streams.core.tenants import Source
from streams.core.timeline import FOREVER
from streams.core.window import Window
from streams.replay.archived import Archived
from streams.replay.ask import Direct
from streams.replay.span import Span
from tests.builders.drawing import agreed, record_name
from tests.builders.generated import END_US, any_terms, batches, terms
from tests.builders.generated_catalogs import SOURCES, dated_rules
from tests.builders.generated_prices import OVERRIDES, PRICES, UPLIFTS
from tests.builders.terms import WINDOW_US, book
from tests.builders.usage import T0, Event, batch, call, holder, interval, quantity

pytestmark = pytest.mark.integration

BEFORE_US = T0 - 10 * WINDOW_US
WHOLE = Span(BEFORE_US, END_US + WINDOW_US, WINDOW_US)
ANYBODY = Attributed("", None, None)


def source_of(seq: int) -> str:
    """Return who reports a batch."""
    return SOURCES[seq % len(SOURCES)]


def archive(database: Connection, usage: list[list[Event]]) -> None:
    """Put batches into an empty archive, each twice."""
    database.writer.command("TRUNCATE TABLE usage_events")
    writer = Writer(database.writer)
    for seq, events in enumerate(usage):
        named = cast("UsageRecord", record_name(events[0]))
        whole = cast("UsageBatch", batch(*events, source=source_of(seq), seq=seq))
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
            record_name(events[0]),
            batch(*events, source=source_of(seq), seq=seq),
            "o",
            rules,
            LATEST_US,
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


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=dated_rules(), usage=batches())
def test_a_catalog_that_changes_within_the_hour_is_asked_for_each_window(
    database: Connection, rules: Rules, usage: list[list[Event]]
) -> None:
    archive(database, usage)
    assert_same(database, rules, usage, WHOLE)
    assert_same(database, rules, usage, Span(T0 + WINDOW_US, T0 + 3 * WINDOW_US, WINDOW_US))


def test_one_archive_answers_for_catalogs_that_tell_sources_apart_and_others(
    database: Connection,
) -> None:
    events = [call(tenant=tenant, input_tokens=1000) for tenant in ("acme", "globex")]
    usage: list[list[Event]] = [[*events] for _ in SOURCES]
    archive(database, usage)
    one = Catalog("one", Entries(sources=(Source((SOURCES[0],), ("acme",)),)))
    archived = Archived(Direct(database), WHOLE, [terms().book])
    for names in (terms().catalog, one, terms().catalog):
        under = replace(terms(), catalog=names)
        [(where, window)] = metered(under, usage).items()
        assert archived.windows(under)[where].lines() == window.lines()


def test_sums_beyond_64_bits_are_exact(database: Connection) -> None:
    most = 2**63 - 1
    usage: list[list[Event]] = [
        [call(input_tokens=most, output_tokens=most), call(input_tokens=most)] for _ in range(3)
    ]
    archive(database, usage)
    assert_same(database, terms(), usage, WHOLE)


def test_commitments_cover_the_same_of_what_was_archived(database: Connection) -> None:
    """Two terms that follow each other inside a window, and a step that lies over three."""
    change_us = T0 + WINDOW_US + WINDOW_US // 3
    first = Commitment(
        "ptu", "openai", ("gpt-4*",), (("tokens.input", 1000), ("tokens.output", 2500)),
        7_000_000_000, 60 * 10**12, T0, change_us, "contract",
    )  # fmt: skip
    second = replace(first, from_us=change_us, to_us=FOREVER, rate=77 * 10**12)
    held = Agreements(UPLIFTS, OVERRIDES, (first, second))
    rules = replace(terms(), book=book(*PRICES.prices, agreements=held))
    usage: list[list[Event]] = [
        [step.event()] for each in (first, second) for step in due(each, T0, T0 + 9 * WINDOW_US)
    ]
    usage += [
        [call(at_us=T0 + minute * WINDOW_US + 7, tenant=tenant, input_tokens=40_000 * minute)]
        for minute in range(4)
        for tenant in ("acme", "globex")
    ]
    archive(database, usage)
    assert_same(database, rules, usage, WHOLE)
    drawn = [what.kind for window in metered(rules, usage).values() for what in window.lines()]
    assert "commitment_unused" in drawn


def test_shared_costs_of_the_month_are_the_same_of_what_was_archived(database: Connection) -> None:
    """Steps of three minutes over three windows each, of a known cost and of an unknown one."""
    cost = SharedCost("licence", "even", monthly=31 * 10**15, currency="USD", among=("a", "b"))
    rules = replace(terms(), catalog=Catalog("c", Entries(shared=(cost,))))
    usage: list[list[Event]] = [
        [step.event()]
        for name in ("licence", "gone")
        for step in due(MonthOfCost(name, month_of(T0)), T0, T0 + 9 * WINDOW_US)
    ]
    archive(database, usage)
    assert_same(database, rules, usage, WHOLE)
    assert_same(database, rules, usage, Span(T0 + WINDOW_US, T0 + 5 * WINDOW_US, WINDOW_US))
    assert {where.pool for where in metered(rules, usage)} == {"shared:licence", "shared:gone"}


def test_a_day_long_quantity_is_in_every_window_it_touches(database: Connection) -> None:
    usage: list[list[Event]] = [
        [quantity("1", start_us=T0 - 5 * WINDOW_US - 1, end_us=T0 + 7 * WINDOW_US + 1)],
        [interval(holder(7, tenant="acme"), start_us=T0 - 7, end_us=T0 + 3)],
    ]
    archive(database, usage)
    assert_same(database, terms(), usage, WHOLE)
    assert_same(database, terms(), usage, Span(T0, T0 + WINDOW_US, WINDOW_US))
