"""The broker of docker-compose.yml without a container: its variables, its image's own set-up.

`kafka.docker.KafkaDockerWrapper`, which the image runs first, makes the properties out of the
variables and formats the storage; then the broker runs on them. Only ports, the name `kafka` and
folders are other ones.
"""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests import compose_file
from tests.daemon import Daemon
from tests.embedded_broker import free_port
from tests.servers.kafka_node import java
from tests.servers.maven import NoServer

PORTS = (9092, 9093, 9094, 19092)
LOCAL, CLIENT, HOST = 9094, 9092, 19092
READY_S = 90.0  # it takes three
PROBE_S = 1.0
POLL_S = 0.1
COMMAND_S = 120.0
CLUSTER = "5L6g3nShT-eMCtK--X86sw"  # the image's own default
MOUNTED = "/mnt/shared/config"
TOOLS = {
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-broker-api-versions.sh": "org.apache.kafka.tools.BrokerApiVersionsCommand",
}


@dataclass(frozen=True, slots=True)
class ComposedKafka:
    """One broker that runs as the file says."""

    folder: Path
    ports: dict[int, int]  # in the file -> here

    def at(self, port: int) -> str:
        """Return the address here of a port in the file."""
        return f"127.0.0.1:{self.ports[port]}"

    def moved(self, text: str) -> str:
        """Return a text of the file with what is other here."""
        for there, here in self.ports.items():
            text = text.replace(f":{there}", f":{here}")
        text = text.replace("CLIENT://:", "CLIENT://127.0.0.1:")
        text = text.replace("HOST://:", "HOST://127.0.0.1:").replace("kafka:", "127.0.0.1:")
        return text.replace("/var/lib/kafka/data", str(self.folder / "data"))

    def environment(self) -> dict[str, str]:
        """Return the variables of the service."""
        service = compose_file.services()["kafka"]
        found = {name: self.moved(value) for name, value in service["environment"].items()}
        return {"PATH": os.environ["PATH"], "CLUSTER_ID": CLUSTER, **found}

    @property
    def properties(self) -> Path:
        """What the image makes of them."""
        return self.folder / "server.properties"

    def set_up(self) -> None:
        """Write the properties and format the storage, as the image does. Raises NoServer."""
        [mount] = [
            mount.split(":")[0]
            for mount in compose_file.services()["kafka"]["volumes"]
            if mount.split(":")[1] == MOUNTED
        ]
        (self.folder / "defaults").mkdir()
        command = java("kafka.docker.KafkaDockerWrapper", "setup")
        command += ["--default-configs-dir", str(self.folder / "defaults")]
        command += ["--mounted-configs-dir", str(compose_file.ROOT / mount)]
        command += ["--final-configs-dir", str(self.folder)]
        done = subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NoServer(f"setting up the broker: {done.stdout}{done.stderr}")

    def tool(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command of the file that is a script of Kafka's."""
        script, *rest = words
        command = java(TOOLS[Path(script).name], *map(self.moved, rest))
        return subprocess.run(
            command, capture_output=True, text=True, timeout=COMMAND_S, check=False
        )


@dataclass(slots=True)
class Broker(Daemon):
    """Its process."""

    folder: Path

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "broker.log"


@contextmanager
def running(folder: Path) -> Iterator[ComposedKafka]:
    """Yield a broker that answers; nothing of it runs afterwards."""
    found = ComposedKafka(folder, {port: free_port() for port in PORTS})
    found.set_up()
    broker = Broker(folder)
    broker.launch(java("kafka.Kafka", str(found.properties)), folder)
    try:
        _wait_ready(found, broker)
        yield found
    finally:
        broker.kill()


def _wait_ready(found: ComposedKafka, broker: Broker) -> None:
    admin = AdminClient({"bootstrap.servers": found.at(LOCAL), "log_level": 0})
    deadline_s = time.monotonic() + READY_S
    while True:
        try:
            admin.list_topics(timeout=PROBE_S)
        except KafkaException:
            if not broker.is_running or time.monotonic() > deadline_s:
                said = broker.log.read_text()[-3000:]
                raise NoServer(f"Kafka did not come up:\n{said}") from None
            time.sleep(POLL_S)
        else:
            return
