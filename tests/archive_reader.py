"""Reads usage batches back from the archive: what shows that nothing of them is lost in it.

Gives what the codec gave when they were archived: the same dicts, by batch, in order, without dead
letters, so each event comes with its index.
"""

from dataclasses import dataclass, field
from typing import TypeAlias, cast

from clickhouse.client import Connection
from clickhouse.usage_rows import Position, UsageBatch, UsageEvent, UsageRecord
from schemas.records import Loss
from tests.archived_events import COLUMNS, RECORDS, Row, usage_event

BatchId: TypeAlias = tuple[str, int, int]  # source, epoch, seq

EVENTS = """
SELECT
    source, epoch, seq, event_index, kind, sent_at, topic, partition, offset, started_at, ended_at,
    {columns}
FROM usage_events FINAL
WHERE kind = '{kind}'
ORDER BY source, epoch, seq, event_index
"""
LOSSES = """
SELECT source, epoch, seq, events, first_at, last_at, reason
FROM losses FINAL
ORDER BY source, epoch, seq, loss_index
"""


@dataclass(frozen=True, slots=True)
class ArchivedBatch:
    """What the archive has of one batch; `indexes[i]` is of `events[i]`."""

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


def read_batches(connection: Connection) -> list[ArchivedBatch]:
    """Return the batches that have events, by kind and identity."""
    losses: dict[BatchId, list[Loss]] = {}
    for row in rows(connection, LOSSES):
        losses.setdefault(batch_id_of(row), []).append(loss(row))
    found: dict[tuple[str, BatchId], ArchivedBatch] = {}
    for kind, columns in COLUMNS.items():
        for row in rows(connection, EVENTS.format(kind=kind, columns=", ".join(columns))):
            batch_id = batch_id_of(row)
            batch = found.get((kind, batch_id))
            if batch is None:
                batch = found[kind, batch_id] = empty(row, losses.get(batch_id, []))
            batch.indexes.append(row["event_index"])
            batch.events.append(usage_event(row))
    return [*found.values()]


def rows(connection: Connection, statement: str) -> list[Row]:
    """Return rows by column name, instants as integers."""
    with (
        connection.borrowed() as session,
        session.stream(statement, {}, {"DateTime64": "int"}) as some,
    ):
        return [*some]


def batch_id_of(row: Row) -> BatchId:
    return row["source"], row["epoch"], row["seq"]


def empty(row: Row, losses: list[Loss]) -> ArchivedBatch:
    """Return the batch of a row, without events."""
    return ArchivedBatch(
        record=RECORDS[row["kind"]],
        source=row["source"],
        epoch=row["epoch"],
        seq=row["seq"],
        sent_at_us=row["sent_at"],
        position=Position(row["topic"], row["partition"], row["offset"]),
        losses=losses,
    )


def loss(row: Row) -> Loss:
    return {
        "events": row["events"],
        "first_us": row["first_at"],
        "last_us": row["last_at"],
        "reason": row["reason"],
    }
