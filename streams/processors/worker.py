"""Runs one processor as a process: set up, serve /metrics and /health, tick, stop cleanly."""

import asyncio
import signal
from collections.abc import Mapping
from typing import Protocol

import faust
import structlog
from prometheus_client import CollectorRegistry

from schemas.codec import Codec
from streams.kafka import list_topics, wait_ready
from streams.metrics import Metrics
from streams.processors.allocate import Allocate
from streams.processors.app import make_app
from streams.processors.errors import AppCrashed, ProcessorError
from streams.processors.meter import Meter
from streams.processors.outlet import Outlet
from streams.processors.reader import Reader
from streams.processors.rules import documents, rules_of
from streams.settings import WorkerSettings
from streams.web import Health, serve

LOG = structlog.get_logger()
STOP_S = 4.0  # what Faust gets to leave its group before the process ends without
READY_S = 30.0


class Processor(Protocol):
    """A shell the worker can run."""

    reader: Reader
    tick_s: float

    async def tick(self) -> None:
        """Do what is due. An exception stops the processor."""


def run(name: str, settings: WorkerSettings) -> int:
    """Run a processor until it is told to stop; return the process's exit code. Blocks."""
    wait_ready(settings.kafka, READY_S)
    counts = list_topics(settings.kafka)
    failed = False
    try:
        asyncio.run(_main(name, settings, counts))
    except* ProcessorError as group:
        failed = True
        for error in group.exceptions:
            LOG.critical("processor_stopped", error=str(error), cause=repr(error.__cause__))
    return int(failed)


async def _main(name: str, settings: WorkerSettings, counts: Mapping[str, int]) -> None:
    loop = asyncio.get_running_loop()
    registry = CollectorRegistry()
    app = make_app(name, settings.kafka, loop=loop)
    outlet = Outlet(app, Codec(), counts)
    processor = await build(name, app, outlet, settings, Metrics(registry, name))
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)

    def health() -> Health:
        ready = processor.reader.ready and not stop.is_set()
        return Health(ready, {"processor": name, "rebalances": processor.reader.rebalances})

    async with serve(settings.web, registry, health) as port:
        LOG.info("processor_started", processor=name, port=port)
        await _until_stopped(app, processor, stop)
    LOG.info("processor_ended", processor=name)


async def build(
    name: str, app: faust.App, outlet: Outlet, settings: WorkerSettings, metrics: Metrics
) -> Processor:
    """Return the shell of that name, bound to the app."""
    if name == "allocate":
        return Allocate(app, outlet, settings.allocate, metrics)
    book, catalog = await asyncio.to_thread(documents, settings.kafka)
    rules = rules_of(book, catalog, settings.meter)
    return Meter(app, outlet, rules, settings.meter, metrics)


async def _until_stopped(app: faust.App, processor: Processor, stop: asyncio.Event) -> None:
    app.finalize()
    await app.start()
    try:
        async with asyncio.TaskGroup() as group:
            ticking = group.create_task(_tick(processor))
            watching = group.create_task(_watch(app))
            await stop.wait()
            ticking.cancel()
            watching.cancel()
        await processor.tick()  # what is acknowledged by now is committed
    finally:
        await _stop(app)


async def _tick(processor: Processor) -> None:
    while True:
        await asyncio.sleep(processor.tick_s)
        if processor.reader.ready:
            await processor.tick()


async def _watch(app: faust.App) -> None:
    """Raise AppCrashed when Faust stops by itself."""
    await app.wait_until_stopped()
    raise AppCrashed("Faust stopped") from app._crash_reason  # noqa: SLF001 - kept nowhere else


async def _stop(app: faust.App) -> None:
    try:
        async with asyncio.timeout(STOP_S):
            await app.stop()
    except TimeoutError:
        LOG.warning("stopped_without_leaving_group")
