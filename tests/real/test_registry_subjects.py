"""A real schema registry holds our contract: put there once, held to FULL, or said why not."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.catalogue import current
from streams.errors import RegistryUnavailable, SchemaRefused
from streams.kafka import create_topics
from streams.kafka.registration import agree, register_all, subject_of
from streams.kafka.registry import agreed_codec
from streams.kafka.registry_client import RegistryClient
from streams.settings import KafkaSettings, load
from tests.embedded_broker import free_port
from tests.servers import apache_kafka
from tests.servers import registry as server
from tests.servers.registry import Registry

pytestmark = pytest.mark.integration

CONFLICT = 409


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with server.running(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture(scope="module")
def registered(registry: Registry) -> str:
    """What the command said when the registry was empty."""
    done = register(registry.url)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def client(registry: Registry) -> Iterator[SchemaRegistryClient]:
    """Confluent's own client."""
    with SchemaRegistryClient({"url": registry.url, "timeout": 5.0}) as found:
        yield found


@pytest.fixture
def ours(registry: Registry) -> Iterator[RegistryClient]:
    with closing(RegistryClient(registry.url)) as found:
        yield found


@pytest.fixture
def other(tmp_path: Path, registered: str) -> Iterator[Registry]:  # noqa: ARG001 - one at a time
    """A registry to be spoilt."""
    with server.running(tmp_path) as found:
        yield found


def apportion(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "streams", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def register(url: str) -> subprocess.CompletedProcess[str]:
    return apportion("schemas", "register", "--registry", url)


def with_field(record: str, **field: object) -> str:
    """Return the schema of a record with one more field."""
    schema = json.loads(current()[record].text)
    schema["fields"].append({"name": "more", "type": "long", **field})
    return json.dumps(schema)


def test_every_schema_is_under_its_record_and_where_it_is_alone_under_its_topic(
    client: SchemaRegistryClient, registered: str
) -> None:
    listed = dict(line.split("\t") for line in registered.splitlines())
    assert sorted(listed) == sorted(client.get_subjects())
    assert {f"apportion.{name}" for name in current()} <= listed.keys()
    assert listed["cost.line.v1-value"] == listed["apportion.CostLine"]
    assert "metered.partial.v1-value" not in listed


def test_every_subject_is_held_to_full(client: SchemaRegistryClient, registered: str) -> None:
    subjects = [line.partition("\t")[0] for line in registered.splitlines()]
    assert {client.get_compatibility(subject) for subject in subjects} == {"FULL"}


def test_registering_again_changes_nothing(
    registry: Registry, client: SchemaRegistryClient, registered: str
) -> None:
    before = {subject: client.get_versions(subject) for subject in client.get_subjects()}
    assert register(registry.url).stdout == registered
    after = {subject: client.get_versions(subject) for subject in client.get_subjects()}
    assert after == before


@pytest.mark.parametrize("subject", ["apportion.CostLine", "cost.line.v1-value"])
def test_the_registry_refuses_what_others_register_against_it(
    client: SchemaRegistryClient,
    registered: str,  # noqa: ARG001 - has happened
    subject: str,
) -> None:
    with pytest.raises(SchemaRegistryError) as refused:
        client.register_schema(subject, Schema(with_field("CostLine"), "AVRO"))
    assert refused.value.http_status_code == CONFLICT


def test_processes_that_register_at_the_same_time_do_not_trip_over_each_other(
    other: Registry,
) -> None:
    clients = [RegistryClient(other.url) for _ in range(4)]
    with ThreadPoolExecutor(len(clients)) as pool:
        done = list(pool.map(lambda client: list(register_all(client)), clients))
    for client in clients:
        client.close()
    assert all(each == done[0] for each in done)


def test_a_newer_compatible_schema_is_left_in_place(
    registry: Registry,
    ours: RegistryClient,
    registered: str,  # noqa: ARG001 - has happened
) -> None:
    subject = subject_of(current()["Alert"])
    before = agree(ours, subject)
    ours.register(subject.name, with_field("Alert", default=0))
    with closing(RegistryClient(registry.url)) as later:
        assert agree(later, subject) == before


def test_what_the_registry_refuses_of_ours_is_said_in_its_words(
    ours: RegistryClient,
    registered: str,  # noqa: ARG001 - has happened
) -> None:
    with pytest.raises(SchemaRefused, match=r"apportion\.Close.*more"):
        ours.register("apportion.Close", with_field("Close"))


def test_an_incompatible_registry_is_refused_with_the_reason_by_command_and_processor(
    other: Registry, tmp_path: Path
) -> None:
    alien = Schema(with_field("Partial"), "AVRO")
    with SchemaRegistryClient({"url": other.url, "timeout": 5.0}) as client:
        client.register_schema("apportion.Partial", alien)
    (tmp_path / "kafka").mkdir()
    with apache_kafka.running(tmp_path / "kafka") as kafka:
        create_topics(KafkaSettings(bootstrap=kafka))
        started = apportion("run", "meter", "--kafka", kafka, "--schema-registry", other.url)
    for done in (register(other.url), started):
        assert done.returncode == 1, done.stderr
        (line,) = done.stderr.splitlines()
        assert line.startswith("apportion: expected apportion.Partial at http://127.0.0.1")
        assert "Partial.more" in line


def test_a_registry_nobody_started_is_said_after_the_deadline() -> None:
    settings = load({"schema_registry": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(RegistryUnavailable, match="start it"):
        agreed_codec(settings, 0.1)
    assert register(settings.schema_registry or "").returncode == 1
