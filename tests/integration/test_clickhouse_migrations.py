"""The migrations on a real engine: once, again, refused; and the tables they leave."""

from pathlib import Path

import pytest

from clickhouse.client import Connection
from clickhouse.columns import TABLES
from clickhouse.errors import MigrationRefused, Misconfigured
from clickhouse.migrate import Migration, migrate, migrations

pytestmark = pytest.mark.integration

GOLDEN = Path(__file__).with_name("clickhouse_ddl.golden.sql")


def ddl(database: Connection) -> str:
    """Return every table's DDL after all migrations, without the database's name."""
    names = database.reader.rows(
        "SELECT name FROM system.tables WHERE database = {database:String} ORDER BY name",
        {"database": database.database},
    )
    tables = [str(database.reader.value(f"SHOW CREATE TABLE {row['name']}")) for row in names]
    return "\n\n".join(table.replace(f"{database.database}.", "") for table in tables) + "\n"


def test_the_tables_are_those_of_the_golden_file(database: Connection) -> None:
    assert ddl(database) == GOLDEN.read_text()


def test_migrating_again_does_nothing(database: Connection) -> None:
    before = ddl(database)
    assert migrate(database) == []
    assert ddl(database) == before


def test_a_run_that_died_before_it_was_recorded_is_run_again(database: Connection) -> None:
    before = ddl(database)
    database.writer.command("TRUNCATE TABLE migrations")
    assert migrate(database) == migrations()
    assert ddl(database) == before


def test_a_changed_file_is_refused_before_anything_runs(database: Connection) -> None:
    first, *rest = migrations()
    changed = Migration(first.number, first.name, first.text + "\n")
    extra = Migration(9999, "9999_x.sql", "CREATE TABLE IF NOT EXISTS x (a Int8) ENGINE = Log;")
    with pytest.raises(MigrationRefused):
        migrate(database, [changed, *rest, extra])
    assert database.reader.rows("SHOW TABLES LIKE 'x'") == []


def test_only_the_new_ones_run(database: Connection) -> None:
    extra = Migration(9999, "9999_x.sql", "CREATE TABLE IF NOT EXISTS x (a Int8) ENGINE = Log;")
    assert migrate(database, [*migrations(), extra]) == [extra]
    assert database.reader.rows("SHOW TABLES LIKE 'x'") == [{"name": "x"}]


@pytest.mark.parametrize("table", sorted(TABLES))
def test_the_types_we_write_are_those_of_the_table(database: Connection, table: str) -> None:
    rows = database.reader.rows(
        "SELECT name, type FROM system.columns WHERE database = currentDatabase() "
        "AND table = {table:String} AND default_expression = '' ORDER BY position",
        {"table": table},
    )
    assert [(row["name"], row["type"]) for row in rows] == list(TABLES[table].items())


def test_a_database_that_was_not_migrated_is_a_misconfiguration(
    empty_database: Connection,
) -> None:
    with pytest.raises(Misconfigured):
        empty_database.reader.rows("SELECT 1")
