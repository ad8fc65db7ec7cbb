"""Accrues commitments and monthly amounts: says, every few minutes, that their time went by.

No Faust, no state. A restart sends what was due in the time before it again: the same batches,
which count once. Any number of accruers do no harm, and what is missing after a long break shows as
missing batches.
"""

import asyncio
import signal
import time
from collections.abc import Callable

import structlog
from prometheus_client import CollectorRegistry

from schemas import topics
from schemas.codec import Codec
from streams.config.catalog import load_catalog
from streams.config.price_book import load_price_book
from streams.config_topic import CATALOG, PRICES
from streams.core.accrual import Accrued, due
from streams.core.monthly import months
from streams.core.windows import SECOND_US
from streams.errors import BrokerUnavailable, DeliveryFailed, ReadTimedOut, StreamsError
from streams.kafka import Tail, read_to_end, require, wait_ready
from streams.kafka.batch import publish_all
from streams.kafka.registry import agreed_codec
from streams.processors.access import ACCESS
from streams.processors.in_force import InForce
from streams.settings import KafkaSettings, WorkerSettings
from streams.web import Health, serve

LOG = structlog.get_logger()
NAME = "accrue"
READY_S = 30.0
TRANSIENT = (BrokerUnavailable, DeliveryFailed, ReadTimedOut)  # sent again when they are over


class Accruer:
    """Sends the time of everything that costs by the time, once it is over. Blocks."""

    def __init__(self, kafka: KafkaSettings, codec: Codec, since_us: int) -> None:
        """Read the price books and catalogs. `since_us`: what was over by then was sent before."""
        read = {kind.topic: read_to_end(kafka, kind.topic) for kind in (PRICES, CATALOG)}
        self._kafka = kafka
        self._codec = codec
        self._tail = Tail.after(kafka, read)
        self._book = InForce(PRICES, load_price_book, read[PRICES.topic])
        self._catalog = InForce(CATALOG, load_catalog, read[CATALOG.topic])
        self._since_us = since_us
        self._sent_until_us: dict[tuple[str, int], int] = {}

    @property
    def detail(self) -> dict[str, object]:
        """What an operator should know."""
        commitments = self._book.document.agreements.commitments
        shared = self._catalog.document.entries.shared
        return {
            "price_book": self._book.document.version,
            "catalog": self._catalog.document.version,
            "refused": self._book.refused or self._catalog.refused,
            "commitments": sorted({each.name for each in commitments}),
            "monthly": sorted({each.name for each in shared if each.monthly is not None}),
        }

    def accrue(self, now_us: int) -> int:
        """Send what has become due; return how many batches that were.

        Raises what reading and publishing do; what was due then is still due.
        """
        more = self._tail.more()
        self._book.take(more.get(PRICES.topic, []))
        self._catalog.take(more.get(CATALOG.topic, []))
        sent = 0
        for each in self._accrued(now_us):
            identity = (each.producer, each.from_us)
            since_us = self._sent_until_us.get(identity, self._since_us)
            steps = list(due(each, since_us, now_us))
            encoded = [
                (step.source, self._codec.encode("ResourceUsageBatch", step.batch()))
                for step in steps
            ]
            publish_all(self._kafka, topics.USAGE_RESOURCE.name, encoded)
            self._sent_until_us[identity] = now_us
            sent += len(steps)
        return sent

    def _accrued(self, now_us: int) -> list[Accrued]:
        """Return what costs by the time that went by since the beginning."""
        shared = self._catalog.document.entries.shared
        monthly = months(shared, self._since_us, now_us)
        return [*self._book.document.agreements.commitments, *monthly]

    def close(self) -> None:
        """Let go of the broker."""
        self._tail.close()


def run(settings: WorkerSettings) -> int:
    """Accrue until told to stop; return the process's exit code. Blocks.

    Raises StreamsError for what keeps it from starting.
    """
    wait_ready(settings.kafka, READY_S)
    require(settings.kafka, ACCESS[NAME])
    codec = agreed_codec(settings, READY_S)
    since_us = time.time_ns() // 1000 - int(settings.accrue.catch_up_s * SECOND_US)
    accruer = Accruer(settings.kafka, codec, since_us)
    try:
        asyncio.run(_main(settings, Loop(accruer, settings.accrue.every_s)))
    except StreamsError as error:
        LOG.critical("processor_stopped", error=str(error))
        return 1
    finally:
        accruer.close()
    return 0


class Loop:
    """Has an accruer work every few seconds, and says how it is."""

    def __init__(
        self, accruer: Accruer, every_s: float, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._accruer = accruer
        self._every_s = every_s
        self._clock = clock
        self._ran = False
        self._trouble: str | None = None

    async def go_on(self) -> None:
        """Accrue for ever. Raises what only a person can mend."""
        while True:
            try:
                sent = await asyncio.to_thread(self._accruer.accrue, self._clock() // 1000)
            except TRANSIENT as error:
                self._trouble = str(error)
                LOG.warning("accrual_postponed", error=str(error))
            else:
                self._ran, self._trouble = True, None
                if sent:
                    LOG.info("time_accrued", batches=sent)
            await asyncio.sleep(self._every_s)

    def health(self) -> Health:
        """Ready once it has accrued, while it can."""
        detail = {"trouble": self._trouble, **self._accruer.detail}
        return Health(self._ran and self._trouble is None, detail)


async def _main(settings: WorkerSettings, loop: Loop) -> None:
    stopping = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stopping.set)
    async with serve(settings.web, CollectorRegistry(), loop.health) as port:
        LOG.info("processor_started", port=port)
        working = asyncio.create_task(loop.go_on())
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if working.done():
            working.result()  # raises what stopped it
        working.cancel()
    LOG.info("processor_ended")
