"""An archive of its own, filled from the usage topics: for a replay of what Kafka still holds.

In a directory beside the replay's notebook, so that one that was killed need not read again what it
has: reading twice changes nothing. What was dead-lettered then is left out now, by the same rule.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from clickhouse.client import connect
from clickhouse.migrate import migrate
from clickhouse.usage_rows import (
    Attributed,
    Position,
    UsageBatch,
    UsageRecord,
    Versions,
    usage_rows,
)
from clickhouse.writer import Writer
from schemas import topics
from schemas.errors import NotAvro
from streams.core.catalog import Catalog
from streams.core.metering import LATEST_US, METERS, Rules, meter_batch
from streams.core.observers import MATCH_US
from streams.core.price_book import PriceBook
from streams.core.windows import MINUTE_US, SECOND_US
from streams.errors import StoreUnavailable
from streams.kafka import Entry, Since, follow
from streams.kafka.registry import codec_of
from streams.replay.place import is_served, served
from streams.replay.span import Span
from streams.settings import WorkerSettings

DATABASE = "apportion"
FLUSH_ROWS = 50_000
NO_RULES = (PriceBook("none", "", ()), Catalog("none"))  # which decide no rejection
ANYBODY = Attributed("", None, None)


@contextmanager
def archive_of(settings: WorkerSettings, spans: Sequence[Span], folder: Path) -> Iterator[Path]:
    """Fill an archive in a folder and give the socket that answers for it. Blocks.

    It holds the events of spans, which are in order, those by which an observer of one of their
    calls may have told of it before, and later ones. The folder is removed when the
    replay is through, and stays when it is not. Raises what reading Kafka raises, and
    StoreUnavailable where the embedded engine is open here already: a process has one.
    """
    if settings.clickhouse.embedded and not is_served(settings):
        raise StoreUnavailable(
            "expected a running store to answer for the lines while Kafka's events are put into an "
            "engine here; start `apportion up`, or name a ClickHouse server"
        )
    folder.mkdir(parents=True, exist_ok=True)
    dsn = f"chdb://{folder.resolve()}"
    with connect(dsn, DATABASE) as connection:
        migrate(connection)
        writer = Writer(connection.writer)
        for topic in topics.USAGE:
            since_us = spans[0].since_us - MATCH_US if spans else LATEST_US
            fill(writer, settings, topic.name, since_us)
        writer.flush()
    with served(dsn, DATABASE) as socket:
        yield socket
    shutil.rmtree(folder, ignore_errors=True)


def fill(writer: Writer, settings: WorkerSettings, topic: str, since_us: int) -> None:
    """Put a topic's events of an instant and later into the archive.

    An event is at most `max_skew` later than its message by the broker's clock; it may be earlier
    by any time, so reading goes on to the end.
    """
    codec = codec_of(settings)
    skew_us = round(settings.meter.max_skew_s * SECOND_US)
    since_us = max(since_us - skew_us, 0)
    for entry in follow(settings.kafka, topic, Since(since_us), until_end=True):
        try:
            name, batch = codec.decode(entry.value or b"")
        except NotAvro:
            continue
        if name in METERS:
            add(writer, settings, (topic, entry), name, cast("UsageBatch", batch))
        if writer.buffered_rows >= FLUSH_ROWS:
            writer.flush()


def add(
    writer: Writer,
    settings: WorkerSettings,
    source: tuple[str, Entry],
    name: str,
    batch: UsageBatch,
) -> None:
    """Put one batch into the archive, without what was rejected."""
    topic, entry = source
    by_log = settings.meter.clock == "log"
    now_us = batch["sent_at_us"] if by_log else entry.at_ms * 1_000
    rules = Rules(*NO_RULES, MINUTE_US, round(settings.meter.max_skew_s * SECOND_US))
    rejected = {each.index for each in meter_batch(name, batch, topic, rules, now_us).rejected}
    if -1 in rejected:
        return
    kept = [None if index in rejected else ANYBODY for index in range(len(batch["events"]))]
    position = Position(topic, entry.partition, entry.offset)
    writer.add(*usage_rows(cast("UsageRecord", name), batch, kept, position, Versions("", "", "")))
