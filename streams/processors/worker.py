"""Runs one processor as a process: set up, serve /metrics and /health, tick, stop cleanly."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

import faust
import structlog
from prometheus_client import CollectorRegistry

from schemas.codec import Codec
from streams.errors import StreamsError
from streams.kafka import list_topics, require, wait_ready
from streams.kafka.registry import agreed_codec
from streams.metrics import Metrics
from streams.processors.access import ACCESS
from streams.processors.app import make_app
from streams.processors.errors import AppCrashed, ProcessorError
from streams.processors.outlet import Outlet
from streams.processors.reader import Reader
from streams.processors.refusals import refusal
from streams.settings import WorkerSettings
from streams.web import Health, serve

if TYPE_CHECKING:
    from streams.processors.rules import Following

LOG = structlog.get_logger()
STOP_S = 4.0  # what Faust gets to leave its group before the process ends without
READY_S = 30.0
STOPS = (ProcessorError, StreamsError)  # what says by itself why a processor stops
GARBAGE = (5_000, 10, 10)  # objects made until the collector looks; Python says 700, 10, 10


class Processor(Protocol):
    """A shell the worker can run."""

    reader: Reader
    tick_s: float

    @property
    def detail(self) -> Mapping[str, object]:
        """What else an operator should know, as JSON."""

    @property
    def trouble(self) -> str | None:
        """What keeps it from its work now; None when nothing does."""

    async def tick(self) -> None:
        """Do what is due. An exception stops the processor."""

    async def drain(self) -> None:
        """Make what was handled durable and commit it, before the process ends."""


def run(name: str, settings: WorkerSettings) -> int:
    """Run a processor until it is told to stop; return the process's exit code. Blocks.

    Raises StreamsError for what keeps it from starting.
    """
    wait_ready(settings.kafka, READY_S)
    require(settings.kafka, ACCESS[name])
    counts = list_topics(settings.kafka)
    codec = agreed_codec(settings, READY_S)
    failed = False
    try:
        asyncio.run(_main(name, settings, counts, codec))
    except* STOPS as group:
        failed = True
        for error in leaves(group):
            LOG.critical("processor_stopped", error=str(error), cause=repr(error.__cause__))
    return int(failed)


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """Yield the errors in groups of groups: task groups stand within each other."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error


async def _main(
    name: str, settings: WorkerSettings, counts: Mapping[str, int], codec: Codec
) -> None:
    spare_the_collector()
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()
    stopping = Stopping()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stopping.begin, main)
    registry = CollectorRegistry()
    metrics = Metrics(registry, name)
    async with serve(settings.web, registry, stopping.health) as port:
        LOG.info("processor_started", port=port)
        try:
            app = make_app(name, settings.kafka, loop=loop)
            outlet = Outlet(app, codec, counts)
            async with built(name, app, outlet, settings, metrics) as processor:
                stopping.processor = processor
                await _until_stopped(app, processor, stopping)
        except asyncio.CancelledError:
            if not stopping.event.is_set():
                raise
    LOG.info("processor_ended")


def spare_the_collector() -> None:
    """Look for cycles less often: decoded batches are many small objects and no cycles.

    By the defaults, looking takes store a sixth of its time and meter a thirtieth (measured).
    """
    gc.freeze()
    gc.set_threshold(*GARBAGE)


class Stopping:
    """What /health says, and how a signal ends the process: in order once it runs, else at once."""

    def __init__(self) -> None:
        self.processor: Processor | None = None
        self.event = asyncio.Event()

    def begin(self, main: asyncio.Task[None] | None) -> None:
        """Stop: let a running processor drain, break off one that is still being built."""
        self.event.set()
        if self.processor is None and main is not None:
            main.cancel()

    def health(self) -> Health:
        """Ready once the group has handed out partitions, until told to stop."""
        processor = self.processor
        if processor is None:
            return Health(ok=False, detail={"state": "starting"})
        trouble = processor.trouble
        ready = processor.reader.ready and not self.event.is_set() and trouble is None
        state = "stopping" if self.event.is_set() else "running"
        rebalances = processor.reader.rebalances
        detail = {"state": state, "rebalances": rebalances, "trouble": trouble}
        return Health(ready, {**detail, **processor.detail})


@asynccontextmanager
async def built(
    name: str, app: faust.App, outlet: Outlet, settings: WorkerSettings, metrics: Metrics
) -> AsyncIterator[Processor]:
    """Yield the shell of that name, bound to the app, and close what it stands on afterwards.

    Each is imported only where it runs: start-up is half imports, and only the store needs
    ClickHouse.
    """
    if name == "allocate":
        from streams.processors.allocate import Allocate  # noqa: PLC0415
        from streams.processors.library import Library, published  # noqa: PLC0415

        library = Library(published(settings.kafka))
        yield Allocate(app, outlet, library, settings.allocate, metrics)
        return
    from streams.processors.rules import following  # noqa: PLC0415

    async with (
        following(settings.kafka, settings.meter, metrics) as followed,
        ruled(name, app, outlet, followed, settings, metrics) as processor,
    ):
        yield processor


@asynccontextmanager
async def ruled(  # noqa: PLR0913, PLR0917 - what they stand on, each once
    name: str,
    app: faust.App,
    outlet: Outlet,
    followed: "Following",
    settings: WorkerSettings,
    metrics: Metrics,
) -> AsyncIterator[Processor]:
    """Yield the shell of that name, one that goes by the price book and the catalog in force."""
    if name == "meter":
        from streams.processors.meter import Meter  # noqa: PLC0415

        yield Meter(app, outlet, followed.rules, settings.meter, metrics)
        return
    if name == "watch":
        from streams.processors.history import opened  # noqa: PLC0415
        from streams.processors.watch import Watch  # noqa: PLC0415

        async with opened(settings, outlet.counts) as history:
            yield Watch(app, outlet, history, followed.rules, settings.watch, metrics)
        return
    if name == "budgets":
        from streams.processors import budget_history  # noqa: PLC0415
        from streams.processors.budgets import Budgets  # noqa: PLC0415

        async with budget_history.opened(settings, outlet.counts) as past:
            yield Budgets(app, outlet, past, followed.rules, settings, metrics)
        return
    if name == "anomalies":
        from streams.processors import anomaly_history  # noqa: PLC0415
        from streams.processors.anomalies import Anomalies  # noqa: PLC0415

        async with anomaly_history.opened(settings, outlet.counts) as costs:
            yield Anomalies(app, outlet, costs, followed.rules, settings, metrics)
        return
    if name == "notify":
        from streams.processors.notify import notifying  # noqa: PLC0415

        async with notifying(app, outlet, followed.rules, settings, metrics) as notify:
            yield notify
        return
    from streams.processors.store import Store  # noqa: PLC0415
    from streams.processors.store_session import opening  # noqa: PLC0415

    async with opening(settings, *followed.configs) as writers:
        yield Store(app, outlet.codec, writers, followed.rules, settings, metrics)


async def _until_stopped(app: faust.App, processor: Processor, stopping: Stopping) -> None:
    app.finalize()
    await app.start()
    try:
        async with asyncio.TaskGroup() as group:
            ticking = group.create_task(_tick(processor))
            watching = group.create_task(_watch(app))
            await stopping.event.wait()
            ticking.cancel()
            watching.cancel()
        await processor.drain()
    finally:
        await _stop(app)


async def _tick(processor: Processor) -> None:
    while True:
        await asyncio.sleep(processor.tick_s)
        if processor.reader.ready:
            await processor.reader.recover()
            await processor.tick()


async def _watch(app: faust.App) -> None:
    """Raise what stopped Faust: an error of ours as it is, AppCrashed for any other."""
    await app.wait_until_stopped()
    reason = app._crash_reason  # noqa: SLF001 - kept nowhere else
    if isinstance(reason, STOPS):
        raise reason
    raise refusal(reason, "Read") or AppCrashed("Faust stopped") from reason


async def _stop(app: faust.App) -> None:
    try:
        async with asyncio.timeout(STOP_S):
            await app.stop()
    except TimeoutError:
        LOG.warning("stopped_without_leaving_group")
