"""A database that a test hands on is as a new one, or is not handed on."""

import pytest

from clickhouse.client import Connection
from tests.databases import Spare

pytestmark = pytest.mark.integration

FILL = "INSERT INTO sources_heard (minute, source) VALUES (now(), 'gw')"
ROWS = "SELECT count() FROM sources_heard"
EXISTS = "SELECT count() FROM system.databases WHERE name = {name:String}"


def test_its_rows_are_gone(engine: Connection) -> None:
    spare = Spare(engine)
    with spare.taken() as first:
        first.writer.command(FILL)
        assert first.reader.value(ROWS) == 1
    spare.give_back(first.database)
    with spare.taken() as second:
        assert second.database == first.database
        assert second.reader.value(ROWS) == 0


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE cost_lines ADD COLUMN more UInt8",
        "DROP TABLE sources_heard",
        "CREATE TABLE more (n UInt8) ENGINE = Memory",
        "INSERT INTO migrations (number, name, checksum) VALUES (9999, 'later', '')",
        "TRUNCATE TABLE migrations",
    ],
)
def test_one_that_was_changed_is_dropped(engine: Connection, change: str) -> None:
    spare = Spare(engine)
    with spare.taken() as changed:
        changed.writer.command(change)
    spare.give_back(changed.database)
    assert engine.reader.value(EXISTS, {"name": changed.database}) == 0
    with spare.taken() as other:
        assert other.database != changed.database


def test_two_that_are_used_at_once_are_two(engine: Connection) -> None:
    spare = Spare(engine)
    with spare.taken() as one, spare.taken() as other:
        one.writer.command(FILL)
        assert one.reader.value(ROWS) == 1
        assert other.reader.value(ROWS) == 0
