"""What the load becomes further down, made in process: partials with watermarks, cost lines."""

from collections.abc import Iterable, Iterator

from schemas import topics
from schemas.codec import Codec
from schemas.records import CostLine, Partial
from schemas.topics import partition_of
from streams.config.catalog import load_catalog
from streams.config.price_book import load_price_book
from streams.config_topic import CATALOG, PRICES
from streams.core.lines import WindowPool
from streams.core.metering import Rules, meter_batch
from streams.core.window import Window
from streams.core.windows import SECOND_US
from tests.bench.traffic import Load, batches
from tests.builders.terms import NOTHING_AGREED

ORIGINS = [f"{topic.name}:{number}" for topic in topics.USAGE for number in range(topic.partitions)]
MAX_SKEW_US = 300 * SECOND_US


def rules(window_s: int = 60) -> Rules:
    """Return the built-in price book and catalog."""
    book, catalog = load_price_book(PRICES.default()), load_catalog(CATALOG.default())
    return Rules(book, catalog, window_s * SECOND_US, MAX_SKEW_US)


def partials(load: Load, under: Rules) -> Iterator[tuple[int, list[Partial]]]:
    """Yield (event time, partials) of each batch."""
    for batch in batches(load):
        sent_us = batch["sent_at_us"]
        origin = ORIGINS[topics.USAGE_GPU.partitions]
        metered = meter_batch("InferenceUsageBatch", batch, origin, under, sent_us)
        yield sent_us, metered.partials


def partial_log(load: Load, under: Rules) -> Iterator[tuple[int, str, bytes]]:
    """Yield (partition, key, bytes) as meter would write it: with watermarks each second."""
    codec = Codec()
    count = topics.METERED_PARTIAL.partitions
    next_us = load.start_us
    for sent_us, found in partials(load, under):
        for partial in found:
            key = partial["pool"]
            yield partition_of(key, count), key, codec.encode("Partial", partial)
        if sent_us >= next_us:
            yield from watermarks(codec, sent_us)
            next_us = sent_us + SECOND_US


def watermarks(codec: Codec, at_us: int) -> Iterator[tuple[int, str, bytes]]:
    """Yield every origin's watermark to every partition."""
    for origin in ORIGINS:
        record = {"origin": origin, "at_us": at_us, "origins": len(ORIGINS)}
        value = codec.encode("Watermark", record)
        for partition in range(topics.METERED_PARTIAL.partitions):
            yield partition, "", value


def lines(found: Iterable[Partial]) -> Iterator[CostLine]:
    """Yield the lines of the windows that partials make."""
    windows: dict[WindowPool, Window] = {}
    for partial in found:
        where = WindowPool(partial["window_start_us"], partial["window_end_us"], partial["pool"])
        windows.setdefault(where, Window(where, 0, NOTHING_AGREED)).apply(partial)
    for window in windows.values():
        yield from window.final()
