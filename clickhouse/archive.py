"""Reads usage batches back from the archive, for repair, replay and audits.

Gives what the codec gave when they were archived: the same dicts, by batch, in order. Only events
that touch the stretch asked for, and no dead letters, so each event comes with its index. Memory
is bounded by one block of rows and one batch, and by the losses, of which there are few.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeAlias, cast

from clickhouse.client import Connection
from clickhouse.query import query_text
from clickhouse.session import Params
from clickhouse.usage_events import COLUMNS, RECORDS, Row, usage_event
from clickhouse.usage_rows import Position, UsageBatch, UsageEvent, UsageRecord
from schemas.records import Loss

BatchId: TypeAlias = tuple[str, int, int]  # source, epoch, seq

INTEGER_INSTANTS = {"DateTime64": "int"}


@dataclass(frozen=True, slots=True)
class ArchivedBatch:
    """The part of one batch that touches the stretch asked for; `indexes[i]` is of `events[i]`."""

    record: UsageRecord
    source: str
    epoch: int
    seq: int
    sent_at_us: int
    position: Position
    losses: list[Loss]
    indexes: list[int] = field(default_factory=list)
    events: list[UsageEvent] = field(default_factory=list)

    def batch(self) -> UsageBatch:
        """Return it as the codec would."""
        return cast(
            "UsageBatch",
            {
                "source": self.source,
                "epoch": self.epoch,
                "seq": self.seq,
                "sent_at_us": self.sent_at_us,
                "losses": self.losses,
                "events": self.events,
            },
        )


def read_batches(
    connection: Connection, since_us: int, until_us: int, pool: str | None = None
) -> Iterator[ArchivedBatch]:
    """Yield the batches with events in [since, until), by kind and (source, epoch, seq).

    An event is in when any part of it is; an instant when it is itself. `pool` None: all pools,
    as attributed when archived. Blocks; holds a handle of its own until it ends or is closed.
    Raises Unavailable: start again.
    """
    params: Params = {"since": since_us, "until": until_us, "pool": pool or ""}
    with connection.borrowed() as session:
        with session.stream(query_text("archive_losses"), params, INTEGER_INSTANTS) as rows:
            losses = losses_by_batch(rows)
        for kind in RECORDS:
            statement = archive_query(kind)
            with session.stream(statement, {**params, "kind": kind}, INTEGER_INSTANTS) as rows:
                for batch_id, some in groupby(rows, batch_id_of):
                    yield archived_batch(some, losses.get(batch_id, []))


def archive_query(kind: str) -> str:
    """Return the statement that reads one kind of event, with no columns of the others."""
    return query_text("archive").replace("/* columns of the kind */", ", ".join(COLUMNS[kind]))


def batch_id_of(row: Row) -> BatchId:
    """Return the identity of a row's batch."""
    return row["source"], row["epoch"], row["seq"]


def archived_batch(rows: Iterable[Row], losses: list[Loss]) -> ArchivedBatch:
    """Return a batch from its rows, at least one."""
    remaining = iter(rows)
    first = next(remaining)
    batch = ArchivedBatch(
        record=RECORDS[first["kind"]],
        source=first["source"],
        epoch=first["epoch"],
        seq=first["seq"],
        sent_at_us=first["sent_at"],
        position=Position(first["topic"], first["partition"], first["offset"]),
        losses=losses,
    )
    for row in (first, *remaining):
        batch.indexes.append(row["event_index"])
        batch.events.append(usage_event(row))
    return batch


def losses_by_batch(rows: Iterable[Row]) -> dict[BatchId, list[Loss]]:
    """Return losses, in their order, by batch."""
    found: dict[BatchId, list[Loss]] = {}
    for row in rows:
        loss: Loss = {
            "events": row["events"],
            "first_us": row["first_at"],
            "last_us": row["last_at"],
            "reason": row["reason"],
        }
        found.setdefault(batch_id_of(row), []).append(loss)
    return found
