"""Lines of a database of release 0.1 after the migration: in force, and what they replaced."""

from collections.abc import Sequence

import pytest

from clickhouse.block import Block
from clickhouse.client import Connection
from clickhouse.columns import column_types
from clickhouse.migrate import migrate, migrations
from clickhouse.rows import cost_lines
from clickhouse.writer import Writer
from schemas.records import CostLine
from tests.builders.generations import corrected, streamed

pytestmark = pytest.mark.integration

FORMER = migrations()[:5]
GENERATIONS = next(each for each in migrations() if each.name == "0006_generations.sql")
NEW = {"region", "service_tier", "list_cost", "billed_cost", "lines_of_generation", "note",
       "edition"}  # fmt: skip
IN_FORCE = (
    "SELECT toString(sum(cost)) AS cost, count() AS lines, max(generation) AS newest, "
    "countIf(status = 'provisional') AS provisional FROM cost_current"
)
HISTORY = (
    "SELECT generation, toString(sum(cost)) AS cost, count() AS lines FROM cost_history "
    "GROUP BY generation ORDER BY generation"
)


def former(lines: Sequence[CostLine]) -> Block:
    """Return lines as the former release wrote them."""
    rows = cost_lines(lines)
    kept = [number for number, name in enumerate(rows.names) if name not in NEW]
    return Block(rows.table, tuple(rows.names[n] for n in kept), [rows.columns[n] for n in kept])


def filled(database: Connection) -> Connection:
    """Fill a database of the former release: streamed, corrected twice, corrected, and open."""
    migrate(database, FORMER)
    for lines in (
        streamed("1", "2"),
        corrected(1, "10", "20", lines=None),
        corrected(2, "100", "200", lines=None),
        streamed("3", "4", minute=1),
        corrected(1, "30", "40", lines=None, minute=1),
        streamed("5", "6", minute=2),
        streamed("7", minute=2_000, status="provisional"),
    ):
        rows = former(lines)
        types = column_types(rows.table, rows.names)
        database.writer.insert(rows.table, rows.names, types, rows.columns)
        database.writer.command("OPTIMIZE TABLE cost_lines FINAL")  # what was replaced has gone
    return database


def assert_carried_over(database: Connection) -> None:
    # 100 + 200 of generation 2, 30 + 40 of generation 1, 5 + 6 and 7 as streamed
    assert database.reader.rows(IN_FORCE) == [
        {"cost": "388", "lines": 7, "newest": 2, "provisional": 1}
    ]
    # Generation 0: 1 + 2 + 3 + 4 + 5 + 6; nobody was billed by the provisional 7.
    assert [tuple(row.values()) for row in database.reader.rows(HISTORY)] == [
        (0, "21", 6),
        (1, "100", 4),
        (2, "300", 2),
    ]


def test_lines_in_force_stay_and_what_they_replaced_is_there(empty_database: Connection) -> None:
    database = filled(empty_database)
    assert GENERATIONS in migrate(database)
    assert_carried_over(database)
    assert database.reader.rows("SHOW TABLES LIKE '%revisions%'") == []


@pytest.mark.parametrize("ran", range(1, len(GENERATIONS.statements) + 1))
def test_a_migration_that_died_halfway_is_run_again(empty_database: Connection, ran: int) -> None:
    database = filled(empty_database)
    in_force = database.reader.rows(IN_FORCE)
    for statement in GENERATIONS.statements[:ran]:
        database.writer.command(statement)
        assert database.reader.rows(IN_FORCE) == in_force  # analysts go on reading
    database.writer.command("OPTIMIZE TABLE cost_lines FINAL")  # a merge at the worst moment
    migrate(database)
    assert_carried_over(database)


def test_corrections_go_on_after_the_migration(empty_database: Connection) -> None:
    database = filled(empty_database)
    migrate(database)
    writer = Writer(database.writer)
    writer.recover()
    # Read from the topic again; and the next generation, counted.
    again = corrected(2, "100", "200", lines=None)
    first, second = corrected(3, "1000", "2000")
    for lines, cost in ((again, "388"), ([first], "388"), ([second], "3088")):
        writer.add(cost_lines(lines))
        writer.flush()
        writer.recompute()
        assert database.reader.rows(IN_FORCE)[0]["cost"] == cost
        assert database.reader.value("SELECT toString(sum(cost)) FROM daily") == cost
