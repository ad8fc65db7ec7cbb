"""Opening and creating the SQLite file of an outbox, and telling its faults apart by code."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path

from agents.errors import OutboxBusy, OutboxCorrupt, OutboxDiskRefused, OutboxError, OutboxForeign
from agents.outbox.limits import CHECKPOINT_PAGES, PAGE_BYTES, WAL_FRAME_BYTES
from agents.outbox.lock import Lock

MAGIC = b"SQLite format 3\0"
APPLICATION_ID_AT = 68  # SQLite file format, section 1.3: the database header
HEADER_BYTES = 72
APPLICATION_ID = 0x41504F42  # "APOB", in the file's header
FORMAT = 1  # PRAGMA user_version; a change of the tables is a new format
PRIMARY_CODE = 0xFF  # SQLite's extended codes keep the primary one in the low byte

TABLES = """
CREATE TABLE producer (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  source TEXT NOT NULL,
  record TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  next_seq INTEGER NOT NULL
);
CREATE TABLE batch (
  seq INTEGER PRIMARY KEY,
  events INTEGER NOT NULL,
  sent_at_us INTEGER NOT NULL,
  payload_bytes INTEGER NOT NULL,
  payload BLOB NOT NULL
);
CREATE TABLE loss (
  reason TEXT PRIMARY KEY,
  events INTEGER NOT NULL,
  first_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL
);
"""
# Since release 0.2; a release that does not know the tables leaves them: it is no new format.
ADDED = """
CREATE TABLE IF NOT EXISTS remembered (
  seq INTEGER PRIMARY KEY,
  at_us INTEGER NOT NULL,
  identities BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS note (
  name TEXT PRIMARY KEY,
  text TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Producer:
    """Whose batches a file holds."""

    source: str  # stable name of the producer instance
    record: str  # name of the batch record, e.g. InferenceUsageBatch


def open_file(path: Path, lock: Lock, producer: Producer, now_us: int) -> sqlite3.Connection:
    """Open the outbox of a producer, or create it as a new epoch.

    Raises OutboxForeign, OutboxCorrupt, OutboxBusy or OutboxDiskRefused; the file is then as it
    was. Reads the whole file once to check it.
    """
    with _disk(path):
        if _size(path) == 0:
            _create(path, lock, producer, now_us)
        _check_header(path)
    with translated(path):
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        with translated(path):
            _configure(db)
            _check(path, db, producer)
            db.executescript(ADDED)
    except BaseException:
        db.close()
        raise
    return db


def _create(path: Path, lock: Lock, producer: Producer, now_us: int) -> None:
    """Build the file beside its place and move it there, so that it is whole or not there."""
    new = path.with_name(path.name + ".new")
    for leftover in (new, *(path.with_name(path.name + end) for end in ("-wal", "-journal"))):
        leftover.unlink(missing_ok=True)
    new.touch(mode=0o600)  # names of tenants are in it; its log gets the same rights
    with translated(path), closing(sqlite3.connect(new, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table, or never
        db.executescript(TABLES + ADDED)
        epoch = lock.next_epoch(now_us)
        db.execute("INSERT INTO producer VALUES (1, ?, ?, ?, 0)", (*_identity(producer), epoch))
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {FORMAT}")
    new.replace(path)
    _sync_folder(path.parent)


def _check_header(path: Path) -> None:
    """Look at the bytes before SQLite does: it would recover and rewrite a stranger's file."""
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    application_id = int.from_bytes(header[APPLICATION_ID_AT:HEADER_BYTES], "big")
    if not header.startswith(MAGIC) or application_id != APPLICATION_ID:
        raise OutboxForeign(
            path,
            "expected an outbox, got another program's file or a damaged header; choose another "
            f"path, or if it was an outbox: {MOVE_ASIDE}",
        )


def _check(path: Path, db: sqlite3.Connection, producer: Producer) -> None:
    if (found := _number(db, "user_version")) != FORMAT:
        raise OutboxForeign(
            path, f"expected format {FORMAT}, got {found}; drain it with the release that wrote it"
        )
    if problem := _problem(db):
        raise OutboxCorrupt(path, f"expected a sound file, got: {problem}; {MOVE_ASIDE}")
    owner = db.execute("SELECT source, record FROM producer").fetchone()
    if owner != _identity(producer):
        raise OutboxForeign(
            path,
            f"expected the outbox of {_identity(producer)}, got that of {owner}; give each "
            "producer its own path, or drain this one under its former name first",
        )


def _problem(db: sqlite3.Connection) -> str | None:
    """Return the first fault of the file's structure."""
    first: str = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    return None if first == "ok" else first.splitlines()[-1]


def _configure(db: sqlite3.Connection) -> None:
    """Set what is not kept in the file. Exclusive: no reader can hold the log from shrinking."""
    for setting in (
        "locking_mode = EXCLUSIVE",  # before the first read, so that no shared memory is needed
        "journal_mode = WAL",
        "synchronous = FULL",  # a commit has reached the disk when it returns
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
        f"journal_size_limit = {CHECKPOINT_PAGES * WAL_FRAME_BYTES}",
        "secure_delete = OFF",  # overwriting sent batches would double the writes
        "trusted_schema = OFF",
    ):
        db.execute(f"PRAGMA {setting}").fetchall()


MOVE_ASIDE = (
    "move it and its -wal file aside and start again (a new epoch begins; the unsent batches in "
    "the old file are missing until recovered with sqlite3's .recover)"
)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, by code."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(path, error) from error


def _translate(path: Path, error: sqlite3.Error) -> OutboxError:
    code = getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return OutboxCorrupt(path, f"expected a sound file, got: {error}; {MOVE_ASIDE}")
    if code == sqlite3.SQLITE_BUSY:
        return OutboxBusy(path, f"{error}; close the other program that has it open")
    if code == sqlite3.SQLITE_FULL:
        return OutboxDiskRefused(path, f"{error}; free some space", is_full=True)
    if code in {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
    }:
        return OutboxDiskRefused(path, f"{error}; check the disk and its mount", is_full=False)
    return OutboxError(path, f"unexpected {error!r}; this is a bug")


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Turn the operating system's errors into ours."""
    try:
        yield
    except OSError as error:
        raise OutboxDiskRefused(
            path, f"{error}; check the folder and its rights", is_full=error.errno == ENOSPC
        ) from error


def disk_bytes(path: Path) -> int:
    """Return the size of the file and of its write-ahead log, bytes."""
    return sum(_size(p) for p in (path, path.with_name(path.name + "-wal")))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _identity(producer: Producer) -> tuple[str, str]:
    return producer.source, producer.record


def _number(db: sqlite3.Connection, pragma: str) -> int:
    return int(db.execute(f"PRAGMA {pragma}").fetchone()[0])


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
