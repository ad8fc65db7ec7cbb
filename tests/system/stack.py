"""A whole system for one test: its own broker, its own rules, its own workers and database."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from clickhouse.address import Embedded, parse_address
from clickhouse.client import connect
from clickhouse.directory import lock_file
from clickhouse.errors import Misconfigured, Unavailable
from clickhouse.faults import NOT_MIGRATED
from clickhouse.sql import run_sql
from streams import sql_socket
from streams.config_topic import CATALOG, PRICES, publish_document
from streams.errors import StoreUnavailable
from streams.kafka import create_topics, wait_ready
from streams.settings import KafkaSettings
from tests import brokers, engines
from tests.system import facts
from tests.system.workers import Worker

PROCESSORS = ("meter", "allocate", "store")
SECOND_US = facts.SECOND_US


@dataclass(slots=True)
class Stack:
    """Where everything is."""

    kafka: KafkaSettings
    folder: Path
    settings: dict[str, str]
    server: str | None = None  # address of a ClickHouse server; None: embedded
    workers: list[Worker] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        """Where the store answers SQL."""
        return self.folder / "sql.sock"

    @property
    def data(self) -> Path:
        """Directory of the embedded ClickHouse."""
        return self.folder / "clickhouse"

    def add(self, processor: str) -> Worker:
        """Start another worker of a processor."""
        number = 1 + max((w.number for w in self.workers if w.processor == processor), default=0)
        arguments = ["--kafka", self.kafka.bootstrap]
        for name, value in {**self.settings, **self.reached()}.items():
            arguments += ["--set", f"{name}={value}"]
        worker = Worker(processor, number, tuple(arguments), self.folder)
        self.workers.append(worker)
        worker.start()
        return worker

    def reached(self) -> dict[str, str]:
        """Return the settings that say where ClickHouse is."""
        address = parse_address(self.server or f"chdb://{self.data}")
        if isinstance(address, Embedded):
            return {"clickhouse.url": str(address), "store.sql_socket": str(self.socket)}
        return {
            "clickhouse.url": f"http://{address.place}",
            "clickhouse.username": address.user,
            "clickhouse.password": address.password,
        }

    def of(self, processor: str) -> list[Worker]:
        """Return the workers of a processor."""
        return [worker for worker in self.workers if worker.processor == processor]

    def storing(self) -> Worker | None:
        """Return the store that holds the database now; None while none does, or all do."""
        try:
            holder = lock_file(self.data).read_text().strip()
        except FileNotFoundError:
            return None
        return next(
            (w for w in self.of("store") if w.process and str(w.process.pid) == holder), None
        )

    def rows(self, sql: str) -> list[dict[str, object]] | None:
        """Return the answer of the running store or the server; None while none answers.

        Raises SqlRefused or BadQuery.
        """
        try:
            if self.server is None:
                text = sql_socket.ask(self.socket, sql, "JSONEachRow")
            else:
                with connect(self.server) as connection:
                    text = run_sql(connection, sql, "JSONEachRow")
        except (StoreUnavailable, Unavailable):
            return None
        except Misconfigured as error:
            if error.code not in NOT_MIGRATED:
                raise
            return None
        return [json.loads(line) for line in text.splitlines()]


@contextmanager
def running(  # noqa: PLR0913, PLR0917 - what it stands on, each once
    folder: Path,
    settings: dict[str, str],
    processors: Sequence[str] = PROCESSORS,
    bootstrap: str | None = None,
    replication: int = 1,
    server: str | None = None,
) -> Iterator[Stack]:
    """Yield a system with one worker of each processor; all of it is gone afterwards.

    Without a Kafka's address it has a broker of its own, without a ClickHouse server's the engine
    that tests run on.
    """
    with (
        nullcontext(bootstrap) if bootstrap else brokers.running(folder) as address,
        nullcontext(server) if server else engines.server(folder / "server") as clickhouse,
    ):
        kafka = KafkaSettings(bootstrap=address)
        wait_ready(kafka)
        create_topics(kafka, replication)
        publish_document(kafka, PRICES, facts.price_book(), "test")
        publish_document(kafka, CATALOG, facts.CATALOG, "test")
        stack = Stack(kafka, folder, settings, clickhouse)
        try:
            for processor in processors:
                stack.add(processor)
            yield stack
        finally:
            for worker in stack.workers:
                worker.stop()
