"""What costs came to by ClickHouse is what the lines came to; and what was said is found again."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

import pytest

from clickhouse.client import Connection
from clickhouse.rows import alerts, cost_lines
from clickhouse.usage_rows import Attributed, Position, UsageBatch, Versions, usage_rows
from clickhouse.writer import Writer
from schemas import topics
from schemas.codec import Codec
from schemas.decimals import from_bytes, to_pico
from schemas.records import Alert, AlertState, CostLine
from streams.config.catalog import load_catalog
from streams.core.alerts import NO_DETAILS
from streams.core.anomaly.detector import Quarter
from streams.core.incompleteness import shortfalls
from streams.core.rightsize import TERMS
from streams.core.rightsize_alerts import Used, signals, sized_of
from streams.core.series.anomaly_query import query_of
from streams.core.series.bought import item
from streams.core.series.buckets import Buckets, Slice
from streams.core.series.keys import KINDS, SeriesKey
from streams.core.series.past import Past
from streams.core.series.points import points_of
from streams.core.series.recount import Count
from streams.core.series.sources import Asked, Through
from streams.core.silence import ENOUGH, silences
from streams.core.windows import HOUR_US, MINUTE_US
from streams.kafka import create_topics
from streams.kafka.batch import publish_all
from streams.processors.anomalies import KINDS_SAID
from streams.processors.anomaly_history import AnomalyHistory
from streams.replay.ask import Direct
from streams.settings import KafkaSettings
from tests import brokers
from tests.builders.series import PACE, minute_line, past_of
from tests.builders.usage import T0, batch, call, holder, interval

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

CODEC = Codec()
VERSIONS = Versions("book-1", "catalog-1", "USD")
NASTY = "o'hara\\%"
AGO = (10, 12, 17, 77, 78)  # minutes
GPU = {"pool": "h100", "provider": None, "model": None, "unit": "GPU-Microseconds"}
THINGS: tuple[dict[str, Any], ...] = (
    {"cost": "1.5"},
    {"cost": "0.000000000001", "project": "search"},
    {"cost": "2", "tenant": NASTY, "model": "m'1", "meter": "tokens.output"},
    {"cost": None, "kind": "unpriced"},
    {"cost": "3", **GPU, "kind": "used", "meter": "gpu.active"},
    {"cost": "1", **GPU, "kind": "held_idle", "meter": "gpu.held_idle"},
    {"cost": "4", **GPU, "kind": "idle_share", "meter": "gpu.idle", "tenant": "__idle__"},
    {"cost": "9", "pool": "charge:month", "kind": "adjustment"},
)  # fmt: skip


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    with brokers.running(tmp_path_factory.mktemp("anomalies")) as address:
        settings = KafkaSettings(bootstrap=address)
        create_topics(settings)
        yield settings


@pytest.fixture
def history(kafka: KafkaSettings, database: Connection) -> Iterator[AnomalyHistory]:
    made = AnomalyHistory(kafka, lambda: Direct(database), topics.COST_LINE.partitions)
    yield made
    made.close()


def write(database: Connection, lines: Iterable[CostLine]) -> None:
    writer = Writer(database.session())
    writer.add(cost_lines([*lines]))
    writer.flush()


def told(minutes: int, status: str = "final") -> list[CostLine]:
    """Return lines of every sort in some minutes."""
    return [
        minute_line(minute, thing=number, **{"status": status} | each)
        for minute in range(minutes)
        for number, each in enumerate(THINGS)
    ]


def folded(lines: Iterable[CostLine]) -> list[Slice]:
    """Return the minutes that the lines make by our own fold."""
    buckets = Buckets(PACE)
    for each in [*lines, minute_line(1_000, "0")]:
        buckets.take(each, 0)
    return [each for each in buckets.ready(HOUR_US) if each.is_final]


def priced(of: Slice) -> Slice:
    """Return a minute without cells that only lines without a price are in, and without prices."""
    sums = {cell: each for cell, each in of.sums.items() if any(each)}
    return of._replace(sums=sums, bought={})


def test_what_minutes_come_to_is_what_their_lines_come_to(
    database: Connection, history: AnomalyHistory
) -> None:
    write(database, told(3, "provisional"))
    write(database, told(2))
    found = history.slices(T0, T0 + 2 * MINUTE_US, PACE.period_us)
    assert [priced(each) for each in found] == [priced(each) for each in folded(told(2))]
    span = history.span(HOUR_US)
    assert (span.first_us, span.newest_us) == (T0, T0 + 2 * MINUTE_US)
    assert span.provisional_us == T0 + 2 * MINUTE_US


def test_what_is_open_came_to_what_its_lines_in_force_do(
    database: Connection, history: AnomalyHistory
) -> None:
    """Of three minutes, one of which is corrected; one minute is after the end."""
    corrected = {"generation": 1, "status": "corrected", "lines": 1, "thing": 0}
    write(database, [*told(4), minute_line(1, "7", **corrected)])
    whose = SeriesKey("tenant", "acme", "", "", "USD")
    of = Count(whose, T0, T0 + 3 * MINUTE_US, 0)
    first, second, third = history.spent(of, MINUTE_US)
    assert first == (T0, to_pico(Decimal("5.500000000001")))
    assert (second[0], third) == (T0 + MINUTE_US, (T0 + 2 * MINUTE_US, first[1]))
    every = history.slices(T0, of.until_us, MINUTE_US)
    assert [first, second, third] == [(each.start_us, tenant_cost(each)) for each in every]
    model = of._replace(key=whose._replace(subject="model", model="gpt-4o"))
    assert history.spent(model, MINUTE_US)[0] == (T0, to_pico(Decimal("1.500000000001")))
    nobody = of._replace(key=whose._replace(currency="EUR"))
    assert history.spent(nobody, MINUTE_US) == []


def tenant_cost(of: Slice) -> int:
    """Return what acme cost in a minute."""
    return sum(each.cost for cell, each in of.sums.items() if cell.tenant == "acme")


def test_lines_one_by_one_come_to_the_same_whatever_was_corrected(
    database: Connection, history: AnomalyHistory
) -> None:
    corrected = {"generation": 1, "status": "corrected", "lines": 1, "thing": 0}
    write(database, [*told(2), minute_line(0, "7", **corrected)])
    buckets = Buckets(PACE)
    for each in history.lines(T0):
        buckets.join(each.window, each.line_id, each.kept, 0)
    buckets.take(minute_line(1_000, "0"), 0)
    found = [priced(each) for each in buckets.ready(HOUR_US) if each.is_final]
    assert found == [priced(each) for each in folded(told(2))]
    assert history.slices(0, 0, PACE.period_us) == []


def test_prices_that_were_paid_are_those_that_lines_say(
    database: Connection, history: AnomalyHistory
) -> None:
    """10,000 tokens for 1 USD, then half as many; less than a millionth says nothing."""
    dearer = {"quantity": minute_line(0, "0.5")["quantity"], "status": "final"}
    there = {"tenant": NASTY, "model": "m'1", "region": "eu", "service_tier": "flex"}
    late = [minute_line(3, "1", **dearer), minute_line(4, "1", **dearer), minute_line(5, "9")]
    write(database, [*told(3), minute_line(2, "4", thing=9, status="final", **there), *late])
    found = {
        (each.item, Fraction(*each.price)): (each.first_us, each.last_us)
        for each in history.paid(T0, T0 + 5 * MINUTE_US)
    }
    tokens = ("api:openai", "openai", "gpt-4o", "tokens.input", "Tokens", "", "", "USD")
    acme = item("acme", *tokens)
    other = acme._replace(tenant=NASTY, model="m'1")
    usual, doubled = Fraction(1, 10_000), Fraction(1, 5_000)
    minutes = [T0 + number * MINUTE_US for number in range(5)]
    assert found == {
        (acme, usual): (minutes[0], minutes[2]),
        (acme, doubled): (minutes[3], minutes[4]),
        (other._replace(meter="tokens.output"), usual): (minutes[0], minutes[2]),
        (other._replace(region="eu", tier="flex"), usual): (minutes[2], minutes[2]),
    }


def hours_told() -> list[CostLine]:
    """Return final lines of three hours; of the last only acme's, in every fourth minute."""
    lines = [each for each in told(120) if each["window_start_us"] % (7 * MINUTE_US)]
    return lines + [minute_line(minute, "5", status="final") for minute in range(120, 180, 4)]


def assert_same_past(found: Past, lines: Iterable[CostLine]) -> None:
    """Compare with what the lines make by our own fold; floats of 32 bits are kept."""
    expected = past_of(map(priced, folded(lines)))
    assert found.stretches == expected.stretches
    assert found.quarters.keys() == expected.quarters.keys()
    for key, quarters in expected.quarters.items():
        for mine, other in zip(found.quarters[key], quarters, strict=True):
            assert mine == pytest.approx(other, rel=1e-5, abs=1e-9), key
            assert (mine.at_us, mine.values) == (other.at_us, other.values), key


def test_quarters_are_what_their_minutes_come_to_whether_drawn_before_or_when_asked(
    database: Connection, history: AnomalyHistory
) -> None:
    """The store draws hours that are over, one at a time here, the newest first."""
    lines = hours_told()
    write(database, lines)
    writer = Writer(database.session())
    writer.mark_dirty([T0 + hour * HOUR_US for hour in range(3)])
    writer.recompute()
    until_us = T0 + 3 * HOUR_US
    for kept in (0, 1, 2, 2):
        shown = "SELECT uniq(toStartOfHour(quarter)) AS n FROM series_quarters"
        assert database.reader.value(shown) == kept
        assert_same_past(history.quarters(T0, until_us), lines)
        assert writer.redraw_quarters(1) == (kept < 2)
    half_us = HOUR_US // 2
    some = [each for each in lines if 0 <= each["window_start_us"] - T0 - half_us < HOUR_US]
    assert_same_past(history.quarters(T0 + half_us, T0 + 3 * half_us), some)


def test_a_correction_is_in_what_is_learned_once_and_what_it_took_away_is_not(
    database: Connection, history: AnomalyHistory
) -> None:
    """An hour of acme's that was globex's: whole windows are corrected, in a second generation."""
    write(database, [minute_line(minute, "1", status="final") for minute in range(120)])
    writer = Writer(database.session())
    corrected = {"generation": 1, "status": "corrected", "lines": 1, "tenant": "globex"}
    mended = [minute_line(minute, "3", **corrected) for minute in range(60)]
    for lines in ([], mended):
        writer.add(cost_lines(lines))
        writer.flush()
        writer.mark_dirty([T0, T0 + HOUR_US])
        writer.recompute()
        assert writer.redraw_quarters(9) == 1
        assert writer.redraw_quarters(9) == 0
    found = history.quarters(T0, T0 + HOUR_US)
    assert {key.tenant for key in found.quarters} == {"globex"}
    rows = "SELECT uniq(tenant) AS n FROM series_quarters FINAL"
    assert database.reader.value(rows) == 2, "what was taken away is there, and not counted"
    [quarter, *_] = found.of(SeriesKey("tenant", "globex", "", "", "USD"))
    assert quarter == Quarter(T0, 180.0, 0.0, 15, 180.0)


@pytest.mark.parametrize(
    "key",
    [
        SeriesKey("tenant", "acme", "", "", "USD"),
        SeriesKey("model", NASTY, "m'1", "", "USD"),
        SeriesKey("unit", NASTY, "m'1", "", "USD"),
        SeriesKey("idle", "", "", "h100", "USD"),
        SeriesKey("price", "", "m'1", "", "USD"),
    ],
    ids=lambda key: key.subject,
)
def test_the_query_of_an_alert_shows_the_cost_that_it_is_about(
    database: Connection, key: SeriesKey
) -> None:
    write(database, told(3))
    rows = database.reader.rows(query_of(key, T0 + MINUTE_US, T0 + 2 * MINUTE_US))
    unit = key._replace(subject="unit", tenant=NASTY) if key.is_price else key  # alone in a model
    [of_a_minute] = [points_of(each)[unit].pico for each in folded(told(1))]
    totals: dict[str, Decimal] = {}
    for row in rows:
        minute = str(row["minute"])
        totals[minute] = totals.get(minute, Decimal()) + cast("Decimal", row["total"])
    assert [total * 10**12 for total in totals.values()] == [of_a_minute] * 2  # one before, too


def alert(name: str, state: AlertState, revision: int, kind: str = "cost_anomaly") -> Alert:
    return {
        **NO_DETAILS, "alert_id": name, "tenant": "acme", "kind": kind, "state": state,
        "since_us": T0, "at_us": T0 + revision, "expected": None, "actual": None,
        "excess": b"\x05", "currency": "USD", "summary": "look", "severity": "warning",
        "revision": revision, "model": "gpt-5", "group": "model:gpt-5/1",
    }  # fmt: skip


def test_the_last_that_was_said_is_found_in_either_place(
    database: Connection, kafka: KafkaSettings, history: AnomalyHistory
) -> None:
    """ClickHouse is behind the topic on one alert, and remembers what the topic forgot."""
    writer = Writer(database.session())
    kept = [alert("a", "opened", 1), alert("b", "opened", 1), alert("b", "updated", 2)]
    writer.add(alerts([*kept, alert("c", "resolved", 3), alert("d", "opened", 1, "cap_reached")]))
    writer.flush()
    said = [alert("a", "opened", 1), alert("a", "resolved", 2), alert("e", "opened", 1, "other")]
    encoded = [("acme", CODEC.encode("Alert", {**each})) for each in said]
    publish_all(kafka, topics.ALERT_COST.name, encoded)
    found = {each["alert_id"]: each for each in history.said(KINDS, T0)}
    assert {name: (each["state"], each["revision"]) for name, each in found.items()} == {
        "a": ("resolved", 2), "b": ("updated", 2), "c": ("resolved", 3),
    }  # fmt: skip
    assert found["b"] == alert("b", "updated", 2)
    assert {each["alert_id"] for each in history.said(KINDS, T0 + 1)} == {"a", "b"}


def test_a_source_is_heard_in_the_minutes_that_something_of_it_was_archived(
    database: Connection, history: AnomalyHistory
) -> None:
    """Three silences of 2, 5 and 60 minutes between five minutes; the third longest is usual."""
    assert history.heard() is None
    writer = Writer(database.session())
    given = cast("UsageBatch", batch(call(), source="gateway-1"))
    position = Position("usage.inference.v1", 0, 0)
    of = [Attributed("api:openai", "acme", None)]
    writer.add(*usage_rows("InferenceUsageBatch", given, of, position, VERSIONS))
    writer.flush()
    ago = ", ".join(f"(toStartOfMinute(now()) - INTERVAL {each} MINUTE)" for each in AGO)
    database.writer.command(f"INSERT INTO sources_heard SELECT arrayJoin([{ago}]), 'node-7'")
    found = history.heard()
    assert found is not None
    now_us, heard = found
    by_source = {each.source: each for each in heard}
    assert by_source.keys() == {"gateway-1", "node-7"}
    assert 0 <= now_us - by_source["gateway-1"].last_us < 2 * MINUTE_US
    node = by_source["node-7"]
    assert (node.minutes, node.pause_us) == (len(AGO), 2 * MINUTE_US)
    [opened] = silences(
        [node._replace(minutes=ENOUGH), by_source["gateway-1"]._replace(minutes=ENOUGH)],
        now_us, {}, currency="USD", muted=False,
    )  # fmt: skip
    rows = database.reader.rows(opened["query"] or "")
    assert {row["source"] for row in rows} == {"node-7"}


def test_of_a_source_it_is_known_what_did_not_come(
    database: Connection, history: AnomalyHistory
) -> None:
    """Of gw-1 2 of 6 batches, and 3 of its events it dropped; of gw-2 an event was refused."""
    assert history.came() is None
    payer: Attributed | None = Attributed("api:openai", "acme", None)
    loss = {"events": 3, "first_us": T0, "last_us": T0, "reason": "outbox_full"}
    usage: list[tuple[dict[str, Any], list[Attributed | None]]] = [
        *[(batch(call(), seq=seq), [payer]) for seq in (5, 6, 6, 9)],
        (batch(call(), seq=10) | {"losses": [loss]}, [payer]),
        (batch(call(), call(), source="gw-2", seq=7), [payer, None]),
        (batch(call(), source="gw-3", seq=3), [payer]),
        (batch(call(), source="gw-4", seq=1, epoch=2**60), [payer]),  # made just now
    ]
    writer = Writer(database.session())
    position = Position("usage.inference.v1", 0, 0)
    for given, payers in usage:
        rows = usage_rows(
            "InferenceUsageBatch", cast("UsageBatch", given), payers, position, VERSIONS
        )
        writer.add(*rows)
    writer.flush()
    found = history.came()
    assert found is not None
    now_us, came = found
    assert [each[:7] for each in came] == [
        ("gw-1", 4, 2, 0, 4, 0, 3),
        ("gw-2", 1, 0, 0, 2, 1, 0),
        ("gw-3", 1, 0, 0, 1, 0, 0),
        ("gw-4", 1, 1, 0, 1, 0, 0),
    ]
    since = {each.source: each.since_us for each in came}
    assert (since["gw-1"], since["gw-3"]) == (T0, 0)
    assert now_us - HOUR_US < since["gw-2"] <= now_us
    [first, *_] = shortfalls(came, now_us, {}, currency="USD", muted=False, least=Fraction(1))
    assert first["source"] == "gw-1"
    assert len(database.reader.rows(first["query"] or "")) == 4
    [_, second, *_] = shortfalls(came, now_us, {}, currency="USD", muted=False, least=Fraction(1))
    assert len(database.reader.rows(second["query"] or "")) == 1


def test_what_calls_cost_by_the_list_is_told_by_their_source(
    database: Connection, history: AnomalyHistory
) -> None:
    """Two calls of one tenant through two gateways, one of them before; others of others."""
    writer = Writer(database.session())
    told = [
        ("gw-1", call(), "acme", 5),
        ("gw-2", call(at_us=T0 - 1), "acme", 7),
        ("gw-2", call(), "globex", 9),
        ("gw-2", call(model="other"), "acme", 11),
        ("gw-2", call(), "acme", None),  # paid by GPU time
    ]
    for number, (source, event, tenant, pico) in enumerate(told):
        given = cast("UsageBatch", batch(event, source=source, seq=number))
        of = [Attributed("api:openai", tenant, pico)]
        position = Position("usage.inference.v1", 0, number)
        writer.add(*usage_rows("InferenceUsageBatch", given, of, position, VERSIONS))
    writer.flush()
    asked = Asked("acme", "gpt-4o", T0, T0 + MINUTE_US)
    assert history.through(asked) == [Through("gw-1", 5, 0), Through("gw-2", 0, 7)]
    every = history.through(asked._replace(model=""))
    assert every == [Through("gw-2", 11, 7), Through("gw-1", 5, 0)]


def idle_day(database: Connection) -> None:
    """Store a day of a GPU at 20.00 an hour that an endpoint holds for half of the time."""
    half_us = HOUR_US // 2
    events = [
        interval(
            holder(half_us, half_us // 10, endpoint="o'llama"),
            start_us=T0 + hour * HOUR_US,
            end_us=T0 + (hour + 1) * HOUR_US,
        )
        for hour in range(24)
    ]
    of = [Attributed("h100", None, 20 * 10**12)] * len(events)
    position = Position("usage.gpu.v1", 0, 0)
    rows = usage_rows(
        "GpuUsageBatch", cast("UsageBatch", batch(*events, source="node")), of, position, VERSIONS
    )
    writer = Writer(database.session())
    writer.add(*rows)
    writer.flush()


def test_sizes_are_those_of_the_archive_and_their_alerts_are_found_again(
    database: Connection, history: AnomalyHistory
) -> None:
    """Of 20.00 an hour 19.00 are unworked, of the 10.00 that are held 9.00: too little for 10."""
    idle_day(database)
    until_us = T0 + 24 * HOUR_US
    used = Used(T0, until_us, history.used(T0, until_us))
    worth = load_catalog("alerts: [{name: all, min_per_hour: '9'}]")
    found = signals(used, {}, worth, TERMS)
    excesses = [from_bytes(each["excess"] or b"") for each in found]
    assert excesses == [24 * 19 * 10**12, 24 * 9 * 10**12]
    assert signals(used, {}, load_catalog("{}"), TERMS) == found[:1]
    for alert, excess in zip(found, excesses, strict=True):
        rows = database.reader.rows(alert["query"] or "")
        assert len(rows) == 24
        assert sum(cast("Decimal", row["unworked"]) for row in rows) * 10**12 == excess
    writer = Writer(database.session())
    writer.add(alerts(found))
    writer.flush()
    said = {sized: each for each in history.said(KINDS_SAID, T0) if (sized := sized_of(each))}
    assert {each["alert_id"] for each in said.values()} == {each["alert_id"] for each in found}
    assert signals(used, said, worth, TERMS) == []
    [first, _] = signals(used._replace(until_us=until_us + 25 * HOUR_US), said, worth, TERMS)
    assert (first["state"], first["revision"], first["excess"]) == (
        "resolved", 2, found[0]["excess"],
    )  # fmt: skip
