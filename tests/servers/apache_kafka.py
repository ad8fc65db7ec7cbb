"""Apache Kafka (KRaft) on loopback: one broker or three, each a process that can be killed.

Every node is broker and controller. Its storage is formatted once and survives its process, as a
machine's disk would.
"""

import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.kafka.connection import ConfluentConfig
from tests.embedded_broker import free_port
from tests.servers.kafka_archive import format_by_tool, format_new, prepare
from tests.servers.kafka_node import Node, java
from tests.servers.maven import NoServer

READY_S = 90.0  # it takes three
PROBE_S = 1.0
POLL_S = 0.1


class Cluster:
    """The nodes of one cluster."""

    def __init__(self, folder: Path, count: int, extra: Mapping[str, str]) -> None:
        self.nodes = [
            Node(number, folder / f"kafka-{number}", free_port(), free_port())
            for number in range(1, count + 1)
        ]
        for node in self.nodes:
            node.set_up(self.nodes, extra)

    @property
    def bootstrap(self) -> str:
        """Addresses of all nodes."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def format(self, arguments: Sequence[str] = ()) -> None:
        """Prepare the storage of every node; arguments of Kafka's tool say what is special."""
        prepare()
        for node in self.nodes:
            if arguments:
                format_by_tool(node, arguments)
            else:
                format_new(node)

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
