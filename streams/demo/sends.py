"""Messages of a load, in the order they are sent, and the batcher that numbers them.

A `Send` says where in event time it is sent; how fast event time passes is the player's business.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from schemas.records import BatchHead
from schemas.topics import Topic

MAX_EVENTS = 1_000  # of a batch, by the contract of the usage topics


@dataclass(frozen=True, slots=True)
class Send:
    """One message: `batch` goes to `topic` when event time reaches `at_us`."""

    at_us: int
    topic: str
    source: str
    record_name: str
    batch: dict[str, Any]  # Avro data, whose fields schemas.records types


class Batcher:
    """Closes the batches of one source: numbered from 0 without gaps."""

    def __init__(self, topic: Topic, source: str, epoch: int) -> None:
        self.source = source
        self._topic = topic
        self._epoch = epoch
        self._seq = 0
        self._events: list[Any] = []

    def __len__(self) -> int:
        return len(self._events)

    @property
    def is_full(self) -> bool:
        """Whether the batch must be closed before another event is added."""
        return len(self._events) >= MAX_EVENTS

    def add(self, event: object) -> None:
        """Add one event of the topic's record."""
        self._events.append(event)

    def close(self, at_us: int) -> Send:
        """Return the batch as it is sent at an instant, empty or not, and begin the next one."""
        head: BatchHead = {
            "source": self.source,
            "epoch": self._epoch,
            "seq": self._seq,
            "sent_at_us": at_us,
            "losses": [],
        }
        events, self._events = self._events, []
        self._seq += 1
        batch = {**head, "events": events}
        return Send(at_us, self._topic.name, self.source, self._topic.records[0], batch)


@dataclass(frozen=True, slots=True)
class Disturbance:
    """How a network mistreats messages: shares of them, each in 0..1, and the longest delay."""

    late_ratio: float
    duplicate_ratio: float
    max_delay_us: int


def disturbed(sends: Iterable[Send], how: Disturbance, rng: Random) -> Iterator[Send]:
    """Yield ascending sends with some delayed and some sent again later, still ascending.

    Content never changes: a duplicate has the batch id of its original, a late batch its old
    `sent_at_us`.
    """
    waiting: list[tuple[int, int, Send]] = []
    order = 0
    for send in sends:
        while waiting and waiting[0][0] <= send.at_us:
            yield heapq.heappop(waiting)[2]
        held = [delayed(send, how, rng)] if rng.random() < how.late_ratio else []
        if not held:
            yield send
        if rng.random() < how.duplicate_ratio:
            held.append(delayed(send, how, rng))
        for each in held:
            heapq.heappush(waiting, (each.at_us, order, each))
            order += 1
    while waiting:
        yield heapq.heappop(waiting)[2]


def delayed(send: Send, how: Disturbance, rng: Random) -> Send:
    """Return the same message, sent up to the longest delay later."""
    return replace(send, at_us=send.at_us + rng.randint(1, how.max_delay_us))
