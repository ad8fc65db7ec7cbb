"""Confluent's own clients and our processors read each other through a real schema registry.

Real processes; the registry is killed and started again while they run.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
from confluent_kafka import Producer, SerializingProducer
from confluent_kafka.schema_registry import SchemaRegistryClient, record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext, StringSerializer

from schemas import topics
from schemas.catalogue import current
from schemas.codec import CONFLUENT, Codec
from schemas.topics import COST_LINE, METERED_PARTIAL, USAGE_INFERENCE
from streams.kafka import Entry, create_topics, read_to_end
from streams.kafka.registry_client import RegistryClient
from streams.kafka.registry_ids import RegistryIds
from streams.settings import KafkaSettings
from tests.builders.usage import batch, call
from tests.outbox_parts import wait_until
from tests.servers import apache_kafka
from tests.servers.registry import Registry, running
from tests.system.workers import Worker

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

STARTED = "partitions_assigned"
WITHIN_S = 60.0
CONTEXT = SerializationContext(USAGE_INFERENCE.name, MessageField.VALUE)
NEWER = '"fields": [{"name": "hint", "type": ["null", "string"], "default": null},'

Read: TypeAlias = Callable[[str, bytes], Any]  # a message of a topic


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    with apache_kafka.running(tmp_path_factory.mktemp("cluster")) as address:
        settings = KafkaSettings(bootstrap=address)
        create_topics(settings, partitions=1)
        yield settings


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture
def registry(server: Registry) -> Registry:
    """Return one that answers, whatever the last test did to it."""
    if not server.is_running:
        server.start()
    return server


@pytest.fixture
def source() -> str:
    """Name whom the usage of this test is of: its producer, and its tenant."""
    return f"them-{uuid4().hex}"


@pytest.fixture
def client(registry: Registry) -> Iterator[SchemaRegistryClient]:
    # It has no deadline of its own, and was seen to wait for ever on a connection nobody answered.
    with SchemaRegistryClient({"url": registry.url, "timeout": 5.0}) as found:
        yield found


@pytest.fixture
def meter(kafka: KafkaSettings, registry: Registry, tmp_path: Path) -> Iterator[Worker]:
    yield from worker("meter", kafka, registry, tmp_path)


@pytest.fixture
def allocate(kafka: KafkaSettings, registry: Registry, tmp_path: Path) -> Iterator[Worker]:
    yield from worker("allocate", kafka, registry, tmp_path)


def worker(name: str, kafka: KafkaSettings, registry: Registry, folder: Path) -> Iterator[Worker]:
    flags = ("--kafka", kafka.bootstrap, "--schema-registry", registry.url)
    found = Worker(name, 1, flags, folder)
    found.start()
    yield found
    found.stop()


def usage(source: str, seq: int) -> dict[str, Any]:
    """Return a batch of one call, now."""
    now_us = time.time_ns() // 1_000
    made = batch(call(at_us=now_us, tenant=source), source=source, seq=seq)
    return {**made, "sent_at_us": now_us}


def read_by(client: SchemaRegistryClient) -> Read:
    """Return what reads messages as any program with Confluent's client does."""
    deserializer: AvroDeserializer = AvroDeserializer(client)
    return lambda topic, value: deserializer(value, SerializationContext(topic, MessageField.VALUE))


def partials(kafka: KafkaSettings, source: str, read: Read) -> dict[int, Any]:
    """Return the partials of a source, by the number of their batch."""
    found = records(kafka, METERED_PARTIAL.name, read)
    return {record["seq"]: record for record in found if record.get("source") == source}


def records(kafka: KafkaSettings, topic: str, read: Read) -> list[Any]:
    return [read(topic, entry.value or b"") for entry in framed(kafka, topic)]


def framed(kafka: KafkaSettings, topic: str) -> list[Entry]:
    """Return the messages of a topic, all of them in Confluent's framing."""
    found = read_to_end(kafka, topic)
    assert {(entry.value or b"")[:1] for entry in found} <= {CONFLUENT}
    return found


def by_default(client: SchemaRegistryClient) -> AvroSerializer:
    """As their documentation begins: registers under the topic's name."""
    found: AvroSerializer = AvroSerializer(client, current()["InferenceUsageBatch"].text)
    return found


def by_record(client: SchemaRegistryClient) -> AvroSerializer:
    """As ours says: takes what is registered, and may not register."""
    schema = current()["InferenceUsageBatch"].text
    taking = {
        "auto.register.schemas": False,
        "subject.name.strategy": record_subject_name_strategy,
    }
    found: AvroSerializer = AvroSerializer(client, schema, conf=taking)
    return found


def test_batches_of_other_clients_are_counted_and_our_lines_are_read_by_them(
    kafka: KafkaSettings,
    client: SchemaRegistryClient,
    source: str,
    meter: Worker,
    allocate: Worker,
) -> None:
    wait_until(lambda: bool(meter.entries(STARTED) and allocate.entries(STARTED)), WITHIN_S)
    config = {"bootstrap.servers": kafka.bootstrap, "log_level": 0}
    serializing = SerializingProducer(
        {**config, "key.serializer": StringSerializer(), "value.serializer": by_default(client)}
    )
    serializing.produce(USAGE_INFERENCE.name, source, usage(source, 0))
    assert serializing.flush(WITHIN_S) == 0
    plain = Producer(config)
    plain.produce(USAGE_INFERENCE.name, by_record(client)(usage(source, 1), CONTEXT), source)
    assert plain.flush(WITHIN_S) == 0

    theirs = read_by(client)
    wait_until(lambda: partials(kafka, source, theirs).keys() == {0, 1}, WITHIN_S)
    assert read_to_end(kafka, topics.DLQ_USAGE.name) == []
    assert {each["pool"] for each in partials(kafka, source, theirs).values()} == {"api:openai"}

    def costs() -> dict[str, Decimal]:
        lines = [
            each for each in records(kafka, COST_LINE.name, theirs) if each["tenant"] == source
        ]
        lines.sort(key=lambda line: line["revision"])
        return {line["line_id"]: line["cost"] for line in lines if line["tenant"] == source}

    # Two calls of 1,000 input and 100 output tokens, at $2.50 and $10 per million of them.
    wait_until(lambda: sum(costs().values()) == 2 * Decimal("0.0035"), WITHIN_S)


def test_a_registry_that_is_down_delays_nothing_whose_ids_are_known(
    kafka: KafkaSettings,
    registry: Registry,
    client: SchemaRegistryClient,
    source: str,
    meter: Worker,
) -> None:
    wait_until(lambda: bool(meter.entries(STARTED)), WITHIN_S)
    values = [by_record(client)(usage(source, seq), CONTEXT) for seq in range(3)]
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    with closing(RegistryClient(registry.url)) as asked:
        ids = RegistryIds(asked)
        ids.agree()
    codec = Codec(ids)

    def ours(_topic: str, value: bytes) -> object:
        return codec.decode(value)[1]

    registry.kill()
    for value in values[:2]:  # of which meter has seen none
        producer.produce(USAGE_INFERENCE.name, value, source)
    producer.flush(WITHIN_S)
    wait_until(lambda: partials(kafka, source, ours).keys() == {0, 1}, WITHIN_S)

    meter.kill()  # and is started again, without a registry to ask
    producer.produce(USAGE_INFERENCE.name, values[2], source)
    producer.flush(WITHIN_S)
    registry.start()
    wait_until(lambda: partials(kafka, source, ours).keys() == {0, 1, 2}, WITHIN_S)
    assert meter.process is not None
    assert meter.process.poll() is None, "it waited"


def test_an_id_that_is_new_while_the_registry_is_down_stops_the_processor_uncounted(
    kafka: KafkaSettings,
    registry: Registry,
    client: SchemaRegistryClient,
    source: str,
    meter: Worker,
) -> None:
    wait_until(lambda: bool(meter.entries(STARTED)), WITHIN_S)
    later = current()["InferenceUsageBatch"].text.replace('"fields": [', NEWER, 1)
    serializer = AvroSerializer(client, later, conf={"subject.name.strategy": lambda *_: "else"})
    value = serializer({**usage(source, 0), "hint": None}, CONTEXT)
    registry.kill()
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    producer.produce(USAGE_INFERENCE.name, value, source)
    producer.flush(WITHIN_S)
    assert meter.process is not None
    assert meter.process.wait(WITHIN_S) == 1
    (stopped,) = meter.entries("processor_stopped")
    assert "expected a schema registry at" in str(stopped["error"])

    registry.start()
    meter.start()
    wait_until(lambda: partials(kafka, source, read_by(client)).keys() == {0}, WITHIN_S)
    assert read_to_end(kafka, topics.DLQ_USAGE.name) == []
