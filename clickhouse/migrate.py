"""Runs the numbered migrations, forward only, each once.

A table beside the data says which ran, with the hash of their text. Nothing is locked: a statement
may run twice (after a crash halfway, or by two processes at once) and is written to allow it.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from clickhouse.client import Connection
from clickhouse.errors import MigrationRefused
from clickhouse.session import Session

FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
STATEMENT_END = re.compile(r";[ \t]*$", re.MULTILINE)
COMMENT_LINE = re.compile(r"^\s*--.*$", re.MULTILINE)

LEDGER = """
CREATE TABLE IF NOT EXISTS migrations (
    number UInt32,
    name String,
    checksum String COMMENT 'SHA-256 of the file',
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        """The statements, without comment lines."""
        parts = STATEMENT_END.split(COMMENT_LINE.sub("", self.text))
        return [part.strip() for part in parts if part.strip()]


def migrations() -> list[Migration]:
    """Return the migrations of this release, in order."""
    files = resources.files("clickhouse").joinpath("migrations").iterdir()
    found = [
        Migration(int(match[1]), file.name, file.read_text(encoding="utf-8"))
        for file in files
        if (match := FILE_NAME.fullmatch(file.name))
    ]
    return sorted(found, key=lambda each: each.number)


def migrate(connection: Connection, release: Sequence[Migration] | None = None) -> list[Migration]:
    """Make the database and bring it up to this release; return what was applied now.

    Raises MigrationRefused, before anything ran, when an applied file was changed or is unknown.
    """
    with_database(connection)
    known = migrations() if release is None else list(release)
    session = connection.writer
    session.command(LEDGER)
    due = pending(known, applied(session))
    for migration in due:
        for statement in migration.statements:
            session.command(statement)
        record(session, migration)
    return due


def with_database(connection: Connection) -> None:
    """Make the database where it is missing."""
    with connection.on("default").borrowed() as session:
        session.command(f"CREATE DATABASE IF NOT EXISTS `{connection.database}`")


def applied(session: Session) -> dict[int, str]:
    """Return checksum by number of what has run."""
    rows = session.rows("SELECT number, checksum FROM migrations FINAL")
    return {int(str(row["number"])): str(row["checksum"]) for row in rows}


def pending(known: Sequence[Migration], done: dict[int, str]) -> list[Migration]:
    """Return what has still to run. Raises MigrationRefused where known and done disagree."""
    by_number = {migration.number: migration for migration in known}
    for number, checksum in sorted(done.items()):
        migration = by_number.get(number)
        if migration is None:
            raise MigrationRefused(
                number, "the database has it, this release does not; start a release that does"
            )
        if migration.checksum != checksum:
            raise MigrationRefused(
                number,
                f"expected {migration.name} as it was applied ({checksum[:12]}), got "
                f"{migration.checksum[:12]}; restore the file and add a new migration",
            )
    newest = max(done, default=0)
    due = [migration for migration in known if migration.number not in done]
    if due and due[0].number < newest:
        raise MigrationRefused(
            due[0].number, f"{newest:04d} has run already; give the file a higher number"
        )
    return due


def record(session: Session, migration: Migration) -> None:
    """Note that a migration has run."""
    session.command(
        "INSERT INTO migrations (number, name, checksum) "
        "VALUES ({number:UInt32}, {name:String}, {checksum:String})",
        {
            "number": migration.number,
            "name": migration.name,
            "checksum": migration.checksum,
        },
    )
