"""One suite over the channel the unit tests use and the one that talks to Kafka.

It is what lets the others trust the fake: a batch handed over is reported once, with its seq, and
what was reported as arrived is on the topic in the order sent.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from agents.errors import OutboxMisconfigured
from agents.outbox.delivery import Channel, Report
from agents.outbox.kafka_channel import Destination, KafkaChannel, Property
from agents.outbox.limits import Limits
from agents.outbox.store import Stored
from tests import embedded_broker
from tests.outbox_parts import FakeChannel, wait_until

LIMITS = Limits(delivery_timeout_s=5.0)
SHORT = Limits(delivery_timeout_s=2.0)


@dataclass
class Case:
    """A channel, and a look at what arrived."""

    channel: Channel

    def arrived(self) -> list[bytes]:
        """Return the payloads on the topic, in order."""
        assert isinstance(self.channel, FakeChannel)
        return [batch.payload for batch in self.channel.log]


@dataclass
class KafkaCase(Case):
    bootstrap: str
    topic: str

    def arrived(self) -> list[bytes]:
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": str(uuid.uuid4()),
                "enable.partition.eof": True,
            }
        )
        consumer.assign([TopicPartition(self.topic, 0, OFFSET_BEGINNING)])
        payloads = []
        try:
            while (message := consumer.poll(30.0)) is not None and message.error() is None:
                payloads.append(message.value() or b"")
        finally:
            consumer.close()
        return payloads


BOTH = ["fake", pytest.param("kafka", marks=pytest.mark.integration)]


@pytest.fixture
def case(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    if kind == "fake":
        yield Case(FakeChannel())
        return
    bootstrap = request.getfixturevalue("broker")
    topic = f"outbox-{uuid.uuid4()}"
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    for done in admin.create_topics([NewTopic(topic, 1, 1)]).values():
        done.result(10)
    channel = KafkaChannel(tmp_path / "outbox.db", destination(topic, bootstrap), LIMITS)
    yield KafkaCase(channel, bootstrap, topic)
    channel.abandon()


@pytest.fixture
def cut_off(kind: str, tmp_path: Path) -> Iterator[Channel]:
    """Yield a channel whose broker cannot be reached."""
    if kind == "fake":
        yield FakeChannel(is_up=False)
        return
    nowhere = f"127.0.0.1:{embedded_broker.free_port()}"
    channel = KafkaChannel(tmp_path / "outbox.db", destination("topic", nowhere), SHORT)
    yield channel
    channel.abandon()


def destination(topic: str, bootstrap: str, **more: Property) -> Destination:
    return Destination(topic, "gw-1", {"bootstrap.servers": bootstrap, **more})


def collect(channel: Channel, count: int) -> list[Report]:
    reports: list[Report] = []

    def are_there() -> bool:
        reports.extend(channel.reports())
        return len(reports) >= count

    wait_until(are_there)
    return reports


def send(channel: Channel, first: int, count: int) -> None:
    for seq in range(first, first + count):
        assert channel.send(Stored(seq, b"batch %d" % seq))


@pytest.mark.parametrize("kind", BOTH)
def test_each_batch_is_reported_once_and_arrives_in_order(case: Case) -> None:
    send(case.channel, 0, 20)
    reports = collect(case.channel, 20)
    assert reports == [Report(seq) for seq in range(20)]
    assert case.channel.reports() == []
    assert case.arrived() == [b"batch %d" % seq for seq in range(20)]


@pytest.mark.parametrize("kind", BOTH)
def test_a_renewed_channel_goes_on(case: Case) -> None:
    send(case.channel, 0, 2)
    collect(case.channel, 2)
    case.channel.renew()
    send(case.channel, 2, 2)
    assert collect(case.channel, 2) == [Report(2), Report(3)]
    assert len(case.arrived()) == 4


@pytest.mark.parametrize("kind", BOTH)
def test_without_a_broker_nothing_arrives_and_each_batch_comes_back(cut_off: Channel) -> None:
    send(cut_off, 0, 3)
    assert cut_off.reports() == []
    if isinstance(cut_off, FakeChannel):
        cut_off.time_out()
    reports = collect(cut_off, 3)
    assert [report.seq for report in reports] == [0, 1, 2]
    assert all(report.error and report.error.startswith("_MSG_TIMED_OUT") for report in reports)


@pytest.mark.parametrize("kind", BOTH)
def test_what_is_abandoned_comes_back_as_failed(cut_off: Channel) -> None:
    send(cut_off, 0, 3)
    reports = cut_off.abandon()
    assert sorted(report.seq for report in reports) == [0, 1, 2]
    assert all(report.error for report in reports)


@pytest.mark.integration
def test_a_full_client_queue_says_so_and_a_batch_too_large_comes_back(tmp_path: Path) -> None:
    nowhere = f"127.0.0.1:{embedded_broker.free_port()}"
    kafka = destination(
        "topic", nowhere, **{"queue.buffering.max.messages": 2, "message.max.bytes": 2_000}
    )
    channel = KafkaChannel(tmp_path / "outbox.db", kafka, LIMITS)
    assert channel.send(Stored(0, bytes(3_000)))
    send(channel, 1, 2)
    assert not channel.send(Stored(3, b"one too many"))
    assert [r for r in channel.reports() if r.seq == 0 and "SIZE" in str(r.error)]
    channel.abandon()


@pytest.mark.integration
def test_a_property_the_client_refuses_is_a_misconfiguration(tmp_path: Path) -> None:
    with pytest.raises(OutboxMisconfigured, match=r"no\.such\.property"):
        KafkaChannel(
            tmp_path / "outbox.db",
            destination("topic", "127.0.0.1:1", **{"no.such.property": 1}),
            LIMITS,
        )


@pytest.mark.integration
def test_settings_that_correctness_hangs_on_cannot_be_changed(tmp_path: Path) -> None:
    weak: dict[str, Property] = {"acks": 0, "enable.idempotence": False, "partitioner": "random"}
    channel = KafkaChannel(
        tmp_path / "outbox.db", destination("topic", "127.0.0.1:1", **weak), LIMITS
    )
    assert channel._settings["acks"] == "all"
    assert channel._settings["enable.idempotence"] is True
    assert channel._settings["partitioner"] == "consistent"
    channel.abandon()
