"""Collects rows by table and inserts them in large blocks; shows what is complete, rolls it up.

Inserting the same rows again, in whatever batches, changes nothing: every table is keyed by
identity. So there is no deduplication token, and after an error `flush` is simply called again.
Commit the offsets of what was added after `flush` returned. One thread at a time.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from clickhouse import generations, rollups
from clickhouse.block import Block
from clickhouse.columns import column_types
from clickhouse.session import Session

LINES = "cost_lines"


@dataclass(frozen=True, slots=True)
class Flushed:
    """Rows inserted, by table."""

    rows: dict[str, int]

    @property
    def total(self) -> int:
        """Rows inserted in all."""
        return sum(self.rows.values())


class Writer:
    """Buffers without a bound: the caller flushes by count and age, and stops adding meanwhile."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._buffers: dict[tuple[str, tuple[str, ...]], list[list[object]]] = {}
        self._dirty_hours_us: set[int] = set()
        self._uncompleted_hours_us: set[int] = set()  # with new lines of higher generations
        self.buffered_rows = 0

    def add(self, *blocks: Block) -> None:
        """Take rows. Does not block."""
        for block in blocks:
            key = (block.table, block.names)
            columns = self._buffers.get(key)
            if columns is None:
                self._buffers[key] = [list(column) for column in block.columns]
            else:
                for mine, more in zip(columns, block.columns, strict=True):
                    mine.extend(more)
            self.buffered_rows += block.row_count

    def flush(self) -> Flushed:
        """Insert everything buffered, and say what is complete. Blocks until the engine has it.

        Raises Unavailable: rows not known to be in are still buffered, so call again. Raises
        BadQuery for a row that cannot be written, or tables that are not those of this release.
        """
        rows: dict[str, int] = {}
        for key in list(self._buffers):
            table, names = key
            columns = self._buffers[key]
            count = len(columns[0])
            if count:
                self._session.insert(table, names, column_types(table, names), columns)
            del self._buffers[key]
            self.buffered_rows -= count
            rows[table] = rows.get(table, 0) + count
            if table == LINES:
                # After the insert: marked before, a recompute in between would miss its rows.
                self.mark_dirty(columns[names.index("window_start")])
                self._uncompleted_hours_us |= generations.corrected_hours(
                    columns[names.index("window_start")], columns[names.index("generation")]
                )
        self._complete()
        return Flushed(rows)

    def _complete(self) -> None:
        """Have readers see the generations whose last lines are in.

        Part of a flush: offsets of lines are committed after it, so a crash before it brings them
        again. After the inserts: of several writers the last one to look sees everybody's lines.
        """
        hours = frozenset(self._uncompleted_hours_us)
        if hours:
            generations.complete(self._session, hours)
            self.mark_dirty(hours)
            self._uncompleted_hours_us -= hours

    def mark_dirty(self, instants_us: Iterable[object]) -> None:
        """Have the hours of some instants recomputed next time."""
        self._dirty_hours_us |= {
            rollups.hour_of(at) for at in set(instants_us) if isinstance(at, int)
        }

    def recompute(self) -> int:
        """Bring the rollups of all dirty hours up to date; return how many hours that were.

        Raises Unavailable: the hours are still dirty, so call again. Call it at least every few
        seconds. Hours that are dirty when the process dies are found by `rollups.stale_hours`.
        """
        hours = frozenset(self._dirty_hours_us)
        if hours:
            rollups.recompute(self._session, hours)
            self._dirty_hours_us -= hours
        return len(hours)

    def redraw_quarters(self, at_most: int) -> int:
        """Bring the quarters of some hours up to date; return of how many, 0 when all are.

        Raises Unavailable. Call it every minute or so.
        """
        return rollups.redraw_quarters(self._session, at_most)

    def recover(self) -> int:
        """Complete and recompute what an earlier writer left undone. Call it once, at start."""
        self._uncompleted_hours_us |= set(generations.uncompleted_hours(self._session))
        self._complete()
        self._dirty_hours_us |= set(rollups.stale_hours(self._session))
        return self.recompute()
