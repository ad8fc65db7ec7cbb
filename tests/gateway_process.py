"""A collector as a process of its own: started, killed, started again; and what it sent."""

import http.client
import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from schemas.topics import USAGE_INFERENCE
from tests.command_line_agents import COLLECTOR
from tests.daemon import Daemon
from tests.embedded_broker import free_port
from tests.outbox_parts import decode, wait_until

READ_S = 30.0
ASK_S = 20.0


@dataclass(slots=True, kw_only=True)
class CollectorProcess(Daemon):
    """A collector on a port of its own, with its files in a folder."""

    folder: Path
    kafka: str
    port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    arguments: tuple[str, ...] = ()

    @property
    def log(self) -> Path:
        return self.folder / "collector.log"

    def start(self) -> None:
        """Start it, and wait until it takes events or says why it does not."""
        listen = [f"--port={self.port}", f"--set=web.port={self.web_port}"]
        told = [f"--kafka={self.kafka}", "--set=log.format=json", *self.arguments]
        self.launch([*COLLECTOR, *listen, *told], self.folder)
        wait_until(lambda: self.is_listening() or not self.is_running)
        assert self.is_running, self.log.read_text()

    def is_listening(self) -> bool:
        """Tell whether it answers gateways, with whatever."""
        try:
            return bool(self.ask("GET", "/health")[0])
        except OSError:
            return False

    def health(self) -> dict[str, Any] | None:
        """Return what /health says; None: nobody answers."""
        try:
            return dict(json.loads(self.ask("GET", "/health", port=self.web_port)[1]))
        except OSError:
            return None

    def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        _, text = self.ask("GET", "/metrics", port=self.web_port)
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text.decode(), re.MULTILINE)
        return sum(map(float, found))

    def ask(
        self, method: str, path: str, body: bytes = b"", port: int = 0, **headers: str
    ) -> tuple[int, bytes]:
        """Send a request on a connection of its own. Raises OSError."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=ASK_S)
        try:
            connection.request(
                method, path, body, {k.replace("_", "-"): v for k, v in headers.items()}
            )
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()


def write_sources(folder: Path, *entries: Mapping[str, object]) -> None:
    """Write the file of sources, whole or not at all."""
    new = folder / "sources.new"
    new.write_text(yaml.safe_dump({"sources": [dict(each) for each in entries]}))
    new.replace(folder / "sources.yaml")


def payloads(bootstrap: str) -> list[bytes]:
    """Return every message on the topic of calls."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": str(uuid.uuid4()),
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    partitions = [
        *consumer.list_topics(USAGE_INFERENCE.name).topics[USAGE_INFERENCE.name].partitions
    ]
    consumer.assign([TopicPartition(USAGE_INFERENCE.name, n, OFFSET_BEGINNING) for n in partitions])
    read: list[bytes] = []
    ended: set[int | None] = set()
    deadline_s = time.monotonic() + READ_S
    try:
        while len(ended) < len(partitions):
            assert time.monotonic() < deadline_s, "expected the end of every partition"
            message = consumer.poll(1.0)
            if message is None:
                continue
            error = message.error()
            if error is None:
                read.append(message.value() or b"")
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add(message.partition())
    finally:
        consumer.close()
    return read


def events(read: list[bytes]) -> list[dict[str, Any]]:
    """Return the events of each batch once."""
    batches = [decode(payload) for payload in read]
    once = {(batch["source"], batch["epoch"], batch["seq"]): batch for batch in batches}
    return [event for batch in once.values() for event in batch["events"]]
