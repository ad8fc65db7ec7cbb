"""A whole stack: started in order, kept running, drained in order.

Start: broker, topics, price book and catalog, then all processors at once. Use it as a context;
`apportion up` and the demo do. A part that ends is started again; an embedded broker that ends
takes its log with it, so then everything starts anew.
"""

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

import structlog
from prometheus_client import CollectorRegistry

from streams import web
from streams.config_topic import (
    CATALOG,
    PRICES,
    Kind,
    document_in_force,
    publish_default,
    publish_document,
)
from streams.errors import StreamsError
from streams.kafka import create_topics, wait_ready
from streams.metrics import Metric, Metrics
from streams.settings import WebSettings, WorkerSettings
from streams.up import directory, parts
from streams.up.fleet import FULL, KILLED, TOLD, Fleet
from streams.up.lines import Sink, bare, prefixed
from streams.up.memory import Pressure, advice, pressure, rss_bytes
from streams.up.options import DEFAULT_DATA, Options
from streams.up.parts import Part, Role
from streams.up.ports import free_port
from streams.up.probes import Probes
from streams.up.remembered import restore
from streams.up.supervisor import Surroundings, backoff_s

BROKER_READY_S = 10.0  # it takes 0.1
MEMORY_CHECK_S = 1.0
READY_POLL_S = 0.05
REMOVE_S = 10.0
# Nothing to save; the store has.
STATELESS: tuple[Role, ...] = ("meter", "allocate", "watch", "budgets", "anomalies", "notify")
# What is in the text of documents that there is something to do for, by who does it.
NEEDED: dict[Role, tuple[tuple[Kind, str], ...]] = {
    "accrue": ((PRICES, "commitments"), (CATALOG, "monthly")),
    "watch": ((CATALOG, "job_caps"),),
    "budgets": ((CATALOG, "budgets"),),
    "anomalies": ((CATALOG, "alerts"),),
    "notify": ((CATALOG, "notify"),),
}

log = structlog.get_logger()


class Stack:
    """Broker, processors and store. `async with Stack(options) as stack:` gives a ready one."""

    def __init__(self, options: Options, sink: Sink | None = None) -> None:
        json_logs = options.settings.log.format == "json"
        self.options = options
        self.settings: WorkerSettings = options.settings  # once entered: how to reach this stack
        self.web_port = 0  # once entered: of /health and /metrics
        self.ended = asyncio.Event()  # it cannot go on, and `ended_because` says why
        self.ended_because: str | None = None
        self.log_began_us = 0  # of an embedded broker: when its topics were made
        self._registry = CollectorRegistry()
        self._metrics = Metrics(self._registry, "up")
        self._probes = Probes()
        self._fleet = Fleet(
            Surroundings(
                probe=self._probes.is_ready,
                sink=sink or (bare() if json_logs else prefixed()),
                metrics=self._metrics,
                changed=self._write_runtime,
            ),
            self._probes,
        )
        self._directory: directory.Directory | None = None
        self._broker: Part | None = None
        self._watch: asyncio.Task[None] | None = None
        self._pace = TOLD
        self._is_complete = False  # every part was started
        self._exit = AsyncExitStack()

    @property
    def bootstrap(self) -> str:
        """Kafka's address."""
        return self.settings.kafka.bootstrap

    @property
    def data(self) -> Path:
        """The directory the stack works in."""
        return self._at().path

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the parts that have a process now, by name."""
        found = {name: s.pid for name, s in self._fleet.supervisors.items()}
        return {name: pid for name, pid in found.items() if pid is not None}

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a part a signal: SIGKILL is a crash, SIGSTOP a pause, SIGCONT ends it."""
        self._fleet.supervisors[name].send(number)

    async def add(self, role: Role) -> str:
        """Start one more worker of a processor, wait until it is ready, and return its name."""
        taken = {s.part.name for s in self._fleet.of(role)}
        numbers = (n for n in range(len(taken) + 1) if parts.name_of(role, n) not in taken)
        overrides = self.options.overrides
        part = parts.worker(role, next(numbers), free_port(), self.settings, overrides)
        await self._fleet.wait_ready(self._fleet.start([part]), self.options.ready_within_s)
        return part.name

    async def remove(self, name: str) -> None:
        """Stop a worker in order, for good."""
        await self._fleet.stop(name, REMOVE_S)

    async def wait_ready(self) -> None:
        """Wait until every part is ready (again). Raises TimeoutError."""
        async with asyncio.timeout(self.options.ready_within_s):
            while not self.health().ok:  # noqa: ASYNC110 - parts change by many causes
                await asyncio.sleep(READY_POLL_S)

    async def sql(self, statement: str, form: str = "JSONEachRow") -> str:
        """Return a statement's result. Raises SqlRefused or StoreUnavailable."""
        from streams import sql  # noqa: PLC0415 - a third of what `up` would import before it starts

        return await asyncio.to_thread(sql.query, self.settings, statement, form)

    def health(self) -> web.Health:
        """Say how every part is; of one that keeps failing, with its last lines."""
        supervisors = self._fleet.supervisors
        detail = {
            name: {
                "state": s.state,
                "pid": s.pid,
                "failures": s.failures,
                "last_lines": s.last_lines if s.failures else [],
            }
            for name, s in supervisors.items()
        }
        all_ready = all(s.state == "ready" for s in supervisors.values())
        return web.Health(
            self._is_complete and all_ready and not self.ended.is_set(),
            {"parts": detail, "ended_because": self.ended_because},
        )

    def kill(self) -> None:
        """Kill every part now: leaving the context is then quick, and nothing is drained."""
        self._pace = KILLED
        self._fleet.kill()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._fleet.drain(self._pace)
        await self._exit.aclose()
        if self._directory:
            self._directory.clear_runtime()

    async def _start(self) -> None:
        data = self.options.data
        self._directory = directory.kept(data) if data else directory.fresh(DEFAULT_DATA)
        if self.options.kafka is None:
            self._broker = parts.broker_part(self.options)
        self.settings = parts.addresses(self.options, self._directory, self._broker)
        await self._exit.enter_async_context(self._probes)
        served = web.serve(WebSettings(port=self.options.web_port), self._registry, self.health)
        self.web_port = await self._exit.enter_async_context(served)
        await self._start_parts()
        if self._broker:
            self._watch = asyncio.create_task(self._keep_broker())

    async def _start_parts(self) -> None:
        if self._broker:
            self._fleet.start([self._broker])
            self.log_began_us = time.time_ns() // 1_000
        await asyncio.to_thread(self._prepare_kafka)
        needed = await asyncio.to_thread(self._needed)
        started = self._fleet.start(parts.processors(self.options, self.settings, needed))
        self._is_complete = True
        await self._fleet.wait_ready(started, self.options.ready_within_s)

    async def start_needed(self) -> None:
        """Start what has something to do only since something was published."""
        if not self._is_complete or all(map(self._fleet.of, NEEDED)):
            return
        for role in await asyncio.to_thread(self._needed):
            if not self._fleet.of(role):
                log.info("part_needed", starting=await self.add(role))

    def _prepare_kafka(self) -> None:
        kafka = self.settings.kafka
        wait_ready(kafka, BROKER_READY_S)
        created = create_topics(kafka)
        if self._broker:
            log.info("config_restored", **restore(self.settings))
        prices = self._publish(PRICES, self.options.prices)
        catalog = self._publish(CATALOG, self.options.catalog)
        log.info("kafka_prepared", created=len(created), prices=prices, catalog=catalog)

    def _needed(self) -> list[Role]:
        """Return who may have something to do by what is in force. Reads all of a book."""
        found = {kind: document_in_force(self.settings.kafka, kind) for kind in (PRICES, CATALOG)}
        texts = {kind: document["body"] for kind, document in found.items() if document is not None}
        return [
            role
            for role, signs in NEEDED.items()
            if any(word in texts.get(kind, "") for kind, word in signs)
        ]

    def _publish(self, kind: Kind, path: Path | None) -> str:
        kafka = self.settings.kafka
        if path is None:
            return publish_default(kafka, kind)
        return publish_document(kafka, kind, path.read_text(encoding="utf-8"), str(path))

    async def _keep_broker(self) -> None:
        try:
            await self._watch_broker()
        except StreamsError as error:
            self._end(f"the stack could not be started anew: {error}")

    async def _watch_broker(self) -> None:
        lost = 0
        told = Pressure.LOW
        while told is not Pressure.FULL:
            [broker] = self._fleet.of("broker")
            if broker.ended.is_set():
                lost += 1
                await self._start_anew(lost, broker.last_lines)
            elif broker.pid is not None:
                told = self._check_memory(broker.pid, told)
            await asyncio.sleep(MEMORY_CHECK_S)

    def _check_memory(self, pid: int, told: Pressure) -> Pressure:
        used_bytes, bound_bytes = rss_bytes(pid) or 0, self.options.broker_memory_bytes
        self._metrics.set(Metric.BROKER_MEMORY, used_bytes)
        now = pressure(used_bytes, bound_bytes)
        if now is Pressure.HIGH and told is Pressure.LOW:
            log.warning("broker_memory_high", used_bytes=used_bytes, bound_bytes=bound_bytes)
        if now is Pressure.FULL:
            log.error("broker_memory_full", used_bytes=used_bytes, bound_bytes=bound_bytes)
            self._pace = FULL
            self._end(advice(bound_bytes))
        return now

    def _end(self, because: str) -> None:
        self.ended_because = because
        self.ended.set()

    async def _start_anew(self, lost: int, last_lines: list[str]) -> None:
        log.error("broker_lost", times=lost, last_lines=last_lines, what="its log is gone with it")
        self._is_complete = False
        for supervisor in (each for role in STATELESS for each in self._fleet.of(role)):
            supervisor.send(signal.SIGKILL)
        await self._fleet.drain(KILLED)
        await asyncio.sleep(backoff_s(lost))
        await self._start_parts()

    def _at(self) -> directory.Directory:
        if self._directory is None:
            raise RuntimeError("expected an entered stack")
        return self._directory

    def _write_runtime(self) -> None:
        self._at().write_runtime(
            {
                "pid": os.getpid(),
                "bootstrap": self.bootstrap,
                "clickhouse": self.settings.clickhouse.url,
                "sql_socket": str(self.settings.sql_socket or ""),
                "web_port": self.web_port,
                "parts": {
                    name: {"pid": s.pid, "port": s.part.port}
                    for name, s in self._fleet.supervisors.items()
                },
            }
        )
