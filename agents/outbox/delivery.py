"""Which batch goes to Kafka next, and what happens when it does not arrive. Pure of Kafka.

In order of `seq`. After a failure nothing more is sent until everything in flight is settled; then
the client is replaced, and sending starts again at the oldest batch left, one at a time until one
arrives. Replacing is needed: an idempotent librdkafka producer never recovers from a broker that
forgot its producer id (measured on the embedded broker, 2.16.0: it bumps the epoch for ever).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agents.outbox.limits import Limits
from agents.outbox.store import Stored

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
BEFORE_ALL = -1  # the seq before the first


@dataclass(frozen=True, slots=True)
class Report:
    """Fate of one batch. `error` is the client's name of what went wrong, None when it arrived."""

    seq: int
    error: str | None = None


class Channel(Protocol):
    """A Kafka client as delivery needs it. No method waits for the network, save `abandon`."""

    def send(self, batch: Stored) -> bool:
        """Hand a batch over; False when the client's queue is full. A report will follow."""

    def reports(self) -> list[Report]:
        """Return what became known since the last call."""

    def renew(self) -> None:
        """Replace the client. Only when nothing is in flight."""

    def abandon(self) -> list[Report]:
        """Give up on everything in flight, close, and return the last reports."""


class Delivery:
    """Sends what is on disk, and says what arrived. Not thread-safe."""

    def __init__(self, channel: Channel, limits: Limits) -> None:
        self._channel = channel
        self._max_bytes = limits.max_in_flight_bytes
        self._in_flight: dict[int, int] = {}  # seq -> bytes
        self._in_flight_bytes = 0
        self._cursor = BEFORE_ALL
        self._pause_s = 0.0  # 0: the last batch settled has arrived
        self._resume_at_s = float("-inf")
        self._failed = False
        self.last_error: str | None = None

    @property
    def in_flight(self) -> int:
        """Batches handed over and not settled."""
        return len(self._in_flight)

    def arrived(self, now_s: float) -> list[int]:
        """Return the batches acknowledged since the last call."""
        seqs = self._settle(self._channel.reports())
        if self._failed and not self._in_flight:
            self._channel.renew()
            self._pause_s = min(max(2 * self._pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
            self._resume_at_s = now_s + self._pause_s
            self._cursor = BEFORE_ALL
            self._failed = False
        return seqs

    def feed(self, read: Callable[[int, int], list[Stored]], now_s: float) -> None:
        """Send what comes after the last batch sent. `read(after, max_bytes)` fetches it."""
        room = self._room(now_s)
        if room <= 0:
            return
        for batch in read(self._cursor, room):
            if not self._channel.send(batch):
                return
            self._cursor = batch.seq
            self._in_flight[batch.seq] = len(batch.payload)
            self._in_flight_bytes += len(batch.payload)

    def stop(self) -> list[int]:
        """Give up on what is in flight; return what had arrived after all."""
        return self._settle(self._channel.abandon())

    def _room(self, now_s: float) -> int:
        if self._failed or now_s < self._resume_at_s:
            return 0
        if self._pause_s:  # nothing has arrived since the last failure: try with one batch
            return 0 if self._in_flight else 1
        return self._max_bytes - self._in_flight_bytes

    def _settle(self, reports: list[Report]) -> list[int]:
        seqs = []
        for report in reports:
            self._in_flight_bytes -= self._in_flight.pop(report.seq, 0)
            if report.error is None:
                seqs.append(report.seq)
                self._pause_s = 0.0
                self.last_error = None
            else:
                self._failed = True
                self.last_error = report.error
        return seqs
