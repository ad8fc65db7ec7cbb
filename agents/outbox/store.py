"""Batches, counters and losses on disk: one SQLite file in WAL mode, one connection, one thread.

Invariant: a batch and the counter that numbers the next one change in one transaction, synced to
disk before it returns. So `seq` has no gaps, and one `seq` never stands for two contents.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from agents.errors import OutboxDiskRefused, OutboxError
from agents.outbox import sqlite_file
from agents.outbox.batcher import Note
from agents.outbox.limits import CHECKPOINT_PAGES, Limits
from agents.outbox.remembered import Kept, Step
from schemas.records import Loss

Row: TypeAlias = tuple[Any, ...]  # as SQLite types its columns
T = TypeVar("T")

READ_BATCHES = 500  # looked at per read; more are not in flight at once
RECLAIM_PAGES = 32  # given back to the file system per step, so that the WAL stays small
RECLAIM_FROM_PAGES = 2 * CHECKPOINT_PAGES  # less than this is kept for the next batches


@dataclass(frozen=True, slots=True)
class Stored:
    """A batch as it lies on disk."""

    seq: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Pending:
    """What Kafka has not acknowledged yet."""

    batches: int = 0
    events: int = 0
    payload_bytes: int = 0

    def plus(self, batches: int, events: int, payload_bytes: int) -> "Pending":
        """Return the sum."""
        return Pending(
            self.batches + batches, self.events + events, self.payload_bytes + payload_bytes
        )


class Store:
    """An open outbox file. Every method may block on the disk and raise OutboxDiskRefused."""

    def __init__(self, path: Path, db: sqlite3.Connection, limits: Limits) -> None:
        self._path = path
        self._db = db
        self._limits = limits
        self.epoch, self.next_seq = db.execute("SELECT epoch, next_seq FROM producer").fetchone()
        db.execute(f"PRAGMA max_page_count = {limits.database_pages}").fetchall()
        count = "SELECT count(*), sum(events), sum(payload_bytes) FROM batch"
        self.pending = Pending(*(number or 0 for number in db.execute(count).fetchone()))

    def append(
        self,
        events: int,
        sent_at_us: int,
        payload: bytes,
        memory: Step | None = None,
        notes: Sequence[Note] = (),
    ) -> None:
        """Keep a batch as `next_seq`, with the identities and notes of its events if any.

        The losses on disk are in it, and are cleared.
        """
        row = (self.next_seq, events, sent_at_us, len(payload), payload)

        def write() -> None:
            self._db.execute("INSERT INTO batch VALUES (?, ?, ?, ?, ?)", row)
            self._db.execute("UPDATE producer SET next_seq = ?", (self.next_seq + 1,))
            self._db.execute("DELETE FROM loss")
            if memory is not None:
                self._db.execute("DELETE FROM remembered WHERE seq <= ?", (memory.forget_through,))
                kept = (self.next_seq, sent_at_us, memory.identities)
                self._db.execute("INSERT INTO remembered VALUES (?, ?, ?)", kept)
            for note in notes:
                self._db.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", note)

        self._commit(write)
        self.next_seq += 1
        self.pending = self.pending.plus(1, events, len(payload))

    def save_losses(self, losses: Iterable[Loss]) -> None:
        """Keep all losses not yet in a batch, in place of those kept before."""
        rows = list(losses)

        def write() -> None:
            self._db.execute("DELETE FROM loss")
            self._db.executemany(
                "INSERT INTO loss VALUES (:reason, :events, :first_us, :last_us)", rows
            )

        self._commit(write)

    def losses(self) -> list[Loss]:
        """Return the losses kept for the next batch."""
        rows = self._read("SELECT events, first_us, last_us, reason FROM loss ORDER BY reason")
        return [Loss(events=e, first_us=f, last_us=la, reason=r) for e, f, la, r in rows]

    def notes(self) -> dict[str, str]:
        """Return the notes of events that were kept, the last of each name."""
        return dict(self._read("SELECT name, text FROM note"))

    def remembered(self) -> list[Kept]:
        """Return the identities of events that were kept, by batch, oldest first."""
        rows = self._read("SELECT seq, at_us, identities FROM remembered ORDER BY seq")
        return [Kept(*row) for row in rows]

    def after(self, seq: int, max_bytes: int) -> list[Stored]:
        """Return the next batches after `seq`, in order, up to `max_bytes` but at least one."""
        sizes = self._read(
            "SELECT seq, payload_bytes FROM batch WHERE seq > ? ORDER BY seq LIMIT ?",
            (seq, READ_BATCHES),
        )
        totals = accumulate(payload_bytes for _, payload_bytes in sizes)
        fitting = sum(total <= max_bytes for total in totals)
        wanted = "SELECT seq, payload FROM batch WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = self._read(wanted, (seq, max(1, fitting)))
        return [Stored(row_seq, payload) for row_seq, payload in rows]

    def forget(self, seqs: Iterable[int]) -> None:
        """Delete batches that Kafka has acknowledged; those deleted before are no error."""
        keys = [(seq,) for seq in seqs]
        delete = "DELETE FROM batch WHERE seq = ? RETURNING events, payload_bytes"

        def write() -> list[Row]:
            return [row for key in keys for row in self._db.execute(delete, key).fetchall()]

        for events, payload_bytes in self._commit(write):
            self.pending = self.pending.plus(-1, -events, -payload_bytes)

    def oldest_us(self) -> int | None:
        """Return when the oldest batch was closed, UTC microseconds; None without a batch."""
        rows = self._read("SELECT sent_at_us FROM batch ORDER BY seq LIMIT 1")
        return rows[0][0] if rows else None

    def has_room(self) -> bool:
        """Tell whether the largest batch still fits."""
        used = self._pragma("page_count") - self._pragma("freelist_count")
        return self._limits.database_pages - used >= self._limits.batch_pages

    def reclaim(self) -> bool:
        """Give one step of free pages back to the file system; False when there is no need."""
        free = self._pragma("freelist_count")
        if free < RECLAIM_FROM_PAGES or 2 * free < self._pragma("page_count"):
            return False
        with sqlite_file.translated(self._path):
            # Not `execute`: it steps this statement once, which frees one page.
            self._db.executescript(f"PRAGMA incremental_vacuum({RECLAIM_PAGES})")
        return True

    def disk_bytes(self) -> int:
        """Return what the database and its write-ahead log take up, bytes."""
        return sqlite_file.disk_bytes(self._path)

    def close(self) -> None:
        """Fold the log into the file and close it."""
        self._checkpoint("TRUNCATE")
        self._db.close()

    def _pragma(self, name: str) -> int:
        return int(self._read(f"PRAGMA {name}")[0][0])

    def _read(self, query: str, values: tuple[int, ...] = ()) -> list[Row]:
        with sqlite_file.translated(self._path):
            return self._db.execute(query, values).fetchall()

    def _checkpoint(self, mode: Literal["PASSIVE", "TRUNCATE"]) -> None:
        """Fold the log into the file if the disk lets us; if not, the log still holds it all."""
        with suppress(OutboxError), sqlite_file.translated(self._path):
            self._db.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()

    def _commit(self, write: Callable[[], T]) -> T:
        """Run statements in one transaction, synced when it returns. Refused: nothing is changed.

        A refused one is tried once more after folding the log: its own space can then be used.
        """
        try:
            return self._try(write)
        except OutboxDiskRefused:
            self._checkpoint("PASSIVE")
            return self._try(write)

    def _try(self, write: Callable[[], T]) -> T:
        with sqlite_file.translated(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                result = write()
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
        return result
