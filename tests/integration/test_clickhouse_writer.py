"""The writer on a real engine: the same rows in any batches, any number of times, count once."""

import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, cast

import pytest
from clickhouse_connect.datatypes.base import ClickHouseType

from clickhouse.block import Block
from clickhouse.client import Connection
from clickhouse.errors import BadQuery, Unavailable
from clickhouse.rows import cost_lines, dead_letters
from clickhouse.session import Session
from clickhouse.usage_rows import (
    Attributed,
    Position,
    UsageBatch,
    Versions,
    usage_rows,
)
from clickhouse.writer import Writer
from schemas.records import CostLine
from tests.builders.cost_lines import line
from tests.builders.usage import T0, batch, call

pytestmark = pytest.mark.integration

VERSIONS = Versions("book-1", "catalog-1", "USD")
DAY_US = 86_400_000_000


def write_lines(database: Connection, lines: Sequence[CostLine], at_once: int = 1000) -> None:
    writer = Writer(database.writer)
    for start in range(0, len(lines), at_once):
        writer.add(cost_lines(lines[start : start + at_once]))
        writer.flush()
    writer.recompute()


def write_batches(
    database: Connection, batches: Iterable[dict[str, Any]], offset: int = 0, flush: int = 3
) -> None:
    writer = Writer(database.writer)
    for number, each in enumerate(batches):
        attributed = [Attributed("api:openai", "acme", 5) for _ in each["events"]]
        position = Position("usage.inference.v1", 0, offset + number)
        writer.add(
            *usage_rows(
                "InferenceUsageBatch", cast("UsageBatch", each), attributed, position, VERSIONS
            )
        )
        if number % flush == 0:
            writer.flush()
    writer.flush()


def current(database: Connection) -> list[dict[str, object]]:
    return database.reader.rows("SELECT * FROM cost_current ORDER BY line_id")


def counts(database: Connection) -> dict[str, object]:
    [row] = database.reader.rows(
        "SELECT (SELECT count() FROM usage_events FINAL) AS events,"
        " (SELECT count() FROM batches FINAL) AS batches,"
        " (SELECT sum(input_tokens) FROM usage_events FINAL) AS tokens"
    )
    return row


def test_a_line_comes_out_as_it_went_in(database: Connection) -> None:
    given = line(7, "12345678901234567890123456.000000000001", project="p", endpoint=None)
    write_lines(database, [given])
    [row] = current(database)
    assert row["line_id"] == given["line_id"]
    assert row["cost"] == Decimal("12345678901234567890123456.000000000001")
    assert row["quantity"] == Decimal(1000)
    assert (row["project"], row["endpoint"], row["status"]) == ("p", None, "provisional")
    start = cast("Any", row["window_start"])
    assert (start.timestamp() * 1_000_000, str(start.tzinfo)) == (T0, "UTC")


def test_an_unpriced_line_has_null_cost_not_zero(database: Connection) -> None:
    write_lines(database, [line(cost=None, kind="unpriced"), line(1, "0")])
    assert [row["cost"] for row in current(database)] == [None, Decimal(0)]


def test_negative_amounts_are_kept(database: Connection) -> None:
    write_lines(database, [line(cost="-0.000000000001")])
    assert current(database)[0]["cost"] == Decimal("-0.000000000001")


def test_the_same_lines_twice_are_the_same_lines(database: Connection) -> None:
    lines = [line(number, f"0.{number + 1}") for number in range(50)]
    write_lines(database, lines)
    once = current(database)
    write_lines(database, lines)
    assert current(database) == once
    assert len(once) == 50


def test_the_highest_revision_wins_in_whatever_order_and_batches(database: Connection) -> None:
    chance = random.Random(11)
    lines = [
        line(number, f"{revision}.5", revision=revision, status=status)
        for number in range(40)
        for revision in range(1, 6)
        for status in ("provisional", "final")
        if status == "provisional" or revision == 5
    ]
    chance.shuffle(lines)
    for at_once in (7, 31, len(lines)):
        write_lines(database, lines, at_once)
        rows = current(database)
        assert {row["line_id"] for row in rows} == {f"{n:032x}" for n in range(40)}
        assert {(row["cost"], row["status"]) for row in rows} == {(Decimal("5.5"), "final")}
        chance.shuffle(lines)


def test_a_stale_revision_that_comes_late_changes_nothing(database: Connection) -> None:
    write_lines(database, [line(cost="2", revision=2)])
    write_lines(database, [line(cost="1", revision=1, status="final")])
    assert current(database)[0]["cost"] == Decimal(2)


def test_settled_lines_of_each_generation_are_kept_once_and_provisional_ones_are_not(
    database: Connection,
) -> None:
    lines = [
        line(cost="1", revision=1),
        line(cost="2", revision=2, status="final"),
        line(cost="3", revision=2, status="corrected", generation=1),
    ]
    for _ in range(2):
        write_lines(database, lines)
    rows = database.reader.rows("SELECT cost, status FROM cost_history ORDER BY generation")
    assert [tuple(row.values()) for row in rows] == [
        (Decimal(2), "final"),
        (Decimal(3), "corrected"),
    ]


def test_a_batch_delivered_again_is_archived_once(database: Connection) -> None:
    batches = [batch(call(), call(input_tokens=7), seq=seq) for seq in range(10)]
    write_batches(database, batches)
    once = counts(database)
    assert once == {"events": 20, "batches": 10, "tokens": 10_070}
    again = batches[3:] + batches[:5]
    write_batches(database, again, offset=100, flush=2)
    assert counts(database) == once


def test_a_second_delivery_may_be_attributed_anew_and_is_still_one_event(
    database: Connection,
) -> None:
    given = cast("UsageBatch", batch(call(tenant="new")))
    writer = Writer(database.writer)
    for offset, tenant in enumerate(("__unattributed__", "new")):
        attributed = [Attributed("api:openai", tenant, None)]
        position = Position("usage.inference.v1", 0, offset)
        writer.add(*usage_rows("InferenceUsageBatch", given, attributed, position, VERSIONS))
        writer.flush()
    rows = database.reader.rows("SELECT tenant, tenant_reported FROM usage_events FINAL")
    assert rows == [{"tenant": "new", "tenant_reported": "new"}]


def test_one_insert_may_span_hundreds_of_days(database: Connection) -> None:
    days = 150  # ClickHouse's own bound is 100 partitions an insert
    lines = [
        line(n, window_start_us=T0 + n * DAY_US, window_end_us=T0 + n * DAY_US + 60_000_000)
        for n in range(days)
    ]
    write_lines(database, lines)
    assert database.reader.value("SELECT sum(lines) FROM daily") == days


def test_a_dead_letter_keeps_its_bytes(database: Connection) -> None:
    payload = bytes(range(256))
    writer = Writer(database.writer)
    for _ in range(2):
        writer.add(
            dead_letters(
                [
                    {
                        "topic": "usage.gpu.v1",
                        "partition": 1,
                        "offset": 2,
                        "index": -1,
                        "source": None,
                        "epoch": None,
                        "seq": None,
                        "reason": "not_avro",
                        "detail": "",
                        "at_us": T0,
                        "payload": payload,
                    }
                ]
            )
        )
        writer.flush()
    assert database.reader.value("SELECT hex(payload) FROM dead_letters FINAL") == (
        payload.hex().upper()
    )


class Failing:
    """A session that fails its first inserts, before or after they ran."""

    def __init__(self, session: Session, failures: list[str]) -> None:
        self._session = session
        self._failures = failures

    def insert(
        self,
        table: str,
        names: Sequence[str],
        types: Sequence[ClickHouseType],
        columns: Sequence[Sequence[object]],
    ) -> None:
        failure = self._failures.pop(0) if self._failures else ""
        if failure != "before":
            self._session.insert(table, names, types, columns)
        if failure:
            raise Unavailable("the answer got lost")


def test_a_flush_that_failed_can_be_called_again(database: Connection) -> None:
    failing = Failing(database.writer, ["", "after", "before"])
    writer = Writer(cast("Session", failing))
    given = cast("UsageBatch", batch(call(), call()))
    position = Position("usage.inference.v1", 0, 0)
    attributed = [Attributed("api:openai", "acme", 5)] * 2
    writer.add(cost_lines([line(1, "1"), line(2, "2")]))
    writer.add(*usage_rows("InferenceUsageBatch", given, attributed, position, VERSIONS))
    for _ in range(2):
        with pytest.raises(Unavailable):
            writer.flush()
    assert writer.buffered_rows == 3
    writer.flush()
    assert writer.buffered_rows == 0
    assert counts(database) == {"events": 2, "batches": 1, "tokens": 2000}
    assert database.reader.value("SELECT sum(cost) FROM cost_current") == Decimal(3)


def test_a_flush_says_what_it_wrote(database: Connection) -> None:
    writer = Writer(database.writer)
    writer.add(cost_lines([line(1), line(2)]))
    writer.add(cost_lines([line(3)]))
    assert writer.buffered_rows == 3
    flushed = writer.flush()
    assert (flushed.rows, flushed.total) == ({"cost_lines": 3}, 3)
    assert writer.flush().total == 0


def test_an_insert_that_cannot_be_written_is_a_bad_query(database: Connection) -> None:
    rows = cost_lines([line()])
    columns = list(rows.columns)
    columns[rows.names.index("quantity")] = [2**127]
    writer = Writer(database.writer)
    writer.add(Block(rows.table, rows.names, columns))
    with pytest.raises(BadQuery, match="less than 128 bits"):
        writer.flush()
    assert current(database) == []
