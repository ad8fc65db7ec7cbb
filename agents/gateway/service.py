"""The collector as a process: it opens the outbox, serves, follows its files, and drains.

SIGTERM: no new connections, what is being answered is answered, the outbox sends what it can. A
fault of the outbox ends it with status 1: whoever supervises it starts it again.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from prometheus_client import CollectorRegistry

from agents import web
from agents.gateway import faces
from agents.gateway.catalog import Catalog, OfFile, Published
from agents.gateway.commit import Committer, committing
from agents.gateway.desk import Desk, Tools
from agents.gateway.front import Server, front
from agents.gateway.metrics import Metric
from agents.gateway.settings import CollectorSettings
from agents.gateway.sources import SourcesInForce
from agents.metrics import Metrics
from agents.outbox import Outbox, OutboxConfig, Stats
from agents.outbox.clock import Clock
from schemas.topics import USAGE_INFERENCE

LOG = structlog.get_logger("agents.gateway")
LOOK_S = 1.0
DRAIN_S = 10.0  # for Kafka to take what is on disk
SECOND_US = 1_000_000


class Collector:
    """One collector. `run` returns its exit status."""

    def __init__(self, settings: CollectorSettings) -> None:
        """Read the file of sources and open the outbox.

        Raises SourcesInvalid, CatalogUnreadable, and what opening an outbox does.
        """
        self._settings = settings
        self._clock = Clock()
        self._sources = SourcesInForce(settings.sources)
        self._registry = CollectorRegistry()
        self._metrics = Metrics(self._registry)
        self._is_draining = False
        settings.outbox.path.parent.mkdir(parents=True, exist_ok=True)
        self._catalog = self._followed()
        self._outbox = Outbox(
            OutboxConfig(
                path=settings.outbox.path,
                source=settings.name,
                topic=USAGE_INFERENCE.name,
                record="InferenceUsageBatch",
                kafka=settings.kafka.properties(),
                limits=settings.outbox_limits(),
                memory=settings.memory(),
            )
        )
        self._committer = Committer(
            self._outbox, settings.outbox.gather_s, settings.limits.commit_s
        )
        self._desk = Desk(
            Tools(
                outbox=self._outbox,
                committer=self._committer,
                sources=lambda: self._sources.now,
                grants=self._catalog.current,
                limits=settings.limits,
                metrics=self._metrics,
                clock=self._clock,
            )
        )

    async def run(self) -> int:
        """Serve until SIGTERM or SIGINT, or until the outbox fails."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        settings = self._settings
        app = faces.doors(self._desk, lambda: self._health()[0])
        doors = front(app, settings.listen, settings.limits)
        async with AsyncExitStack() as stack:
            web_port = stack.enter_context(
                web.served(settings.web.host, settings.web.port, self._registry, self._health)
            )
            await stack.enter_async_context(committing(self._committer, self._committed, stop.set))
            await stack.enter_async_context(self._following(stop))
            await stack.enter_async_context(served(doors))
            LOG.info("collector_listening", port=doors.port, web_port=web_port)
            await stop.wait()
            self._is_draining = True
            LOG.info("collector_draining")
        return await asyncio.to_thread(self._closed)

    def _closed(self) -> int:
        self._catalog.close()
        failure = self._outbox.stats().failure
        if failure is not None:
            LOG.error("outbox_failed", why=failure)
            return 1
        left = self._outbox.close(DRAIN_S)
        LOG.info("collector_closed", batches_left=left.batches, events_left=left.events)
        return 0

    def _followed(self) -> Catalog:
        settings = self._settings
        if settings.catalog is not None:
            return OfFile(settings.catalog)
        return Published(settings.kafka, settings.outbox.path.with_name("catalog"))

    @asynccontextmanager
    async def _following(self, stop: asyncio.Event) -> AsyncIterator[None]:
        looking = asyncio.create_task(self._look(stop))
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _look(self, stop: asyncio.Event) -> None:
        """Look at what may change, again and again, and stop everything when the outbox failed."""
        said: tuple[str | None, ...] = ()
        while not stop.is_set():
            if await asyncio.to_thread(self._sources.look):
                LOG.info("sources_changed", sources=len(self._sources.now))
            refusals = (self._sources.refused, self._catalog.fault)
            if refusals != said and any(refusals):
                LOG.error("config_refused", sources=refusals[0], catalog=refusals[1])
            said = refusals
            self._refresh()
            if self._outbox.stats().failure is not None:
                stop.set()
            await asyncio.sleep(LOOK_S)

    def _committed(self, for_s: float) -> None:
        self._metrics.observe(Metric.COMMIT_S, for_s)

    def _health(self) -> tuple[bool, Mapping[str, object]]:
        """Return whether it takes events, and what an operator should know."""
        stats = self._outbox.stats()
        why_not = stats.failure or stats.refusing
        if self._catalog.current() is None:
            why_not = why_not or "no catalog was read yet"
        if self._is_draining:
            why_not = why_not or "draining"
        detail = {
            "why_not": why_not,
            "sources": len(self._sources.now),
            "refused": [each for each in (self._sources.refused, self._catalog.fault) if each],
            "delivery": stats.last_error,
            "pending_events": stats.pending_events,
        }
        return why_not is None, detail

    def _refresh(self) -> None:
        stats, metrics = self._outbox.stats(), self._metrics
        metrics.set(Metric.HELD_BYTES, self._desk.held.now)
        metrics.set(Metric.REPEATED, stats.repeated)
        metrics.set(Metric.REMEMBERED, stats.remembered)
        metrics.set(Metric.REMEMBERED_S, self._remembered_s(stats))
        metrics.set(Metric.PENDING_EVENTS, stats.pending_events)
        metrics.set(Metric.PENDING_AGE_S, stats.oldest_age_s)
        metrics.set(Metric.DISK_BYTES, stats.disk_bytes)
        for kind, refused in (
            ("sources", self._sources.refused),
            ("catalog", self._catalog.fault),
        ):
            metrics.set(Metric.CONFIG_REFUSED, refused is not None, kind=kind)

    def _remembered_s(self, stats: Stats) -> float:
        since_us = stats.remembered_since_us
        return 0.0 if since_us is None else (self._clock.now_us() - since_us) / SECOND_US


@asynccontextmanager
async def served(server: Server) -> AsyncIterator[None]:
    """Serve until the block is left; then answer what is being answered. Raises OSError."""
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            serving.result()
            raise OSError(f"expected to listen on {server.config.host}:{server.config.port}")
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await serving
