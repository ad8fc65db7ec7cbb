"""Each query on a small data set whose answers can be worked out by hand."""

from decimal import Decimal
from typing import Any, cast

import pytest

from clickhouse.client import Connection
from clickhouse.query import ask
from clickhouse.rows import cost_lines, dead_letters, late_partials
from clickhouse.usage_rows import Attributed, Position, UsageBatch, Versions, usage_rows
from clickhouse.writer import Writer
from schemas.records import CostLine, DeadLetter, LatePartial
from tests.builders.cost_lines import line
from tests.builders.usage import T0, batch, call, interval

pytestmark = pytest.mark.integration

VERSIONS = Versions("book-1", "catalog-1", "USD")
MINUTE_US = 60_000_000
EVER = {"since": 0, "until": 2**61}
API = "api:openai"
OTHERS = {
    "reserved_idle": "0.75",
    "borrowed": "0.5",
    "lent_credit": "-0.375",
    "shared": "0.0625",
    "out_of_service": "0.03125",
    "unobserved": "0.015625",
    "adjustment": "-0.125",
}


def archive(database: Connection, given: dict[str, Any], *attributed: Attributed | None) -> None:
    gpu = any("node" in event for event in given["events"])
    writer = Writer(database.writer)
    writer.add(
        *usage_rows(
            "GpuUsageBatch" if gpu else "InferenceUsageBatch",
            cast("UsageBatch", given),
            attributed,
            Position("usage.inference.v1", 0, given["seq"]),
            VERSIONS,
        )
    )
    writer.flush()


def write(database: Connection, *lines: CostLine) -> None:
    writer = Writer(database.writer)
    writer.add(cost_lines(lines))
    writer.flush()


def letter(index: int, **changes: object) -> DeadLetter:
    made: dict[str, object] = {
        "topic": "usage.inference.v1",
        "partition": 0,
        "offset": 9,
        "index": index,
        "source": "gw-1",
        "epoch": 1,
        "seq": 0,
        "reason": "bad",
        "detail": "",
        "at_us": T0,
        "payload": b"",
    }
    return cast("DeadLetter", made | changes)


def late(seq: int, events: int, pool: str = API) -> LatePartial:
    return {
        "window_start_us": T0,
        "window_end_us": T0 + MINUTE_US,
        "pool": pool,
        "source": "gw-1",
        "epoch": 1,
        "seq": seq,
        "events": events,
        "closed_through_us": T0,
        "reason": "window_closed",
    }


def put_letters(database: Connection, *letters: DeadLetter) -> None:
    writer = Writer(database.writer)
    writer.add(dead_letters(letters))
    writer.flush()


def put_late(database: Connection, *partials: LatePartial) -> None:
    writer = Writer(database.writer)
    writer.add(late_partials(partials))
    writer.flush()


def test_totals_of_nothing_are_zero(database: Connection) -> None:
    assert ask(database.reader, "totals") == [
        {
            "events": 0,
            "input_tokens": 0,
            "output_tokens": 0,
            "cache_read_tokens": 0,
            "cost": "0",
            "windows": 0,
            "final_windows": 0,
            "tenants": 0,
            "unpriced_events": 0,
            "dead_letters": 0,
        }
    ]


def test_totals_count_everything_once(database: Connection) -> None:
    acme = Attributed(API, "acme", 1)
    for _ in range(2):  # delivered twice
        archive(database, batch(call(cache_read_tokens=40), call()), acme, acme)
    archive(database, batch(call(input_tokens=None), seq=1), acme)
    later = {"window_start_us": T0 + MINUTE_US, "window_end_us": T0 + 2 * MINUTE_US}
    write(
        database,
        line(1, "0.1", revision=1),
        line(1, "96.791325", revision=2, status="final", events=2),
        line(2, "0.000000000001", tenant="globex", status="final", events=0),
        line(3, None, kind="unpriced", events=1, **later),
        line(4, "0", tenant="gone", events=0, status="final", **later),
    )
    put_letters(database, letter(0), letter(1), letter(0))
    assert ask(database.reader, "totals") == [
        {
            "events": 3,
            "input_tokens": 2000,
            "output_tokens": 300,
            "cache_read_tokens": 40,
            "cost": "96.791325000001",
            "windows": 2,
            "final_windows": 1,  # the second one has a provisional line
            "tenants": 2,  # acme and globex; gone has neither events nor cost
            "unpriced_events": 1,
            "dead_letters": 2,
        }
    ]


def test_tenants_are_listed_with_exact_costs_and_cost_per_1k_tokens(database: Connection) -> None:
    archive(
        database,
        batch(
            call(input_tokens=2000, output_tokens=500),
            call(input_tokens=None, output_tokens=500),
            call(tenant="globex", input_tokens=3, output_tokens=None),
        ),
        Attributed(API, "acme", 1),
        Attributed(API, "acme", 1),
        Attributed(API, "globex", 1),
    )
    write(
        database,
        line(1, "2.5", kind="tokens.input", events=2),
        line(2, "0.5", kind="tokens.output", events=0),
        line(3, "3", kind="used", endpoint="llama", pool="h100", events=0),
        line(4, "7", kind="used", pool="h100", events=0),
        line(5, "1", kind="held_idle", pool="h100", events=0),
        line(6, "0.25", kind="idle_share", pool="h100", events=0),
        line(7, "4", kind="resource.storage", pool="resource:storage"),
        line(8, "1", kind="tokens.input", tenant="globex"),
        line(9, "5", kind="idle_share", tenant="__idle__", events=0),
        line(10, None, kind="unpriced", tenant="globex", events=3),
        *(
            line(number, cost, kind=kind, pool="h100", events=0)
            for number, (kind, cost) in enumerate(OTHERS.items(), 11)
        ),
    )
    rows = ask(database.reader, "tenants", EVER)
    assert [(row["tenant"], row["cost"]) for row in rows] == [
        ("acme", Decimal("18.25") + sum(map(Decimal, OTHERS.values()))),
        ("__idle__", Decimal(5)),
        ("globex", Decimal(1)),
    ]
    acme, idle, globex = rows
    assert acme == {
        "tenant": "acme",
        "cost": Decimal("19.109375"),  # and 0.859375 of other kinds
        "used": Decimal(10),
        "held_idle": Decimal(1),
        "idle_share": Decimal("0.25"),
        "reserved_idle": Decimal("0.75"),
        "borrowed": Decimal("0.5"),
        "lent_credit": Decimal("-0.375"),
        "shared": Decimal("0.0625"),
        "out_of_service": Decimal("0.03125"),
        "unobserved": Decimal("0.015625"),
        "adjustment": Decimal("-0.125"),
        "tokens_cost": Decimal(3),
        "resources_cost": Decimal(4),
        "events": 3,
        "unpriced_events": 0,
        "input_tokens": 2000,
        "output_tokens": 1000,
        "per_1k_tokens": Decimal(2),  # (2.5 + 0.5 + 3) USD over 3,000 tokens
    }
    assert (globex["unpriced_events"], globex["input_tokens"]) == (3, 3)
    assert globex["per_1k_tokens"] == Decimal("333.333333333333")
    assert idle["per_1k_tokens"] is None


def test_tenants_of_a_stretch_leave_other_windows_out(database: Connection) -> None:
    write(database, line(1, "1"), line(2, "2", window_start_us=T0 + MINUTE_US))
    [row] = ask(database.reader, "tenants", {"since": T0, "until": T0 + MINUTE_US})
    assert row["cost"] == Decimal(1)


def test_a_gap_in_seq_is_missing_data(database: Connection) -> None:
    for seq in (0, 1, 4, 4):
        archive(database, batch(call(), seq=seq), Attributed(API, "acme", 1))
    archive(database, batch(call(), call(), source="a", seq=0), None, Attributed(API, "acme", 1))
    rows = ask(database.reader, "completeness", {"since": 0})
    columns = ("source", "batches", "first_seq", "last_seq", "missing", "events")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("gw-1", 3, 0, 4, 2, 3),  # 2 and 3 are missing; the incomplete comes first
        ("a", 1, 0, 0, 0, 2),
    ]
    assert [row["rejected_events"] for row in rows] == [0, 1]


def test_a_batch_that_is_a_dead_letter_was_delivered(database: Connection) -> None:
    for seq in (0, 2):
        archive(database, batch(call(), seq=seq), Attributed(API, "acme", 1))
    put_letters(database, letter(-1, seq=1), letter(0, seq=3), letter(-1, source=None, offset=8))
    [row] = ask(database.reader, "completeness", {"since": 0})
    assert (row["missing"], row["dead_batches"], row["batches"]) == (0, 1, 2)


def test_losses_are_reported_though_no_seq_is_missing(database: Connection) -> None:
    loss = {"events": 5, "first_us": T0, "last_us": T0, "reason": "outbox_full"}
    for _ in range(2):
        archive(database, batch() | {"losses": [loss, loss]})
    archive(database, batch(source="a"))
    rows = ask(database.reader, "completeness", {"since": 0})
    assert [(row["source"], row["lost_events"], row["missing"]) for row in rows] == [
        ("gw-1", 10, 0),
        ("a", 0, 0),
    ]


def test_an_outbox_older_than_asked_for_begins_where_the_archive_does(
    database: Connection,
) -> None:
    archive(database, batch(call(), epoch=100, seq=7), Attributed(API, "acme", 1))
    archive(database, batch(call(), epoch=300, seq=7), Attributed(API, "acme", 1))
    rows = ask(database.reader, "completeness", {"since": 200})
    assert {(row["epoch"], row["first_seq"], row["missing"]) for row in rows} == {
        (100, 7, 0),
        (300, 0, 7),
    }


def balance(database: Connection) -> list[tuple[object, ...]]:
    rows = ask(database.reader, "event_balance", EVER | {"window_us": MINUTE_US})
    columns = ("pool", "archived", "counted", "late", "uncounted", "balanced")
    return [tuple(row[name] for name in columns) for row in rows]


def test_events_on_lines_and_late_ones_are_all_there_are(database: Connection) -> None:
    acme = Attributed(API, "acme", 1)
    archive(database, batch(call(), call(at_us=T0 + MINUTE_US - 1)), acme, acme)
    archive(database, batch(call(), call(at_us=T0 + MINUTE_US), seq=1), acme, acme)
    archive(database, batch(interval(), seq=2), Attributed("h100", None, None))
    write(
        database,
        line(1, "1", events=2),
        line(2, "1", events=1, window_start_us=T0 + MINUTE_US),
        line(3, "1", events=1, pool="h100"),
    )
    put_late(database, late(1, 1), late(1, 1))
    assert balance(database) == [
        (API, 3, 2, 1, 1, 1),
        ("h100", 1, 1, 0, 0, 1),
        (API, 1, 1, 0, 0, 1),
    ]


@pytest.mark.parametrize(
    ("counted", "come_late", "generation", "balanced"),
    [
        (1, 1, 0, 1),
        (2, 0, 0, 1),
        (1, 0, 0, 0),  # an event is nowhere
        (3, 0, 0, 0),  # an event is counted twice
        (2, 1, 0, 0),  # counted and late
        (2, 1, 1, 1),  # repaired
        (1, 1, 1, 1),  # late after the repair
        (3, 1, 1, 0),
    ],
)
def test_an_imbalance_is_shown(
    database: Connection, counted: int, come_late: int, generation: int, balanced: int
) -> None:
    acme = Attributed(API, "acme", 1)
    archive(database, batch(call(), call()), acme, acme)
    write(database, line(1, "1", events=counted, generation=generation, status="corrected"))
    if come_late:
        put_late(database, late(1, come_late))
    assert balance(database) == [(API, 2, counted, come_late, 2 - counted, balanced)]
