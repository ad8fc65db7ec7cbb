"""A whole site on real servers: three brokers, a ClickHouse server, two workers of each processor,
gateways and GPU nodes with outboxes. Every part is a process that can be killed.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from streams.config_topic import CATALOG, PRICES, publish_default
from streams.kafka import create_topics
from streams.settings import ClickHouseSettings, KafkaSettings, WorkerSettings
from tests.servers import apache_kafka, clickhouse_server
from tests.servers.apache_kafka import Cluster
from tests.servers.clickhouse_server import Server
from tests.soak import producer
from tests.system.workers import Worker

PROCESSORS = ("meter", "allocate", "store")
WORKERS = 2  # of each processor
GATEWAYS, CALLS_A_SECOND = 4, 100
NODES = 2
WINDOW_S, LATENESS_S, REMEMBER_S = 30, 60, 300
SETTINGS = {
    "meter.window_s": WINDOW_S,
    "allocate.lateness_s": LATENESS_S,
    "allocate.remember_s": REMEMBER_S,
}
REPLICATION = 3


class Producer(Worker):
    """A gateway or a GPU node, started and killed as workers are."""

    @property
    def source(self) -> str:
        """What it calls itself on the topics."""
        return f"{self.processor}-{self.number}"

    @property
    def outbox(self) -> Path:
        """Its outbox's file."""
        return self.folder / f"{self.source}.db"

    @property
    def command(self) -> list[str]:
        """What its process runs."""
        module = [sys.executable, "-P", "-m", producer.__name__]
        return [*module, str(self.outbox), self.source, *self.arguments]

    def flushed(self) -> int:
        """How many events of it are on disk or further, for sure."""
        numbers = self.outbox.with_suffix(".numbers")
        return int((numbers.read_text().split() or ["0"])[-1]) if numbers.exists() else 0


@dataclass(slots=True)
class Site:
    """Where everything is."""

    folder: Path
    root: Path
    cluster: Cluster
    server: Server
    settings: WorkerSettings
    workers: list[Worker]
    producers: list[Producer]

    @property
    def kafka(self) -> KafkaSettings:
        """How to reach its Kafka."""
        return self.settings.kafka

    def start(self) -> None:
        """Start workers, then producers."""
        for worker in (*self.workers, *self.producers):
            worker.start()

    def stop(self) -> None:
        """End what still runs."""
        for worker in (*self.producers, *self.workers):
            worker.stop()


@contextmanager
def running(folder: Path, root: Path) -> Iterator[Site]:
    """Yield a site that is starting; nothing of it runs afterwards. `root` is the checkout."""
    with (
        apache_kafka.cluster(folder / "kafka", REPLICATION) as cluster,
        clickhouse_server.server(folder / "clickhouse") as server,
    ):
        kafka = KafkaSettings(bootstrap=cluster.bootstrap)
        create_topics(kafka, REPLICATION)
        for kind in (PRICES, CATALOG):
            publish_default(kafka, kind)
        database = ClickHouseSettings(
            url=server.url,
            username=clickhouse_server.WRITER,
            password=SecretStr(clickhouse_server.PASSWORD),
        )
        settings = WorkerSettings(kafka=kafka, clickhouse=database)
        site = Site(folder, root, cluster, server, settings, [], [])
        site.workers = [
            worker(site, processor, number)
            for processor in PROCESSORS
            for number in range(1, WORKERS + 1)
        ]
        site.producers = [
            *(gateway(site, number) for number in range(1, GATEWAYS + 1)),
            *(node(site, number) for number in range(1, NODES + 1)),
        ]
        try:
            yield site
        finally:
            site.stop()


def worker(site: Site, processor: str, number: int) -> Worker:
    """Return a worker that is not started."""
    arguments = ["--kafka", site.kafka.bootstrap, "--clickhouse", site.server.url]
    for name, value in SETTINGS.items():
        arguments += ["--set", f"{name}={value}"]
    secret = {
        "APPORTION_CLICKHOUSE__USERNAME": clickhouse_server.WRITER,
        "APPORTION_CLICKHOUSE__PASSWORD": clickhouse_server.PASSWORD,
    }
    return Worker(processor, number, tuple(arguments), site.folder, environment=secret)


def gateway(site: Site, number: int) -> Producer:
    """Return a gateway that is not started."""
    return source(site, "gateway", number, CALLS_A_SECOND)


def node(site: Site, number: int) -> Producer:
    """Return a GPU node that is not started."""
    return source(site, producer.GPU_NODE.rstrip("-"), number, producer.GPUS)


def source(site: Site, kind: str, number: int, a_second: int) -> Producer:
    """Return a producer that is not started; it imports from the checkout."""
    arguments = (site.kafka.bootstrap, str(a_second))
    path = {"PYTHONPATH": str(site.root)}
    return Producer(kind, number, arguments, site.folder, environment=path)
