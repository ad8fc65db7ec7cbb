"""Audit and repair on a real engine: lines of a live run, and everything that can be wrong."""

import json
from base64 import b64decode
from collections.abc import Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Any, cast

import pytest

from clickhouse.client import Connection
from clickhouse.rows import configs, cost_lines, late_partials
from clickhouse.usage_rows import (
    Attributed,
    Position,
    UsageBatch,
    UsageRecord,
    Versions,
    usage_rows,
)
from clickhouse.writer import Writer
from schemas.codec import Codec
from schemas.decimals import from_bytes, to_pico
from schemas.records import CostLine, LatePartial, Partial
from streams.config.catalog import load_catalog
from streams.config.price_book import load_price_book
from streams.config_topic import CATALOG, PRICES
from streams.core.lines import Edition, WindowPool, to_record
from streams.core.list_price import list_events
from streams.core.metering import LATEST_US, Rules, meter_batch
from streams.core.volume import POOL
from streams.core.window import Window
from streams.core.windows import HOUR_US
from streams.replay.audit import audit
from streams.replay.repair import LostLog, corrections
from streams.replay.report import to_json, to_text
from tests.builders.cost_lines import line
from tests.builders.terms import NOTHING_AGREED
from tests.builders.usage import T0, batch, call, holder, interval, quantity

pytestmark = pytest.mark.integration

MINUTE_US = 60_000_000
Named = tuple[UsageRecord, dict[str, Any]]


def built_in_rules() -> tuple[Rules, dict[str, Any], dict[str, Any]]:
    book, catalog = (
        {"version": kind.version(kind.default(), "test"), "published_at_us": 1,
         "body": kind.default(), "note": None}
        for kind in (PRICES, CATALOG)
    )  # fmt: skip
    prices, names = load_price_book(PRICES.default()), load_catalog(CATALOG.default())
    return Rules(prices, names, MINUTE_US, max_skew_us=0), book, catalog


RULES, BOOK, CATALOG_DOCUMENT = built_in_rules()


def traffic() -> list[Named]:
    """Three minutes: calls of two gateways, one of them across minutes, and a GPU half idle."""
    calls = [
        batch(
            *(call(at_us=T0 + minute * MINUTE_US + number, tenant=f"t{number % 3}")
              for number in range(5)),
            source="gw", seq=minute,
        )
        for minute in range(3)
    ]  # fmt: skip
    gpus = [
        batch(
            interval(
                holder(tenant="t1", held_us=30_000_000, active_us=20_000_000),
                start_us=T0 + minute * MINUTE_US,
                end_us=T0 + (minute + 1) * MINUTE_US,
                unallocated_us=30_000_000,
            ),
            source="node", seq=minute,
        )
        for minute in range(3)
    ]  # fmt: skip
    named: list[Named] = [("InferenceUsageBatch", each) for each in calls]
    return named + [("GpuUsageBatch", each) for each in gpus]


def partials(batches: Sequence[Named]) -> list[Partial]:
    return [
        partial
        for name, each in batches
        for partial in meter_batch(name, each, "o", RULES, LATEST_US).partials
    ]


def windows(batches: Sequence[Named]) -> dict[WindowPool, Window]:
    found: dict[WindowPool, Window] = {}
    for partial in partials(batches):
        where = WindowPool(partial["window_start_us"], partial["window_end_us"], partial["pool"])
        found.setdefault(where, Window(where, 0, NOTHING_AGREED)).apply(partial)
    return found


def archive(database: Connection, batches: Sequence[Named]) -> None:
    writer = Writer(database.writer)
    for offset, (name, each) in enumerate(batches):
        metered = meter_batch(name, each, "o", RULES, LATEST_US)
        attributed = [
            None if listed is None else Attributed(listed.pool, listed.tenant, listed.cost_pico)
            for listed in list_events(name, each, metered, RULES)
        ]
        position = Position("usage", 0, offset)
        versions = Versions(RULES.book.version, RULES.catalog.version, "USD")
        writer.add(*usage_rows(name, cast("UsageBatch", each), attributed, position, versions))
    writer.add(configs("price-book", [cast("Any", BOOK)]))
    writer.add(configs("catalog", [cast("Any", CATALOG_DOCUMENT)]))
    writer.flush()


def publish(database: Connection, lines: Sequence[CostLine]) -> None:
    writer = Writer(database.writer)
    writer.add(cost_lines(lines))
    writer.flush()


def finals(batches: Sequence[Named]) -> list[CostLine]:
    return [line for window in windows(batches).values() for line in window.final()]


@pytest.fixture
def live(database: Connection) -> Connection:
    """A database as a live run leaves it."""
    archive(database, traffic())
    publish(database, finals(traffic()))
    return database


def test_a_live_run_audits_clean(live: Connection) -> None:
    found = audit(live)
    assert found.clean
    assert (found.windows, found.open_windows, found.residual_pico) == (6, 0, 0)
    assert found.events == 18
    assert "clean" in to_text(json.loads(to_json(found)))


def test_a_cent_too_much_on_one_line_is_found(live: Connection) -> None:
    tampered = dict(finals(traffic())[0])
    tampered |= {"cost": b"\x02\x54\x0b\xe4\x00", "revision": 10}  # 10^10 pico: one cent
    publish(live, [cast("CostLine", tampered)])
    found = audit(live)
    assert not found.clean
    assert [off.lines_off for off in found.off] == [1]
    assert found.residual_pico == abs(found.off[0].residual_pico) > 0
    assert "OFF" in to_text(json.loads(to_json(found)))


def test_a_settled_month_is_nothing_to_audit_or_repair(live: Connection) -> None:
    """Its one window lies over all of the month; T0 is the begin of one."""
    month = line(
        pool=POOL,
        kind="adjustment",
        window_end_us=T0 + 31 * 24 * 60 * MINUTE_US,
        status="corrected",
        generation=1,
        lines=1,
    )
    before = audit(live)
    publish(live, [month])
    assert audit(live) == before
    assert corrections(live, everywhere=True).lines == []


def test_a_missing_batch_is_found(database: Connection) -> None:
    seen = [each for each in traffic() if (each[1]["source"], each[1]["seq"]) != ("gw", 1)]
    archive(database, seen)
    publish(database, finals(seen))
    found = audit(database)
    assert [(each.source, each.missing_batches) for each in found.incomplete] == [("gw", 1)]
    assert not found.clean


@pytest.mark.parametrize(("seqs", "missing"), [((7, 8, 9), []), ((7, 9), [1])])
def test_accruals_are_expected_from_the_first_one_on(
    database: Connection, seqs: tuple[int, ...], missing: list[int]
) -> None:
    """A commitment that was there before us is not accrued from its begin."""
    batches: list[Named] = [
        ("ResourceUsageBatch", batch(quantity("1"), source="accrual:ptu", epoch=T0, seq=seq))
        for seq in seqs
    ]
    archive(database, batches)
    publish(database, finals(batches))
    assert [each.missing_batches for each in audit(database).incomplete] == missing


def test_a_window_without_lines_between_closed_ones_is_found(database: Connection) -> None:
    archive(database, traffic())
    publish(database, [x for x in finals(traffic()) if x["window_start_us"] != T0 + MINUTE_US])
    found = audit(database)
    assert {where.start_us for where in found.undrawn} == {T0 + MINUTE_US}


def test_an_open_window_is_not_judged(database: Connection) -> None:
    archive(database, traffic())
    publish(database, [line for w in windows(traffic()[:4]).values() for line in w.changed()])
    found = audit(database)
    assert (found.windows, found.off) == (0, ())
    assert found.open_windows == 4


def late_batch() -> Named:
    late = batch(call(at_us=T0 + 5, input_tokens=7_000), source="gw", seq=3)
    return "InferenceUsageBatch", late


def pass_on(database: Connection, batches: list[Named]) -> None:
    """Write what allocate passes on when all of these came too late."""
    late: list[LatePartial] = [
        {
            "window_start_us": partial["window_start_us"],
            "window_end_us": partial["window_end_us"],
            "pool": partial["pool"],
            "source": partial["source"],
            "epoch": partial["epoch"],
            "seq": partial["seq"],
            "events": 1,
            "closed_through_us": T0,
            "reason": "window_closed",
        }
        for partial in partials(batches)
    ]
    writer = Writer(database.writer)
    writer.add(late_partials(late))
    writer.flush()


@pytest.mark.parametrize("beside", [[], traffic()], ids=["alone", "beside others"])
@pytest.mark.parametrize("minutes", [-90, 0, 90], ids=["before", "among", "after"])
def test_a_window_of_which_all_came_late_is_drawn_by_repair(
    database: Connection, beside: list[Named], minutes: int
) -> None:
    """As of a node that is alone in its pool and could not reach Kafka for an hour."""
    start_us = T0 + minutes * MINUTE_US
    looked = interval(start_us=start_us, end_us=start_us + MINUTE_US // 2, node="alone")
    late: list[Named] = [("GpuUsageBatch", batch(looked, source="alone"))]
    archive(database, beside)
    publish(database, finals(beside))
    archive(database, late)
    pass_on(database, late)
    [where] = windows(late)
    assert audit(database).undrawn == (where,)

    found = corrections(database)
    assert {(each["pool"], each["note"], each["generation"]) for each in found.lines} == {
        (where.pool, "late batches", 1)
    }
    publish(database, found.lines)
    assert audit(database).clean
    assert corrections(database).lines == []


def test_a_late_window_waits_for_its_archive(live: Connection) -> None:
    both: list[Named] = [
        ("InferenceUsageBatch", batch(call(at_us=T0 - HOUR_US), source="late", seq=seq))
        for seq in range(2)
    ]
    pass_on(live, both)
    archive(live, both[:1])
    assert corrections(live).lines == []
    archive(live, both[1:])
    publish(live, corrections(live).lines)
    assert audit(live).clean


def test_repair_counts_a_late_batch_in_a_higher_generation(live: Connection) -> None:
    archive(live, [late_batch()])
    pass_on(live, [late_batch()])
    assert [off.uncounted_events for off in audit(live).off] == [1]

    found = corrections(live)
    lines = json.loads(found.to_json())["lines"]
    records = [cast("CostLine", Codec().decode(b64decode(line))[1]) for _, line in lines]
    assert {(line["generation"], line["status"]) for line in records} == {(1, "corrected")}
    assert {(line["lines"], line["note"]) for line in records} == {(len(records), "late batches")}
    publish(live, records)
    assert audit(live).clean
    assert corrections(live).lines == []


def test_a_repair_may_stop_after_some_hours_and_the_next_goes_on(live: Connection) -> None:
    hours = [0, 2]
    calls = [call(at_us=T0 + hour * HOUR_US, tenant="t1") for hour in hours]
    for number, each in enumerate(calls):
        in_time, late = (batch(each, source="other", seq=2 * number + more) for more in (0, 1))
        archive(live, [("InferenceUsageBatch", in_time), ("InferenceUsageBatch", late)])
        publish(live, finals([("InferenceUsageBatch", in_time)]))
    for _ in hours:
        found = corrections(live, everywhere=True, at_most_hours=1)
        assert len({each.where.start_us // HOUR_US for each in found.mended}) == 1
        publish(live, found.lines)
    assert corrections(live, everywhere=True, at_most_hours=1).lines == []


def cost_of(lines: Sequence[CostLine]) -> int:
    return sum(from_bytes(line["cost"]) for line in lines if line["cost"] is not None)


def cost_in_force(database: Connection, like: CostLine) -> int:
    found = database.reader.value(
        "SELECT sum(cost) FROM cost_current WHERE pool = {pool:String} "
        "AND toUnixTimestamp64Micro(window_start) = {start:Int64}",
        {"pool": like["pool"], "start": like["window_start_us"]},
    )
    return to_pico(cast("Decimal", found))


def test_a_repair_killed_halfway_is_not_in_force_and_the_next_takes_a_higher_number(
    live: Connection,
) -> None:
    archive(live, [late_batch()])
    before = audit(live)
    killed = corrections(live, everywhere=True).lines
    publish(live, killed[:-1])
    assert audit(live) == before
    again = corrections(live, everywhere=True).lines
    assert {line["generation"] for line in again} == {2}
    publish(live, again)
    assert audit(live).clean
    publish(live, killed[-1:])  # it came after all; generation 2 is newer
    assert audit(live).clean


def test_two_repairs_that_know_not_of_each_other_take_one_number_and_do_not_mix(
    live: Connection,
) -> None:
    archive(live, [late_batch()])
    first = corrections(live, everywhere=True).lines
    later = batch(call(at_us=T0 + 6, tenant="t9", input_tokens=900), source="gw", seq=4)
    archive(live, [("InferenceUsageBatch", later)])
    second = corrections(live, everywhere=True).lines
    assert {line["generation"] for line in first + second} == {1}
    sums = {cost_of(first), cost_of(second), cost_in_force(live, first[0])}
    for mine, theirs in zip_longest(second, first):
        publish(live, [each for each in (mine, theirs) if each])
        assert cost_in_force(live, first[0]) in sums
    assert audit(live).clean


def test_repair_does_not_believe_an_archive_that_is_behind(database: Connection) -> None:
    archive(database, traffic()[:1])
    publish(database, finals([*traffic(), late_batch()]))
    assert corrections(database).lines == []


def test_repair_closes_windows_whose_log_is_gone(database: Connection) -> None:
    archive(database, traffic())
    publish(database, [line for w in windows(traffic()[:4]).values() for line in w.changed()])
    found = corrections(database, LostLog(T0 + 3 * MINUTE_US, T0 + 3 * MINUTE_US))
    publish(database, found.lines)
    after = audit(database)
    assert after.clean
    assert (after.windows, after.open_windows) == (6, 0)


def test_repair_zeroes_a_line_that_should_not_be_there(live: Connection) -> None:
    window = next(iter(windows(traffic()).values()))
    what, figures = next(iter(window.lines().items()))
    edition = Edition("USD", RULES.book.version, RULES.catalog.version, 0, 1, "final")
    foreign = to_record(window.where, what._replace(job="nobody's"), figures, edition)
    publish(live, [foreign])
    assert not audit(live).clean
    publish(live, corrections(live, everywhere=True).lines)
    assert audit(live).residual_pico == 0
