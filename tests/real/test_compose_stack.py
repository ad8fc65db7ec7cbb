"""docker-compose.yml without a container engine: its broker, its jobs and its workers as processes.

Each runs the command of its service in the environment of its service, in the order of the file;
ports, host names and folders are other ones. What only an engine does (images, users, networks,
limits) is not shown here.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

from schemas import topics
from schemas.codec import Codec
from streams.kafka.connection import ConfluentConfig
from streams.up import leash
from tests import compose_file
from tests.builders.usage import call
from tests.compose_file import PASSWORDS, WORKERS, Service
from tests.embedded_broker import free_port
from tests.servers import clickhouse_server, composed_kafka, registry
from tests.servers.clickhouse_server import Server
from tests.servers.composed_kafka import CLIENT, HOST, ComposedKafka

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

SERVICES = compose_file.services()
IN_ORDER = ("topics", "migrate", "prices", "catalog")
JOB_S = 60.0
HEALTHY_S = 90.0
SOON_S = 30.0
POLL_S = 0.2
COSTS = "SELECT count() > 0 AS any, sum(cost) > 0 AS cost FROM cost_current HAVING any"


@dataclass(frozen=True, slots=True)
class Composed:
    """What the file describes, as far as it runs here."""

    kafka: ComposedKafka
    clickhouse: Server
    folder: Path
    web_ports: dict[str, int]

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables of a service of ours, the servers' addresses moved."""
        found = {n: self.kafka.moved(v) for n, v in SERVICES[name]["environment"].items()}
        there = {
            "APPORTION_CLICKHOUSE__URL": self.clickhouse.url,
            "APPORTION_CLICKHOUSE__USERNAME": clickhouse_server.WRITER,
            "APPORTION_CLICKHOUSE__PASSWORD": clickhouse_server.PASSWORD,
            "APPORTION_WEB__HOST": "127.0.0.1",
            "APPORTION_WEB__PORT": str(self.web_ports.get(name, 0)),
        }
        moved = {name: there.get(name, value) for name, value in found.items()}
        return {"PATH": os.environ["PATH"], "TMPDIR": str(self.folder), **moved}

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run a job to its end."""
        return subprocess.run(
            [sys.executable, "-P", "-m", "streams", *words(SERVICES[name])],
            env=self.environment(name),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=JOB_S,
            check=False,
        )

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start a worker; it dies with this process."""
        leashed = [sys.executable, "-IS", leash.__file__, str(os.getpid())]
        with (self.folder / f"{name}.log").open("wb") as out:
            return subprocess.Popen(
                [*leashed, sys.executable, "-P", "-m", "streams", *words(SERVICES[name])],
                env=self.environment(name),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_healthy(self, name: str) -> bool:
        """Ask as the file says."""
        _, _, *rest = SERVICES[name]["healthcheck"]["test"]
        check = [part.replace(":9100/", f":{self.web_ports[name]}/") for part in rest]
        done = subprocess.run([sys.executable, *check], capture_output=True, check=False)
        return done.returncode == 0

    def sql(self, statement: str) -> list[dict[str, object]]:
        """Ask ClickHouse as an operator would."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "streams", "sql", statement, "--format", "JSONEachRow"],
            env=self.environment("store"),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=JOB_S,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]


def words(service: Service) -> list[str]:
    mounts = [mount.split(":")[:2] for mount in service.get("volumes", [])]
    found = {inside: str(compose_file.ROOT / outside) for outside, inside in mounts}
    return [found.get(word, word) for word in service["command"]]


def login(kafka: ComposedKafka, port: int, user: str, password: str) -> ConfluentConfig:
    return {
        "bootstrap.servers": kafka.at(port),
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": user,
        "sasl.password": password,
        "log_level": 0,
    }


def of_producer(kafka: ComposedKafka, port: int = HOST) -> ConfluentConfig:
    return login(kafka, port, "producer", PASSWORDS["KAFKA_PRODUCER_PASSWORD"])


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    folder = tmp_path_factory.mktemp("composed")
    ports = {name: free_port() for name in WORKERS}
    with (
        composed_kafka.running(tmp_path_factory.mktemp("kafka")) as kafka,
        clickhouse_server.server(tmp_path_factory.mktemp("clickhouse")) as server,
    ):
        found = Composed(kafka, server, folder, ports)
        access = SERVICES["access"]
        granted = kafka.tool([*access["entrypoint"], *access["command"]])
        assert granted.returncode == 0, granted.stdout + granted.stderr
        for name in IN_ORDER:
            done = found.run(name)
            assert done.returncode == 0, f"{name}: {done.stderr}"
        yield found


def sent(config: ConfluentConfig, topic: str, value: bytes) -> KafkaError | None:
    """Send a message and return what the broker says of it."""
    reports: list[KafkaError | None] = []
    settings: ConfluentConfig = {
        **config,
        "enable.idempotence": True,
        "compression.type": "zstd",
        "message.timeout.ms": round(SOON_S * 1000),
        "allow.auto.create.topics": False,
    }
    producer = Producer(settings)

    def keep(error: KafkaError | None, _message: Message) -> None:
        reports.append(error)

    producer.produce(topic, value=value, key=b"gw-1", on_delivery=keep)
    producer.flush(SOON_S)
    return reports[0]


def test_the_broker_runs_on_the_variables_of_the_file(composed: Composed) -> None:
    written = composed.kafka.properties.read_text()
    for name, value in composed.kafka.environment().items():
        if name.startswith("KAFKA_") and name != "KAFKA_HEAP_OPTS":
            assert f"{name.removeprefix('KAFKA_').lower().replace('_', '.')}={value}" in written
    assert "heap.opts" not in written


def test_the_brokers_health_check_succeeds(composed: Composed) -> None:
    test = SERVICES["kafka"]["healthcheck"]["test"]
    done = composed.kafka.tool(test[3:])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", IN_ORDER)
def test_a_job_may_run_again(composed: Composed, name: str) -> None:
    done = composed.run(name)
    assert done.returncode == 0, done.stderr


def test_a_producer_may_write_usage_and_nothing_else(composed: Composed) -> None:
    config = of_producer(composed.kafka)
    for topic in topics.ALL:
        if topic in topics.USAGE:
            continue
        refused = sent(config, topic.name, b"x")
        assert refused is not None, topic.name
        assert refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, topic.name


def test_a_producer_may_not_read(composed: Composed) -> None:
    consumer = Consumer({**of_producer(composed.kafka), "group.id": "nosy"})
    consumer.subscribe([topics.COST_LINE.name])
    message = consumer.poll(SOON_S)
    consumer.close()
    assert message is not None
    error = message.error()
    assert error is not None
    assert "AUTHORIZATION_FAILED" in str(error.name())


@pytest.mark.parametrize("port", [CLIENT, HOST])
@pytest.mark.parametrize("user", ["apportion", "producer"])
def test_a_wrong_password_is_refused(composed: Composed, port: int, user: str) -> None:
    complaints: list[KafkaError] = []
    config = login(composed.kafka, port, user, "wrong")
    producer = Producer(config, error_cb=complaints.append)
    deadline_s = time.monotonic() + SOON_S
    while not complaints and time.monotonic() < deadline_s:
        producer.poll(POLL_S)
    assert complaints
    assert complaints[0].code() == KafkaError._AUTHENTICATION


@pytest.mark.parametrize("port", [CLIENT, HOST])
def test_who_does_not_log_in_gets_nothing(composed: Composed, port: int) -> None:
    consumer = Consumer(
        {"bootstrap.servers": composed.kafka.at(port), "group.id": "x", "log_level": 0}
    )
    with pytest.raises(KafkaException):
        consumer.list_topics(timeout=5)
    consumer.close()


def test_the_registry_is_healthy_where_the_file_asks(tmp_path: Path) -> None:
    path = urlsplit(SERVICES["registry"]["healthcheck"]["test"][-1]).path
    with registry.running(tmp_path) as found:
        url = f"http://127.0.0.1:{found.management_port}{path}"
        with urlopen(url, timeout=SOON_S) as answer:
            assert answer.status == 200


def test_a_call_sent_from_the_host_becomes_a_cost_line_in_clickhouse(composed: Composed) -> None:
    now_us = time.time_ns() // 1000
    batch = {
        "source": "gw-1",
        "epoch": now_us,
        "seq": 0,
        "sent_at_us": now_us,
        "losses": [],
        "events": [call(at_us=now_us)],
    }
    with ExitStack() as stack:
        for name in WORKERS:
            process = composed.start(name)
            stack.callback(process.wait)
            stack.callback(process.kill)
        deadline_s = time.monotonic() + HEALTHY_S
        while sick := [name for name in WORKERS if not composed.is_healthy(name)]:
            said = [(composed.folder / f"{name}.log").read_text()[-2000:] for name in sick]
            assert time.monotonic() < deadline_s, said
            time.sleep(POLL_S)
        value = Codec().encode("InferenceUsageBatch", batch)
        assert sent(of_producer(composed.kafka), topics.USAGE_INFERENCE.name, value) is None
        rows: list[dict[str, object]] = []
        while not rows:
            assert time.monotonic() < deadline_s, "no cost line"
            rows = composed.sql(COSTS)
            time.sleep(POLL_S)
        assert rows == [{"any": 1, "cost": 1}]
