"""The rules that metering goes by: the last price book and catalog published, while it runs.

A new one is in force within seconds, from one batch to the next. One that cannot be read is not
taken up, and said loudly. While no broker answers the rules stay as they are.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from schemas.records import Config
from streams.config.catalog import load_catalog
from streams.config.price_book import load_price_book
from streams.config_topic import CATALOG, PRICES
from streams.core.metering import Rules
from streams.core.windows import SECOND_US
from streams.errors import StreamsError
from streams.kafka import Tail, read_to_end
from streams.logs import Occasionally
from streams.metrics import Metric, Metrics
from streams.processors.in_force import InForce
from streams.settings import KafkaSettings, MeterSettings

LOG = structlog.get_logger()
LOOK_S = 1.0
UNREAD_EVERY_S = 60.0


class RulesInForce:
    """What metering goes by `now`. That changes between batches: look once a batch."""

    def __init__(self, now: Rules) -> None:
        self.now = now
        self.refused: list[str] = []  # publications that were not taken up, and why

    @property
    def detail(self) -> dict[str, object]:
        """What an operator should know."""
        now = self.now
        return {
            "price_book": now.book.version, "catalog": now.catalog.version, "refused": self.refused
        }  # fmt: skip


class Following:
    """Keeps rules as they are published. Made by `following`."""

    def __init__(self, kafka: KafkaSettings, meter: MeterSettings, metrics: Metrics) -> None:
        """Read both topics to their ends. Blocks.

        Raises what reading them does, and ConfigRefused.
        """
        read = {kind.topic: read_to_end(kafka, kind.topic) for kind in (PRICES, CATALOG)}
        self._tail = Tail.after(kafka, read)
        self._meter = meter
        self._metrics = metrics
        self._occasionally = Occasionally(UNREAD_EVERY_S)
        self._book = InForce(PRICES, load_price_book, read[PRICES.topic])
        self._catalog = InForce(CATALOG, load_catalog, read[CATALOG.topic])
        self.rules = RulesInForce(self._rules())
        self._told()

    @property
    def configs(self) -> tuple[Config, Config]:
        """The price book and the catalog in force, as they were published."""
        return self._book.config, self._catalog.config

    async def keep(self) -> None:
        """Look for what was published, again and again."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Take up what was published since. A big book is read in a thread."""
        if await asyncio.to_thread(self._look):
            self.rules.now = self._rules()
            LOG.info("rules_changed", **self.rules.detail)
        self._told()

    def close(self) -> None:
        """Let go of the connections. Not while it looks."""
        self._tail.close()

    def _look(self) -> bool:
        try:
            found = self._tail.more()
        except StreamsError as error:
            if self._occasionally.due("config_unread"):
                LOG.warning("config_unread", error=str(error))
            return False
        book = self._book.take(found.get(PRICES.topic, ()))
        catalog = self._catalog.take(found.get(CATALOG.topic, ()))
        return book or catalog

    def _rules(self) -> Rules:
        book, catalog = self._book, self._catalog
        return Rules(
            book=book.document,
            catalog=catalog.document,
            window_us=self._meter.window_s * SECOND_US,
            max_skew_us=round(self._meter.max_skew_s * SECOND_US),
            book_at_us=book.config["published_at_us"] or None,
            catalog_at_us=catalog.config["published_at_us"] or None,
        )

    def _told(self) -> None:
        kinds = (self._book, self._catalog)
        self.rules.refused = [kind.refused for kind in kinds if kind.refused is not None]
        for kind in kinds:
            at_s, refused = kind.config["published_at_us"] / SECOND_US, kind.refused is not None
            self._metrics.set(Metric.CONFIG_PUBLISHED_S, at_s, kind=kind.kind.name)
            self._metrics.set(Metric.CONFIG_REFUSED, refused, kind=kind.kind.name)


@asynccontextmanager
async def following(
    kafka: KafkaSettings, meter: MeterSettings, metrics: Metrics
) -> AsyncIterator[Following]:
    """Yield rules that are kept up to date until the block is left."""
    followed = await asyncio.to_thread(Following, kafka, meter, metrics)
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(followed.keep())
        try:
            yield followed
        finally:
            keeping.cancel()  # a look may go on in its thread, so nothing is closed under it
