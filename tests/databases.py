"""Databases with all tables, one test after another: making the tables takes longer than a test.

A database is handed on only as a new one would be: its rows are gone, and it is dropped instead
when a test changed a table or what is noted of migrations.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from clickhouse.client import Connection
from clickhouse.migrate import migrate

DEFINED = """
SELECT name, create_table_query FROM system.tables
WHERE database = {database:String} ORDER BY name
"""
NOTED = "SELECT number, name, checksum FROM `{}`.migrations ORDER BY ALL"
FILLED = """
SELECT DISTINCT table FROM system.parts
WHERE database = {database:String} AND active AND table != 'migrations'
"""


@dataclass(slots=True)
class Spare:
    """The databases of one engine that nobody uses now, and what each was made as."""

    engine: Connection
    made_as: dict[str, object] = field(default_factory=dict)
    idle: list[str] = field(default_factory=list)

    @contextmanager
    def taken(self) -> Iterator[Connection]:
        """Give a connection of its own to a database with all tables and no rows."""
        name = self.idle.pop() if self.idle else f"test_{uuid4().hex}"
        with self.engine.on(name) as connection:
            if name not in self.made_as:
                migrate(connection)
                self.made_as[name] = self._definition(name)
            yield connection

    def give_back(self, name: str) -> None:
        """Empty a database for the next test, or drop one that is not what it was."""
        session = self.engine.writer  # a handle of its own would take longer than all of it
        if self._definition(name) != self.made_as[name]:
            session.command(f"DROP DATABASE IF EXISTS `{name}` SYNC")
            return
        for row in session.rows(FILLED, {"database": name}):
            session.command(f"TRUNCATE TABLE `{name}`.`{row['table']}` SYNC")
        self.idle.append(name)

    def _definition(self, name: str) -> object:
        """Return what makes a database what it is, but for its rows."""
        rows = self.engine.writer.rows
        return rows(DEFINED, {"database": name}), rows(NOTED.format(name))
