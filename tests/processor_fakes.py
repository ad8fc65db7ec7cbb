"""What a processor's shell stands on, without Kafka: messages, partitions, an outlet.

What is sent is acknowledged by the test, which so decides what the broker has.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import faust
from faust.types import TP
from faust.types.tuples import Message
from prometheus_client import CollectorRegistry

from schemas.codec import Codec
from schemas.topics import Topic, partition_of
from streams.metrics import Metrics
from streams.processors.app import make_app
from streams.processors.outlet import Acknowledgement, Outlet
from streams.settings import KafkaSettings

T = TypeVar("T")
CODEC = Codec()
TURNS = 20  # of the event loop, enough for everything that waits for nothing outside it
LOOK_S = 0.005
PATIENCE_S = 60.0


@dataclass(slots=True)
class FakeMessage:
    """A message as Faust hands it over, as far as shells look at it."""

    topic: str
    partition: int
    offset: int
    value: bytes
    timestamp: float = 0.0  # seconds since the epoch

    @property
    def tp(self) -> TP:
        return TP(self.topic, self.partition)


def message(
    topic: Topic, offset: int, value: bytes, *, partition: int = 0, at_s: float = 0.0
) -> Message:
    """Return a message."""
    return cast("Message", FakeMessage(topic.name, partition, offset, value, at_s))


@dataclass(slots=True)
class FakePartitions:
    """The partitions of a reader; remembers what is committed."""

    ends: dict[TP, tuple[int, int]] = field(default_factory=dict)  # (end, learnt at, ms)
    begins: dict[TP, int] = field(default_factory=dict)
    commits: list[dict[TP, int]] = field(default_factory=list)
    sought: list[tuple[TP, int]] = field(default_factory=list)
    rebalancing: bool = False
    asked: Callable[[], Awaitable[None]] | None = None  # what happens while the broker is asked

    def assigned(self) -> set[TP]:
        return set(self.ends) | set(self.begins)

    def committed(self, tp: TP) -> int | None:
        return self.begins.get(tp)

    def high_watermark(self, tp: TP) -> tuple[int, int] | None:
        return self.ends.get(tp)

    async def beginning(self, _: TP) -> int:
        if self.asked is not None:
            await self.asked()
        return 0

    async def commit(self, offsets: Mapping[TP, int]) -> None:
        if offsets:
            self.commits.append(dict(offsets))

    async def seek(self, tp: TP, offset: int) -> None:
        self.sought.append((tp, offset))


@dataclass(slots=True)
class Sent:
    """A message given to the outlet, and the future the broker answers on."""

    topic: str
    partition: int
    name: str
    record: dict[str, Any]
    future: Acknowledgement


class FakeOutlet:
    """Keeps what is sent; acknowledges when told to."""

    def __init__(self, partitions: int = 1) -> None:
        self.counts = dict.fromkeys(
            ("metered.partial.v1", "cost.line.v1", "late.partial.v1", "dlq.usage.v1"), partitions
        )
        self.counts |= dict.fromkeys(
            ("alert.cost.v1", "budget.state.v1", "notify.sent.v1", "closed.window.v1"), partitions
        )
        self.counts |= dict.fromkeys(("usage.gpu.v1", "usage.inference.v1", "usage.resource.v1"), 1)
        self.codec = CODEC
        self.sent: list[Sent] = []

    async def send(
        self, topic: Topic, name: str, record: Mapping[str, object], key: str
    ) -> Acknowledgement:
        partition = partition_of(key, self.counts[topic.name])
        return await self.send_to(topic, partition, CODEC.encode(name, record), key)

    async def send_gone(self, topic: Topic, key: str) -> Acknowledgement:
        return await self.send_to(topic, partition_of(key, self.counts[topic.name]), None, key)

    async def send_to(
        self, topic: Topic, partition: int, value: bytes | None, _key: str | None = None
    ) -> Acknowledgement:
        future: Acknowledgement = asyncio.get_running_loop().create_future()
        name, record = ("", {}) if value is None else CODEC.decode(value)
        self.sent.append(Sent(topic.name, partition, name, record, future))
        return future

    def encode(self, name: str, record: Mapping[str, object]) -> bytes:
        return CODEC.encode(name, record)

    def named(self, *names: str) -> list[Sent]:
        """Return what was sent of some records."""
        return [each for each in self.sent if each.name in names]

    def acknowledge(self, *names: str) -> None:
        """Let the broker answer for everything of some records; without names, for all."""
        for each in self.sent:
            if not each.future.done() and (not names or each.name in names):
                each.future.set_result(None)

    def as_outlet(self) -> Outlet:
        return cast("Outlet", self)


def app(name: str) -> faust.App:
    """Return an app that is never started."""
    return make_app(name, KafkaSettings(), loop=asyncio.get_running_loop())


def metrics() -> Metrics:
    """Return metrics nobody reads."""
    return Metrics(CollectorRegistry(), "test")


def run(test: Coroutine[Any, Any, T]) -> T:
    """Run a test that waits."""
    return asyncio.run(test)


async def settle() -> None:
    """Let every task go on that waits for nothing outside the event loop."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def until(is_so: Callable[[], object]) -> None:
    """Wait for what a thread does."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - a thread sets no event of this loop
            await asyncio.sleep(LOOK_S)


async def stands(waiting: Awaitable[object]) -> bool:
    """Say whether something is still waiting when nothing else moves."""
    task = asyncio.ensure_future(waiting)
    await settle()
    return not task.done()
