"""What each processor does on a broker, and so what it must be permitted to do: no more, no less.

`docs/security.md` grants exactly this. A processor asks before it starts.
"""

from collections.abc import Iterable

from schemas import topics
from schemas.topics import Topic
from streams.kafka.permissions import Access

CONFIG = (topics.CONFIG_PRICE_BOOK, topics.CONFIG_CATALOG)


def _access(processor: str, reads: Iterable[Topic], writes: Iterable[Topic]) -> Access:
    return Access(
        reads=[topic.name for topic in reads],
        writes=[topic.name for topic in writes],
        group=f"apportion-{processor}",
    )


ACCESS = {
    "meter": _access("meter", (*topics.USAGE, *CONFIG), (topics.METERED_PARTIAL, topics.DLQ_USAGE)),
    "allocate": _access(
        "allocate",
        (topics.METERED_PARTIAL, *CONFIG),
        (topics.METERED_PARTIAL, topics.COST_LINE, topics.LATE_PARTIAL),
    ),
    "store": _access(
        "store",
        (
            *topics.USAGE,
            topics.COST_LINE,
            topics.LATE_PARTIAL,
            topics.DLQ_USAGE,
            topics.ALERT_COST,
            *CONFIG,
        ),
        (),
    ),
    "accrue": Access(reads=[topic.name for topic in CONFIG], writes=[topics.USAGE_RESOURCE.name]),
}
