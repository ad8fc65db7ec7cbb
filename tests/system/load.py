"""The whole load of a run, seeded: what is sent in which order, and what each batch is worth.

Event time moves by what is sent (the processors' clock is the log): a slot is 5 s of it, and every
slot ends with a heartbeat on every partition. So for every batch it is known beforehand whether its
windows can have closed at its place in the log.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from schemas import topics
from schemas.codec import Codec
from schemas.topics import Topic, partition_of
from tests.system import facts, producers
from tests.system.facts import LATENESS_US, SLOT_US, T0_US, WINDOW_US
from tests.system.ledger import BatchId, Place, Usage

GATEWAYS = 10
GATEWAY_EVENTS = (100, 500)
NODES = [
    *((f"h100-{n}", facts.H100) for n in range(6)),
    *((f"a100-{n}", facts.A100) for n in range(3)),
    *((f"edge-{n}", facts.L4) for n in range(2)),
]
BILLERS = 2
COPIED, COPY_SLOTS = 0.08, 12  # share of batches sent twice, the second time up to so much later
DELAYED, DELAY_SLOTS = 0.03, 2  # share sent later than it should be, but in time
HELD_BACK = 0.012  # share sent when its windows have closed
HEIRLOOMS, HEIRLOOM_SLOTS = 4, 60  # copies that come when nobody remembers the batch
RECORDS = {
    topics.USAGE_GPU: "GpuUsageBatch",
    topics.USAGE_INFERENCE: "InferenceUsageBatch",
    topics.USAGE_RESOURCE: "ResourceUsageBatch",
}
HEARTBEATS = "clock-"

Punctuality = Literal["in_time", "maybe", "late"]


@dataclass(frozen=True, slots=True)
class Send:
    """One message, and the time its partition has reached once it is read."""

    topic: str
    partition: int
    key: str
    value: bytes
    batch: BatchId
    reaches_us: int


@dataclass(slots=True)
class Load:
    """Everything that is sent in a run."""

    slots: list[list[Send]]
    worths: dict[BatchId, dict[Place, Usage]] = field(default_factory=dict)
    held: list[Send] = field(default_factory=list)  # until their windows are seen to be final
    heirlooms: set[BatchId] = field(default_factory=set)
    in_time: set[tuple[BatchId, Place]] = field(default_factory=set)  # must be counted
    copies: int = 0
    delayed: int = 0

    @property
    def events(self) -> int:
        """Events of all batches, each batch once."""
        return sum(u.events for worths in self.worths.values() for u in worths.values())

    @property
    def late(self) -> set[tuple[BatchId, Place]]:
        """What must be passed on."""
        return {(send.batch, place) for send in self.held for place in self.worths[send.batch]}

    @property
    def end_us(self) -> int:
        """Event time at the end of the last slot."""
        return T0_US + len(self.slots) * SLOT_US

    @property
    def places(self) -> set[Place]:
        """Every window of every pool that something must be counted in."""
        return {place for _, place in self.in_time}


class Loader:
    """Puts a load together."""

    def __init__(
        self, seed: int, slots: int, partitions: int, events: tuple[int, int] = GATEWAY_EVENTS
    ) -> None:
        self.random = Random(seed)
        self.events = events
        self.partitions = partitions
        self.codec = Codec()
        self.load = Load([[] for _ in range(slots)])
        self.seqs: dict[tuple[str, int], int] = {}

    def build(self) -> Load:
        """Return the load."""
        for slot in range(len(self.load.slots)):
            for topic, source, events, worths in self.slot_batches(slot):
                self.dispatch(slot, self.send(slot, topic, source, events, worths))
        for slot, sends in enumerate(self.load.slots):
            self.random.shuffle(sends)
            sends.extend(self.heartbeats(T0_US + (slot + 1) * SLOT_US))
        self.judge_punctuality()
        return self.load

    def slot_batches(
        self, slot: int
    ) -> Iterator[tuple[Topic, str, list[producers.Event], producers.Worths]]:
        """Yield one batch of every producer."""
        start_us = T0_US + slot * SLOT_US
        for number in range(GATEWAYS):
            count = self.random.randint(*self.events)
            yield (
                topics.USAGE_INFERENCE,
                f"gw-{number}",
                *producers.calls(self.random, start_us, count),
            )
        for number, (node, gpu) in enumerate(NODES):
            begins_us = start_us + number * SLOT_US // len(NODES)
            yield (
                topics.USAGE_GPU,
                node,
                *producers.intervals(self.random, node, gpu, begins_us),
            )
        for number in range(BILLERS):
            yield (
                topics.USAGE_RESOURCE,
                f"billing-{number}",
                *producers.quantities(self.random, start_us),
            )

    def send(
        self,
        slot: int,
        topic: Topic,
        source: str,
        events: list[producers.Event],
        worths: producers.Worths,
    ) -> Send:
        """Return a batch as a message; each producer begins a new epoch once in the run."""
        epoch = 1 + (slot * 2 > len(self.load.slots))
        batch = BatchId(source, epoch, self.next_seq(source, epoch))
        self.load.worths[batch] = worths
        sent_at_us = T0_US + (slot + 1) * SLOT_US
        ends = (event.get("at_us") or event["end_us"] for event in events)
        return Send(
            topic.name,
            partition_of(source, self.partitions),
            source,
            self.encoded(topic, batch, sent_at_us, events),
            batch,
            max(sent_at_us, *ends),
        )

    def encoded(
        self, topic: Topic, batch: BatchId, sent_at_us: int, events: list[producers.Event]
    ) -> bytes:
        """Return the bytes of a batch."""
        head = {**batch._asdict(), "sent_at_us": sent_at_us, "losses": [], "events": events}
        return self.codec.encode(RECORDS[topic], head)

    def next_seq(self, source: str, epoch: int) -> int:
        """Return 0, 1, 2, ..."""
        seq = self.seqs.get((source, epoch), 0)
        self.seqs[source, epoch] = seq + 1
        return seq

    def dispatch(self, slot: int, send: Send) -> None:
        """Decide when a batch is sent, and how often."""
        load, last = self.load, len(self.load.slots) - 1
        fate = self.random.random()
        if fate < HELD_BACK and send.topic != topics.USAGE_RESOURCE.name:
            load.held.append(send)
            return
        if fate < HELD_BACK + DELAYED:
            load.delayed += 1
            slot = min(last, slot + self.random.randint(1, DELAY_SLOTS))
        load.slots[slot].append(send)
        if self.random.random() < COPIED:
            load.copies += 1
            load.slots[min(last, slot + self.random.randint(0, COPY_SLOTS))].append(send)
        elif len(load.heirlooms) < HEIRLOOMS and slot + HEIRLOOM_SLOTS <= last:
            load.heirlooms.add(send.batch)
            load.slots[slot + HEIRLOOM_SLOTS].append(send)

    def heartbeats(self, at_us: int) -> list[Send]:
        """Return a batch without events for every partition of every usage topic."""
        sends = []
        for topic in topics.USAGE:
            for partition in range(self.partitions):
                source = f"{HEARTBEATS}{topic.name}-{partition}"
                batch = BatchId(source, 1, self.next_seq(source, 1))
                value = self.encoded(topic, batch, at_us, [])
                sends.append(Send(topic.name, partition, source, value, batch, at_us))
        return sends

    def judge_punctuality(self) -> None:
        """Find what cannot be late: its window is open for all that was sent before it."""
        reached: dict[tuple[str, int], int] = {}
        for send in (send for sends in self.load.slots for send in sends):
            time_us = reached.get((send.topic, send.partition), 0)
            for place in self.load.worths.get(send.batch, {}):
                if time_us < place.start_us + WINDOW_US + LATENESS_US:
                    self.load.in_time.add((send.batch, place))
            reached[send.topic, send.partition] = max(time_us, send.reaches_us)
