"""A real collector process on a real broker: kills, lost answers, drains, catalogs, and no text."""

import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from streams.config_topic import CATALOG, publish_document
from streams.kafka import create_topics
from streams.settings import KafkaSettings
from tests import brokers, embedded_broker
from tests.builders.telemetry import CHAT, traces, traces_json
from tests.command_line_agents import COLLECTOR
from tests.gateway_parts import OTHER, OWN, TOKEN, hash_of
from tests.gateway_process import CollectorProcess, events, payloads, write_sources
from tests.outbox_parts import wait_until
from tests.unit.test_gateway_kong import ENTRY

pytestmark = pytest.mark.integration

AUTH = f"Bearer {TOKEN}"
APP = {"name": "app", "tokens": [hash_of(TOKEN)], "unsampled": True, "tenant_from": "tenant.id",
       "events_per_s": 1_000_000.0}  # fmt: skip
KILLS = 5
CLIENTS = 6
REQUESTS = 40  # of a client


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[str]:
    """A broker of its own: the collector's topic has a fixed name."""
    with brokers.running(tmp_path) as address:
        create_topics(KafkaSettings(bootstrap=address))
        yield address


@pytest.fixture
def collector(tmp_path: Path, kafka: str) -> Iterator[CollectorProcess]:
    write_sources(tmp_path, APP)
    process = CollectorProcess(folder=tmp_path, kafka=kafka)
    yield process
    process.kill()


class Client(threading.Thread):
    """Sends events, and sends them again until they are confirmed. Sometimes it hangs up first."""

    def __init__(self, number: int, collector: CollectorProcess) -> None:
        super().__init__(daemon=True)
        self._name = f"c{number}"
        self._collector = collector
        self._chance = random.Random(number)
        self.sent: dict[str, int] = {}  # tokens by request id, all confirmed
        self.repeats = 0

    def run(self) -> None:
        for number in range(REQUESTS):
            made = [self._event(number, part) for part in range(self._chance.randint(1, 20))]
            body = json.dumps(made).encode()
            while not self._confirmed(body):
                self.repeats += 1
                time.sleep(0.02)
            self.sent |= {event["request_id"]: event["input_tokens"] for event in made}

    def _event(self, number: int, part: int) -> dict[str, Any]:
        tokens = self._chance.randint(0, 10_000)
        return {**OWN, "request_id": f"{self._name}-{number}-{part}", "input_tokens": tokens}

    def _confirmed(self, body: bytes) -> bool:
        try:
            if self._chance.random() < 0.1:
                self._hang_up_after(body)
                return False
            status, _ = self._collector.ask("POST", "/v1/usage", body, authorization=AUTH)
        except OSError:
            return False
        return status == 200

    def _hang_up_after(self, body: bytes) -> None:
        """Send a request and never see its answer."""
        head = f"POST /v1/usage HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTH}\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self._collector.port), timeout=5) as to:
            to.sendall(head.encode() + body)
            time.sleep(self._chance.random() * 0.02)


def test_every_confirmed_event_arrives_once_whatever_is_killed_and_repeated(
    collector: CollectorProcess, kafka: str
) -> None:
    collector.start()
    clients = [Client(number, collector) for number in range(CLIENTS)]
    chance = random.Random(7)
    for client in clients:
        client.start()
    for _ in range(KILLS):
        time.sleep(0.2 + chance.random() * 0.3)
        collector.kill()
        collector.start()
    for client in clients:
        client.join(120)
        assert not client.is_alive()
    assert collector.stop() == 0
    arrived = events(payloads(kafka))
    times = Counter(event["request_id"] for event in arrived)
    sent = {name: tokens for client in clients for name, tokens in client.sent.items()}
    assert sum(client.repeats for client in clients) > 0
    assert max(times.values()) == 1
    assert {event["request_id"]: event["input_tokens"] for event in arrived} == sent


def test_what_is_confirmed_while_kafka_is_away_arrives_when_it_is_back(
    tmp_path: Path, collector: CollectorProcess
) -> None:
    port = embedded_broker.free_port()
    collector.kafka = f"127.0.0.1:{port}"
    (tmp_path / "catalog.yaml").write_text("tenants: [acme]\n")
    collector.arguments = ("--catalog=catalog.yaml",)
    collector.start()
    for number in range(20):
        body = json.dumps({**OWN, "request_id": f"r{number}"}).encode()
        assert collector.ask("POST", "/v1/usage", body, authorization=AUTH)[0] == 200
    with embedded_broker.running_at(collector.kafka, tmp_path):
        create_topics(KafkaSettings(bootstrap=collector.kafka))
        wait_until(lambda: (collector.health() or {})["pending_events"] == 0)
        arrived = events(payloads(collector.kafka))
    assert sorted(event["request_id"] for event in arrived) == sorted(f"r{n}" for n in range(20))


def test_no_text_of_a_call_is_kept_sent_or_logged(
    tmp_path: Path, collector: CollectorProcess, kafka: str
) -> None:
    collector.start()
    wait_until(lambda: bool((collector.health() or {})["ok"]))
    text = "nobody-may-keep"
    own = {**OWN, "messages": [{"content": f"the-{text}"}], f"the-{text}": 1}
    kong = json.loads(json.dumps(ENTRY).replace("the prompt", f"the-{text}"))
    kong["request"]["headers"]["x"] = f"the-{text}"
    protobuf = "application/x-protobuf"
    posts = [
        ("/v1/traces", traces(CHAT, {**CHAT, "gen_ai.usage.input_tokens": text}, is_error=True),
         protobuf),
        ("/v1/traces", json.dumps(traces_json(CHAT, first=9, is_error=True)).encode(),
         "application/json"),
        ("/v1/usage", json.dumps([own, OWN]).encode(), "application/json"),
        ("/v1/kong", json.dumps(kong).encode(), "application/json"),
        ("/v1/usage", f'{{"the-{text}'.encode(), "application/json"),
        (f"/v1/the-{text}", b"", "application/json"),
    ]  # fmt: skip
    statuses = [
        collector.ask("POST", path, body, authorization=AUTH, content_type=kind)[0]
        for path, body, kind in posts
    ]
    assert statuses == [200, 200, 200, 200, 400, 404]
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("outbox.db*"))
    assert b"gpt-4o" in on_disk
    assert collector.stop() == 0
    on_kafka = payloads(kafka)
    assert len(events(on_kafka)) == 4
    everything = on_disk + b"".join(on_kafka) + collector.log.read_bytes()
    everything += b"".join(path.read_bytes() for path in tmp_path.rglob("outbox.db*"))
    assert text.encode() not in everything
    assert TOKEN.encode() not in everything


def test_the_published_catalog_is_followed_and_remembered(
    collector: CollectorProcess, kafka: str
) -> None:
    granted = "sources: [{sources: [app], tenants: [acme]}]\n"
    publish_document(KafkaSettings(bootstrap=kafka), CATALOG, granted, "a test")
    collector.start()

    def taken(tenant: str, number: int) -> int:
        body = json.dumps({**OWN, "request_id": f"r{number}", "tenant": tenant}).encode()
        return collector.ask("POST", "/v1/usage", body, authorization=AUTH)[0]

    wait_until(lambda: taken("acme", 0) == 200)  # 503 before it was read
    assert taken("globex", 1) == 422
    wider = "sources: [{sources: [app], tenants: ['*']}]\n"
    publish_document(KafkaSettings(bootstrap=kafka), CATALOG, wider, "a test")
    wait_until(lambda: taken("globex", 1) == 200)

    collector.kill()
    collector.kafka = f"127.0.0.1:{embedded_broker.free_port()}"  # nobody is there
    collector.start()
    assert taken("globex", 2) == 200


def test_tokens_are_exchanged_without_a_restart(
    tmp_path: Path, collector: CollectorProcess
) -> None:
    (tmp_path / "catalog.yaml").write_text("tenants: [acme]\n")
    collector.arguments = ("--catalog=catalog.yaml",)
    collector.start()

    def status(token: str) -> int:
        body = json.dumps(OWN).encode()
        return collector.ask("POST", "/v1/usage", body, authorization=f"Bearer {token}")[0]

    assert (status(TOKEN), status(OTHER)) == (200, 401)
    write_sources(tmp_path, {**APP, "tokens": [hash_of(TOKEN), hash_of(OTHER)]})
    wait_until(lambda: status(OTHER) == 200)
    assert status(TOKEN) == 200
    write_sources(tmp_path, {**APP, "tokens": [hash_of(OTHER)]})
    wait_until(lambda: status(TOKEN) == 401)
    (tmp_path / "sources.yaml").write_text("sources: [{name: app}]")  # a mistake
    wait_until(lambda: bool((collector.health() or {})["refused"]))
    assert status(OTHER) == 200
    assert collector.metric("apportion_collector_config_refused") == 1


def test_a_stop_answers_what_was_asked_and_sends_what_was_taken(
    collector: CollectorProcess, kafka: str
) -> None:
    collector.start()
    wait_until(lambda: (collector.health() or {})["ok"])
    body = json.dumps(OWN).encode()
    head = f"POST /v1/usage HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTH}\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", collector.port), timeout=20) as client:
        client.sendall(head.encode() + body[:10])
        wait_until(lambda: collector.metric("apportion_collector_requests_total") >= 0)
        collector.send(signal.SIGTERM)
        wait_until(lambda: b"collector_draining" in collector.log.read_bytes())
        client.sendall(body[10:])
        answer = b""
        with suppress(TimeoutError):
            while piece := client.recv(65_536):
                answer += piece
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert collector.stop() == 0
    assert [event["request_id"] for event in events(payloads(kafka))] == [OWN["request_id"]]


def test_the_example_with_curl_is_taken_and_may_be_repeated(
    tmp_path: Path, collector: CollectorProcess, kafka: str, root: Path
) -> None:
    made = subprocess.run(
        [*COLLECTOR, "token"], capture_output=True, text=True, check=True, timeout=60
    )
    token, hashed = (line.partition(": ")[2] for line in made.stdout.splitlines())
    write_sources(tmp_path, {"name": "billing-app", "tokens": [hashed]})
    collector.start()
    wait_until(lambda: bool((collector.health() or {})["ok"]))
    where = {"COLLECTOR": f"http://127.0.0.1:{collector.port}", "TOKEN": token}
    for _ in range(2):
        subprocess.run(
            [root / "examples" / "gateways" / "push.sh"],
            env={**os.environ, **where},
            check=True,
            timeout=60,
        )
    assert collector.stop() == 0
    arrived = {event["request_id"]: event["input_tokens"] for event in events(payloads(kafka))}
    assert arrived == {"example-1": 1000, "example-2": 123, "example-3": 10}
