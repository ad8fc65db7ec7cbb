"""What each processor does on a broker, and so what it must be permitted to do: no more, no less.

`docs/security.md` grants exactly this. A processor asks before it starts.
"""

from collections.abc import Iterable

from schemas import topics
from schemas.topics import Topic
from streams.kafka.permissions import Access

SAID = (topics.ALERT_COST, topics.BUDGET_STATE)
CONFIG = (topics.CONFIG_PRICE_BOOK, topics.CONFIG_CATALOG)


def _access(
    processor: str, reads: Iterable[Topic], writes: Iterable[Topic], asks: str | None = None
) -> Access:
    return Access(
        reads=[topic.name for topic in reads],
        writes=[topic.name for topic in writes],
        group=f"apportion-{processor}",
        asks=asks,
    )


ACCESS = {
    "meter": _access("meter", (*topics.USAGE, *CONFIG), (topics.METERED_PARTIAL, topics.DLQ_USAGE)),
    "allocate": _access(
        "allocate",
        (topics.METERED_PARTIAL, *CONFIG),
        (topics.METERED_PARTIAL, topics.COST_LINE, topics.CLOSED_WINDOW, topics.LATE_PARTIAL),
    ),
    "store": _access(
        "store",
        (
            *topics.USAGE,
            topics.COST_LINE,
            topics.LATE_PARTIAL,
            topics.DLQ_USAGE,
            topics.ALERT_COST,
            topics.BUDGET_STATE,
            *CONFIG,
        ),
        (),
    ),
    "watch": _access(
        "watch",
        (topics.COST_LINE, *SAID, *CONFIG),  # what it said itself, or whoever was before it
        SAID,
        asks="apportion-store",
    ),
    "budgets": _access(
        "budgets",
        (topics.COST_LINE, *SAID, *CONFIG),
        SAID,
        asks="apportion-store",
    ),
    "anomalies": _access(
        "anomalies",
        (topics.COST_LINE, topics.CLOSED_WINDOW, topics.ALERT_COST, *CONFIG),  # what it said, too
        (topics.ALERT_COST,),
        asks="apportion-store",
    ),
    "notify": _access(
        "notify",
        (topics.ALERT_COST, topics.NOTIFY_SENT, *CONFIG),  # and what was told of them
        (topics.NOTIFY_SENT,),
    ),
    "accrue": Access(reads=[topic.name for topic in CONFIG], writes=[topics.USAGE_RESOURCE.name]),
}
