"""The outbox against the real broker: kills, outages, a full bound, and the partition."""

import random
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from agents.outbox import Limits, Outbox, OutboxConfig
from schemas.codec import Record
from schemas.topics import partition_of
from tests import embedded_broker
from tests.outbox_parts import RECORD, decode, event, numbers, wait_until
from tests.topics import PARTITIONS, Read, create_topic, read_all

pytestmark = pytest.mark.integration

KILLS = 6
KILLED_WITHIN_S = 0.2  # after some flush: while closing, syncing, sending or deleting


@pytest.fixture
def topic(broker: str) -> str:
    return create_topic(broker, f"usage-{uuid.uuid4()}")


def batches_of(read: Read) -> list[Record]:
    """Return each batch once, by seq: ids without gaps, one id always the same bytes."""
    contents: dict[tuple[str, int, int], bytes] = {}
    for _, payload in read:
        batch = decode(payload)
        key = (batch["source"], batch["epoch"], batch["seq"])
        assert contents.setdefault(key, payload) == payload
    batches = [decode(contents[key]) for key in sorted(contents)]
    assert [batch["seq"] for batch in batches] == list(range(len(batches)))
    assert len({(batch["source"], batch["epoch"]) for batch in batches}) == 1
    return batches


def config(path: Path, topic: str, bootstrap: str, limits: Limits | None = None) -> OutboxConfig:
    return OutboxConfig(
        path=path,
        source="gw-1",
        topic=topic,
        record=RECORD,
        kafka={"bootstrap.servers": bootstrap},
        limits=limits or Limits(delivery_timeout_s=3.0),
    )


def run_and_kill(arguments: list[str], chance: random.Random, root: Path) -> int:
    """Run a producing process, `kill -9` it after some flushes; return what it had on disk."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.outbox_child", *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    with child.stdout as told:
        try:
            lines = [told.readline() for _ in range(chance.randint(1, 12))]
            with suppress(subprocess.TimeoutExpired):
                child.wait(chance.random() * KILLED_WITHIN_S)
        finally:
            child.kill()
        lines += told.readlines()  # it may have got further before it died
        child.wait()
    whole = [line for line in lines if line.endswith("\n")]
    return int(whole[-1])


def test_a_producer_killed_again_and_again_loses_nothing_that_was_on_disk(
    tmp_path: Path, broker: str, topic: str, root: Path
) -> None:
    path = tmp_path / "outbox.db"
    chance = random.Random(20231114)
    next_number = 0
    on_disk: set[int] = set()
    for _ in range(KILLS):
        arguments = [str(path), topic, broker, str(next_number)]
        flushed = run_and_kill(arguments, chance, root)
        on_disk |= set(range(next_number, flushed))
        next_number = flushed + 1_000_000  # what was put after the last flush has numbers between
    left = Outbox(config(path, topic, broker)).close(timeout_s=30.0)
    assert left.is_drained

    batches = batches_of(read_all(broker, topic))
    times = Counter(number for batch in batches for number in numbers(batch))
    assert max(times.values()) == 1
    assert on_disk <= set(times)
    assert len(on_disk) > KILLS * 100
    assert all(batch["losses"] == [] for batch in batches)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator["OwnBroker"]:
    broker = OwnBroker(tmp_path)
    yield broker
    broker.stop()


class OwnBroker:
    """A broker of this test alone, always at the same address. Its log dies with it."""

    def __init__(self, folder: Path) -> None:
        self.address = f"127.0.0.1:{embedded_broker.free_port()}"
        self._log = folder / "broker.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        url = f"tcp://{self.address}"
        command = [embedded_broker.binary(), "broker", "--storage-engine", "memory://tansu/"]
        command += ["--listener-url", url, "--advertised-listener-url", url]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        wait_until(lambda: bool(admin.list_topics(timeout=5).brokers))

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def put_and_flush(outbox: Outbox, first: int, count: int) -> None:
    assert sum(outbox.put(event(number)) for number in range(first, first + count)) == count
    assert outbox.flush()


def test_sending_resumes_by_itself_after_an_outage(tmp_path: Path, own_broker: OwnBroker) -> None:
    outbox = Outbox(config(tmp_path / "outbox.db", "usage", own_broker.address))
    put_and_flush(outbox, 0, 1_500)  # before there is any broker
    assert outbox.stats().pending_batches == 2
    own_broker.start()
    create_topic(own_broker.address, "usage")
    wait_until(lambda: outbox.stats().pending_batches == 0)
    early = read_all(own_broker.address, "usage")
    assert [numbers(batch) for batch in batches_of(early)] == [
        list(range(1_000)),
        list(range(1_000, 1_500)),
    ]

    own_broker.stop()  # and forgets everything, the producer's id too
    put_and_flush(outbox, 1_500, 1_500)
    wait_until(lambda: outbox.stats().last_error is not None)
    put_and_flush(outbox, 3_000, 500)
    own_broker.start()
    create_topic(own_broker.address, "usage")
    wait_until(lambda: outbox.stats().pending_batches == 0)
    assert outbox.stats().last_error is None
    assert outbox.close().is_drained
    late = read_all(own_broker.address, "usage")
    batches = batches_of(early + late)
    arrived = [number for batch in batches for number in numbers(batch)]
    assert arrived == list(range(3_500))
    seqs = [decode(payload)["seq"] for _, payload in late]
    assert sorted(set(seqs), key=seqs.index) == sorted(set(seqs))  # first sent in order


def test_a_full_outbox_tells_its_losses_to_the_event(tmp_path: Path, own_broker: OwnBroker) -> None:
    bound = Limits().least_disk_bytes
    limits = Limits(max_disk_bytes=bound, delivery_timeout_s=3.0)
    path = tmp_path / "outbox.db"
    outbox = Outbox(config(path, "usage", own_broker.address, limits))
    puts = fill(outbox, path, bound)
    assert outbox.stats().refusing == "outbox_full"
    refused = sum(not outbox.put(event(number)) for number in range(puts, puts + 100))
    puts += 100
    assert refused == 100
    left = outbox.close(timeout_s=0.0)
    assert left.unreported_losses > refused

    own_broker.start()
    create_topic(own_broker.address, "usage")
    outbox = Outbox(config(path, "usage", own_broker.address, limits))
    wait_until(lambda: outbox.stats().refusing is None)
    put_and_flush(outbox, puts, 10)
    puts += 10
    assert outbox.close(timeout_s=30.0).is_drained
    batches = batches_of(read_all(own_broker.address, "usage"))
    arrived = [number for batch in batches for number in numbers(batch)]
    losses = [loss for batch in batches for loss in batch["losses"]]
    assert len(arrived) == len(set(arrived))
    assert {loss["reason"] for loss in losses} == {"outbox_full"}
    assert len(arrived) + sum(loss["events"] for loss in losses) == puts


def fill(outbox: Outbox, path: Path, bound: int) -> int:
    """Put until the outbox refuses; return how often. Its files stay within the bound."""
    puts = 0
    while outbox.put(event(puts, project="x" * 200)):
        puts += 1
        if puts % 500 == 0:
            outbox.flush()
            on_disk = sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))
            assert on_disk <= bound + 20  # the lock file remembers an epoch
    return puts + 1


@pytest.mark.parametrize("source", ["gw-1", "node-17", "gw-eu-3", "ü", "a" * 200])
def test_the_partition_is_the_one_every_other_writer_chooses(
    tmp_path: Path, broker: str, topic: str, source: str
) -> None:
    settings = OutboxConfig(
        path=tmp_path / "outbox.db",
        source=source,
        topic=topic,
        record=RECORD,
        kafka={"bootstrap.servers": broker},
    )
    with Outbox(settings) as outbox:
        put_and_flush(outbox, 0, 1)
        wait_until(lambda: outbox.stats().pending_batches == 0)
    assert [partition for partition, _ in read_all(broker, topic)] == [
        partition_of(source, PARTITIONS)
    ]


def test_a_topic_that_is_not_there_yet_is_waited_for(tmp_path: Path, broker: str) -> None:
    name = f"usage-{uuid.uuid4()}"
    outbox = Outbox(config(tmp_path / "outbox.db", name, broker))
    put_and_flush(outbox, 0, 5)
    create_topic(broker, name)
    wait_until(lambda: outbox.stats().pending_batches == 0)
    assert outbox.close().is_drained
    [batch] = batches_of(read_all(broker, name))
    assert numbers(batch) == [0, 1, 2, 3, 4]
