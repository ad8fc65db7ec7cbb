"""Every topic: name, key, records, partitions, retention. docs/topics.md is generated from it."""

import zlib
from dataclasses import dataclass
from typing import Literal

HOUR_MS = 60 * 60 * 1000
DAY_MS = 24 * HOUR_MS
DOCUMENT_MAX_BYTES = 16 * 1024 * 1024  # a price book of 25,000 prices takes 5 MB before compression


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as `apportion up` creates it. `partitions` is the default, not a limit."""

    name: str
    key: str
    records: tuple[str, ...]
    partitions: int
    retention_ms: int | None
    cleanup: Literal["delete", "compact"]
    doc: str
    timestamps: Literal["CreateTime", "LogAppendTime"] = "CreateTime"
    max_bytes: int | None = None  # of a message; null: what the broker allows
    segment_ms: int | None = None  # only what is older is compacted; null: what the broker says


USAGE_GPU = Topic(
    "usage.gpu.v1",
    "source",
    ("GpuUsageBatch",),
    4,
    30 * DAY_MS,
    "delete",
    "Balanced GPU intervals from node agents.",
    "LogAppendTime",  # events are judged too far ahead by it, the same for every reader
)
USAGE_INFERENCE = Topic(
    "usage.inference.v1",
    "source",
    ("InferenceUsageBatch",),
    4,
    30 * DAY_MS,
    "delete",
    "Model calls from gateways.",
    "LogAppendTime",  # events are judged too far ahead by it, the same for every reader
)
USAGE_RESOURCE = Topic(
    "usage.resource.v1",
    "source",
    ("ResourceUsageBatch",),
    4,
    30 * DAY_MS,
    "delete",
    "Storage, egress, jobs and invoice lines.",
    "LogAppendTime",  # events are judged too far ahead by it, the same for every reader
)
METERED_PARTIAL = Topic(
    "metered.partial.v1",
    "pool",
    ("Partial", "Watermark", "Claim", "Close", "Closed"),
    4,
    2 * DAY_MS,
    "delete",
    "What each batch adds to each (window, pool), and the control records that close windows.",
)
COST_LINE = Topic(
    "cost.line.v1",
    "tenant",
    ("CostLine",),
    4,
    30 * DAY_MS,
    "delete",
    "Cost lines: provisional while a window is open, final once, corrected by replay.",
)
CLOSED_WINDOW = Topic(
    "closed.window.v1",
    "partition",
    ("ClosedWindows",),
    1,
    None,
    "compact",
    "Until when the windows of each partition of metered.partial.v1 are final, empty ones too.",
)
LATE_PARTIAL = Topic(
    "late.partial.v1",
    "pool",
    ("LatePartial",),
    4,
    30 * DAY_MS,
    "delete",
    "Partials whose window had closed; repair recomputes those windows.",
)
DLQ_USAGE = Topic(
    "dlq.usage.v1",
    "source",
    ("DeadLetter",),
    4,
    30 * DAY_MS,
    "delete",
    "Messages and events that could not be counted, with the reason.",
)
ALERT_COST = Topic(
    "alert.cost.v1",
    "tenant",
    ("Alert",),
    4,
    30 * DAY_MS,
    "delete",
    "Alerts: opened, updated, resolved.",
)
BUDGET_STATE = Topic(
    "budget.state.v1",
    "budget id",
    ("BudgetState",),
    4,
    None,
    "compact",
    "Where each budget stands.",
    segment_ms=HOUR_MS,  # it is read whole, and budgets are spoken of every few seconds
)
NOTIFY_SENT = Topic(
    "notify.sent.v1",
    "destination/alert id",
    ("Notice",),
    1,
    None,
    "compact",
    "What was told of which alert where, so that nothing is told twice.",
)
CONFIG_PRICE_BOOK = Topic(
    "config.price-book.v1",
    "version",
    ("Config",),
    1,
    None,
    "compact",
    "Published price books; the last one is in force. Up to 16 MiB each.",
    max_bytes=DOCUMENT_MAX_BYTES,
)
CONFIG_CATALOG = Topic(
    "config.catalog.v1",
    "version",
    ("Config",),
    1,
    None,
    "compact",
    "Published catalogs; the last one is in force. Up to 16 MiB each.",
    max_bytes=DOCUMENT_MAX_BYTES,
)

USAGE = (USAGE_GPU, USAGE_INFERENCE, USAGE_RESOURCE)
ALL = (
    *USAGE,
    METERED_PARTIAL,
    COST_LINE,
    CLOSED_WINDOW,
    LATE_PARTIAL,
    DLQ_USAGE,
    ALERT_COST,
    BUDGET_STATE,
    NOTIFY_SENT,
    CONFIG_PRICE_BOOK,
    CONFIG_CATALOG,
)


def partition_of(key: str, partitions: int) -> int:
    """Partition of a key: the same for every writer, whatever its client's default partitioner."""
    return zlib.crc32(key.encode()) % partitions
