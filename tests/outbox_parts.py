"""Pieces for the tests of the outbox: a broker in memory, clocks held still, the worker alone."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agents.outbox.clock import Clock
from agents.outbox.delivery import Delivery, Report
from agents.outbox.intake import Intake
from agents.outbox.limits import KIB, Limits
from agents.outbox.lock import Lock
from agents.outbox.remembered import Memory
from agents.outbox.sqlite_file import Producer, open_file
from agents.outbox.store import Store, Stored
from agents.outbox.worker import Parts, Worker
from schemas.codec import Codec, Record
from schemas.records import InferenceUsage

RECORD = "InferenceUsageBatch"
START_US = 1_700_000_000_000_000
SMALL = Limits(max_events=20, max_batch_bytes=2 * KIB, max_disk_bytes=3 * 1024 * KIB)


def event(number: int, **changes: object) -> dict[str, object]:
    """Return the usage event of request `r<number>`."""
    usage = InferenceUsage(
        at_us=START_US + number,
        tenant="acme",
        project=None,
        provider="openai",
        model="gpt-4o",
        endpoint=None,
        request_id=f"r{number}",
        input_tokens=1_200,
        cache_read_tokens=None,
        cache_write_5m_tokens=None,
        cache_write_1h_tokens=None,
        output_tokens=300,
        reasoning_tokens=None,
        region=None,
        service_tier=None,
        quantities=None,
    )
    return {**usage, **changes}


def numbers(batch: Record) -> list[int]:
    """Return the numbers of a batch's events."""
    return [int(one["request_id"].removeprefix("r")) for one in batch["events"]]


def decode(payload: bytes) -> Record:
    """Return the batch in a payload."""
    name, record = Codec().decode(payload)
    assert name == RECORD
    return record


@dataclass
class Hands:
    """Clocks that move when a test says so."""

    at_s: float = 0.0

    def clock(self) -> Clock:
        return Clock(lambda: START_US + round(self.at_s * 1e6), lambda: self.at_s)


@dataclass
class FakeChannel:
    """A broker in memory. Down, it keeps batches until `time_out` gives them back."""

    is_up: bool = True
    capacity: int = 1_000
    log: list[Stored] = field(default_factory=list)
    waiting: list[Stored] = field(default_factory=list)
    settled: list[Report] = field(default_factory=list)
    renewals: int = 0

    def send(self, batch: Stored) -> bool:
        if len(self.waiting) >= self.capacity:
            return False
        self.waiting.append(batch)
        return True

    def reports(self) -> list[Report]:
        if self.is_up:
            self.log += self.waiting
            self.settled += [Report(batch.seq) for batch in self.waiting]
            self.waiting = []
        settled, self.settled = self.settled, []
        return settled

    def time_out(self) -> None:
        """Fail what is in flight, as a client does after its delivery time-out."""
        self.settled += [Report(batch.seq, "_MSG_TIMED_OUT") for batch in self.waiting]
        self.waiting = []

    def renew(self) -> None:
        assert not self.waiting
        self.renewals += 1

    def abandon(self) -> list[Report]:
        if not self.is_up:
            self.settled += [Report(batch.seq, "_PURGE_QUEUE") for batch in self.waiting]
            self.waiting = []
        return self.reports()


def wait_until(is_so: Callable[[], object], within_s: float = 30.0) -> None:
    """Poll until something is so; fail at the deadline."""
    deadline_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline_s, f"not so within {within_s} s"
        time.sleep(0.01)


class Rig:
    """An outbox without its thread: the test calls `turn`. `crash` leaves the file as it is."""

    def __init__(
        self,
        path: Path,
        channel: FakeChannel,
        hands: Hands,
        limits: Limits = SMALL,
        memory: Memory | None = None,
    ) -> None:
        clock = hands.clock()
        self.hands = hands
        self._lock = Lock(path)
        self._db = open_file(path, self._lock, Producer("gw-1", RECORD), clock.now_us())
        self.store = Store(path, self._db, limits)
        self.intake = Intake(limits, clock, is_confirmed=memory is not None)
        delivery = Delivery(channel, limits)
        parts = Parts(self.intake, self.store, delivery, clock, limits, memory)
        self.worker = Worker(parts, Codec(), "gw-1", RECORD)

    def turn(self, after_s: float = 0.0) -> None:
        """Let time pass, then let the worker have its turn."""
        self.hands.at_s += after_s
        self.worker.turn()

    def drain(self) -> None:
        """Turn until Kafka has everything."""
        for _ in range(10_000):
            if self.worker.is_drained():
                return
            self.turn(after_s=1.0)
        raise AssertionError(f"expected to drain, got {self.worker.stats}")

    def crash(self) -> None:
        """Lose what is in memory."""
        self._db.close()
        self._lock.release()
