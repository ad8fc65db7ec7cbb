"""Rollups equal a fresh GROUP BY over the lines in force, whatever happened to the lines."""

import random

import pytest

from clickhouse.client import Connection
from clickhouse.rollups import hour_of, next_version, recompute, stale_hours
from clickhouse.rows import cost_lines
from clickhouse.writer import Writer
from schemas.records import CostLine
from tests.builders.cost_lines import line
from tests.builders.usage import T0

pytestmark = pytest.mark.integration

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

GROUP = "tenant, project, pool, kind, meter, provider, model, endpoint, unit, currency"
VALUES = "cost, cost_final, quantity, events, lines"
FRESH = f"""
SELECT {{begin}} AS begin,
    tenant, ifNull(c.project, '') AS project, pool, kind, meter, ifNull(c.provider, '') AS provider,
    ifNull(c.model, '') AS model, ifNull(c.endpoint, '') AS endpoint, unit, currency,
    sum(ifNull(c.cost, 0)) AS cost, sumIf(ifNull(c.cost, 0), status != 'provisional') AS cost_final,
    sum(c.quantity) AS quantity, sum(c.events) AS events, count() AS lines
FROM cost_current AS c
GROUP BY begin, {GROUP}
ORDER BY begin, {GROUP}
"""  # noqa: S608 - built of constants


def assert_fresh(database: Connection) -> None:
    """Compare both rollups with the lines in force, group by group."""
    for view, column, begin in (
        ("hourly", "hour", "toDateTime64(toStartOfHour(c.window_start), 6, 'UTC')"),
        ("daily", "day", "toDate(c.window_start)"),
    ):
        rolled = database.reader.rows(
            f"SELECT {column} AS begin, {GROUP}, {VALUES} "  # noqa: S608 - built of constants
            f"FROM {view} ORDER BY begin, {GROUP}"
        )
        assert rolled == database.reader.rows(FRESH.format(begin=begin))


def drawn(chance: random.Random, number: int, revision: int) -> CostLine:
    """Return some revision of a line; its number alone decides what is hashed into its id."""
    fixed = random.Random(number)
    start = T0 + fixed.randrange(40 * 60) * MINUTE_US  # 40 hours
    return line(
        number,
        chance.choice([None, "0", f"{chance.randrange(10**6)}.000000000001", "-1.5"]),
        revision=revision,
        status=chance.choice(["provisional", "final"]),
        tenant=fixed.choice(["acme", "globex", "__idle__"]),
        project=fixed.choice([None, "p"]),
        kind=fixed.choice(["used", "idle_share", "tokens.input"]),
        window_start_us=start,
        window_end_us=start + MINUTE_US,
        events=chance.randrange(5),
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_rollups_equal_a_fresh_group_by_after_random_revisions(
    database: Connection, seed: int
) -> None:
    chance = random.Random(seed)
    sent: list[CostLine] = []
    writers = [Writer(database.writer), Writer(database.session())]
    for revision in range(1, 7):
        fresh = [drawn(chance, number, revision) for number in chance.sample(range(400), 150)]
        sent += fresh
        replayed = chance.sample(sent, min(len(sent), 60))  # stale and repeated ones
        for each in (fresh, replayed):
            writer = chance.choice(writers)
            chance.shuffle(each)
            writer.add(cost_lines(each))
            writer.flush()
        for writer in chance.sample(writers, 2):
            writer.recompute()
        assert_fresh(database)


def test_a_group_that_has_gone_is_no_longer_in_the_views(database: Connection) -> None:
    writer = Writer(database.writer)
    writer.add(cost_lines([line(1, "1", tenant="acme"), line(2, "2", tenant="globex")]))
    writer.flush()
    writer.recompute()
    database.writer.command("DELETE FROM cost_lines WHERE tenant = 'acme'")
    recompute(database.writer, [hour_of(T0)])
    assert_fresh(database)
    rows = database.reader.rows("SELECT tenant FROM daily")
    assert rows == [{"tenant": "globex"}]


def test_only_hours_with_new_lines_are_recomputed(database: Connection) -> None:
    writer = Writer(database.writer)
    writer.add(cost_lines([line(1), line(2, window_start_us=T0 + HOUR_US)]))
    writer.flush()
    assert writer.recompute() == 2
    assert writer.recompute() == 0


def test_a_reader_that_read_earlier_loses_however_late_it_writes(database: Connection) -> None:
    # What a slow recomputer would write: its clock was read before the others'.
    early = next_version(database.writer)
    writer = Writer(database.writer)
    writer.add(cost_lines([line(1, "1")]))
    writer.flush()
    writer.recompute()
    database.writer.command(
        "INSERT INTO rollup_hourly SELECT * REPLACE "
        "(0 AS lines, 0 AS cost, {early:UInt64} AS version) FROM rollup_hourly FINAL",
        {"early": early},
    )
    assert_fresh(database)


def test_versions_rise_even_when_the_clock_was_set_back(database: Connection) -> None:
    writer = Writer(database.writer)
    writer.add(cost_lines([line(1, "1")]))
    writer.flush()
    writer.recompute()
    database.writer.command(
        "INSERT INTO rollup_hourly SELECT * REPLACE (version + 3600000000000 AS version) "
        "FROM rollup_hourly FINAL"  # an hour ahead
    )
    writer.add(cost_lines([line(1, "2", revision=2)]))
    writer.flush()
    writer.recompute()
    assert_fresh(database)


def test_hours_of_a_writer_that_died_before_recomputing_are_found(database: Connection) -> None:
    dead = Writer(database.writer)
    dead.add(cost_lines([line(1, "1"), line(2, "2", window_start_us=T0 + DAY_US)]))
    dead.flush()
    assert stale_hours(database.reader) == [T0, T0 + DAY_US]
    heir = Writer(database.writer)
    assert heir.recover() == 2
    assert_fresh(database)


def test_a_day_left_older_than_its_hours_is_found(database: Connection) -> None:
    writer = Writer(database.writer)
    writer.add(cost_lines([line(1, "1")]))
    writer.flush()
    writer.recompute()
    # As if lines were inserted long before, and the writer died between hours and days.
    database.writer.command(
        "ALTER TABLE cost_lines UPDATE inserted_at = inserted_at - INTERVAL 1 HOUR WHERE 1 "
        "SETTINGS mutations_sync = 2"
    )
    assert stale_hours(database.reader) == []
    database.writer.command(
        "INSERT INTO rollup_hourly SELECT * REPLACE (version + 1000000000 AS version) "
        "FROM rollup_hourly FINAL"
    )
    assert stale_hours(database.reader) == [T0]


def test_many_hours_are_recomputed_in_parts(database: Connection) -> None:
    hours = 250
    writer = Writer(database.writer)
    writer.add(cost_lines([line(n, "1", window_start_us=T0 + n * HOUR_US) for n in range(hours)]))
    writer.flush()
    assert writer.recompute() == hours
    assert_fresh(database)
