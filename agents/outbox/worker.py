"""One turn of the outbox: what arrived is forgotten, what is due goes to disk, then to Kafka.

Owns the store and the channel; one thread calls it. The order of a turn is what makes a crash
harmless, and is numbered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from agents.errors import OutboxDiskRefused
from agents.outbox.batcher import Event, Note, Waiting, pack
from agents.outbox.clock import Clock
from agents.outbox.delivery import Delivery
from agents.outbox.intake import Intake
from agents.outbox.limits import Limits
from agents.outbox.losses import Losses, Reason
from agents.outbox.remembered import Memory, Remembered
from agents.outbox.stats import Left, Stats
from agents.outbox.store import Store
from schemas.codec import Codec

BATCHES_A_TURN = 16  # then deliveries get their turn
RECLAIMS_A_TURN = 4  # steps of giving free pages back to the file system
BUSY_WAIT_S = 0.05
IDLE_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker works with."""

    intake: Intake
    store: Store
    delivery: Delivery
    clock: Clock
    limits: Limits
    memory: Memory | None = None  # None: no event has an identity, and what is refused is a loss


class Worker:
    """Moves events from the intake to disk and batches from disk to Kafka."""

    def __init__(self, parts: Parts, codec: Codec, source: str, record: str) -> None:
        self._intake = parts.intake
        self._store = parts.store
        self._delivery = parts.delivery
        self._clock = parts.clock
        self._limits = parts.limits
        self._codec = codec
        self._source = source
        self._record = record
        self._saved = parts.store.losses()  # as on disk
        self._losses = Losses(self._saved)  # those and newer ones
        self._remembered = self._recollected(parts)
        self._repeated = 0
        self._losses_due_at_s = float("-inf")
        self._trouble: Reason | None = None  # of the last write to disk
        self._disk_error: OutboxDiskRefused | None = None
        self._arrived: list[int] = []  # acknowledged, not yet deleted
        self._delivered = 0
        self._is_tidying = False
        self.stats = Stats()
        self._publish()

    def turn(self, *, is_last: bool = False) -> None:
        """Do what can be done without waiting for the network. `is_last`: leave nothing in memory.

        1. Forget what arrived. A crash before: sent again, same bytes.
        2. Close batches and sync them to disk. A crash before: the events in memory, at most
           `max_age_s` of them, are gone.
        3. Send from disk. A crash before or after: sent at the next start.
        """
        try:
            self._turn(is_last=is_last)
        except OutboxDiskRefused as error:  # while reading: nothing is lost, try again
            self._disk_error = error
            self.stats = replace(self.stats, disk_error=str(error))

    def _turn(self, *, is_last: bool) -> None:
        now_s = self._clock.monotonic_s()
        flush = self._intake.flush_asked()
        self._forget(self._delivery.arrived(now_s))
        self._close_due(now_s, is_forced=bool(flush) or is_last)
        self._delivery.feed(self._store.after, now_s)
        self._tidy()
        self._publish()
        if flush:
            self._intake.flush_served(flush)

    def wait_s(self) -> float:
        """Return how long to sleep when no event comes."""
        is_busy = self._store.pending.batches or self._losses or self._is_tidying
        return min(BUSY_WAIT_S, self._limits.max_age_s) if is_busy else IDLE_WAIT_S

    def is_drained(self) -> bool:
        """Tell whether Kafka has everything."""
        return not (len(self._intake) or self._store.pending.batches or self._losses)

    def finish(self) -> Left:
        """Give up sending, keep the rest on disk, and say what it is."""
        self._close_due(self._clock.monotonic_s(), is_forced=True)
        self._forget(self._delivery.stop())
        self._publish()
        pending = self._store.pending
        return Left(
            batches=pending.batches,
            events=pending.events,
            payload_bytes=pending.payload_bytes,
            unreported_losses=self._losses.events(),
        )

    def give_up(self) -> None:
        """Let go of the Kafka client after a failure; the file stays as it is."""
        self._delivery.stop()

    def _forget(self, arrived: list[int]) -> None:
        self._arrived += arrived
        self._delivered += len(arrived)
        if not self._arrived:
            return
        try:
            self._store.forget(self._arrived)
        except OutboxDiskRefused:
            return  # they stay, and may be sent again
        self._arrived = []

    def _close_due(self, now_s: float, *, is_forced: bool) -> None:
        self._losses.merge(self._intake.take_refused())
        accepted = len(self._intake) if is_forced else 0
        batches = 0
        while batches < BATCHES_A_TURN or accepted > 0:
            waiting = self._intake.due(float("inf") if accepted > 0 else now_s)
            if not waiting:
                break
            accepted -= self._close(waiting)
            batches += 1
        if self._losses and (is_forced or now_s >= self._losses_due_at_s):
            self._keep_losses()
            self._losses_due_at_s = now_s + self._limits.max_age_s
        self._intake.refuse(self._refusal())

    def _close(self, waiting: Sequence[Waiting]) -> int:
        """Make a batch of the first events, on disk or lost; return how many these were."""
        if not self._store.has_room():
            lost = sum(bool(each.event) for each in waiting)
            full = {Reason.OUTBOX_FULL: lost} if lost else {}
            return self._lose(full, repeated=len(waiting) - lost)
        fresh = self._fresh(waiting)
        if not fresh:
            return self._lose({}, repeated=len(waiting))
        at_us = self._clock.now_us()
        events = [waiting[place].event for place in fresh]
        packed = pack(events, partial(self._encode, at_us), self._limits.max_batch_bytes)
        taken = len(waiting) if packed.taken == len(fresh) else fresh[packed.taken]
        repeated = taken - packed.taken
        if packed.payload is None:
            return self._lose(packed.rejected, repeated=repeated)
        self._intake.learn(packed.kept, len(packed.payload))
        kept = [
            waiting[place].identity
            for number, place in enumerate(fresh[: packed.taken])
            if number not in packed.rejected_at
        ]
        notes = [note for each in waiting[:taken] for note in each.notes]
        trouble = self._append(kept, at_us, packed.payload, notes)
        if trouble is None:
            return self._lose(packed.rejected, packed.kept, repeated)
        return self._lose({**packed.rejected, trouble: packed.kept}, repeated=repeated)

    def _fresh(self, waiting: Sequence[Waiting]) -> Sequence[int]:
        """Return the places of events that were not kept before, and are not empty."""
        if self._remembered is None:
            return [place for place, each in enumerate(waiting) if each.event]
        return self._remembered.fresh([each.identity or b"" for each in waiting])

    def _append(
        self,
        kept: Sequence[bytes | None],
        at_us: int,
        payload: bytes,
        notes: Sequence[Note] = (),
    ) -> Reason | None:
        """Keep a batch, with all losses so far in it; return why the disk would not."""
        memory, seq = self._remembered, self._store.next_seq
        step = None if memory is None else memory.step([each or b"" for each in kept], at_us)
        try:
            self._store.append(len(kept), at_us, payload, step, notes)
        except OutboxDiskRefused as error:
            return self._refuse(error)
        if memory is not None and step is not None:
            memory.take(step, seq, at_us)
        self._trouble = self._disk_error = None
        self._losses = Losses()
        self._saved = []
        return None

    def _refuse(self, error: OutboxDiskRefused) -> Reason:
        """Take no more events until the disk accepts a write again."""
        self._disk_error = error
        self._trouble = Reason.DISK_FULL if error.is_full else Reason.DISK_ERROR
        return self._trouble

    def _lose(self, lost: dict[Reason, int], kept: int = 0, repeated: int = 0) -> int:
        at_us = self._clock.now_us()
        for reason, events in lost.items() if self._remembered is None else ():
            self._losses.add(reason, events, at_us)
        self._repeated += 0 if self._remembered is None else repeated  # else they were empty
        settled = kept + repeated + sum(lost.values())
        self._intake.settle(settled, lost)
        return settled

    def _keep_losses(self) -> None:
        """Report the losses in a batch of their own, or keep them where they survive a crash."""
        at_us = self._clock.now_us()
        if self._store.has_room() and not self._append([], at_us, self._encode(at_us, [])):
            return
        records = self._losses.records()
        if records == self._saved:
            return
        try:
            self._store.save_losses(records)
        except OutboxDiskRefused:
            return  # kept in memory, tried again
        self._saved = records

    def _encode(self, at_us: int, events: Sequence[Event]) -> bytes:
        batch = {
            "source": self._source,
            "epoch": self._store.epoch,
            "seq": self._store.next_seq,
            "sent_at_us": at_us,
            "losses": self._losses.records(),
            "events": events,
        }
        return self._codec.encode(self._record, batch)

    def _refusal(self) -> Reason | None:
        return self._trouble or (None if self._store.has_room() else Reason.OUTBOX_FULL)

    @staticmethod
    def _recollected(parts: Parts) -> Remembered | None:
        if parts.memory is None:
            return None
        return Remembered(parts.memory, parts.store.remembered())

    def _tidy(self) -> None:
        try:
            self._is_tidying = sum(self._store.reclaim() for _ in range(RECLAIMS_A_TURN)) > 0
        except OutboxDiskRefused:
            self._is_tidying = False  # the space stays for the next batches

    def _publish(self) -> None:
        pending = self._store.pending
        oldest_us = self._store.oldest_us()
        self.stats = Stats(
            epoch=self._store.epoch,
            next_seq=self._store.next_seq,
            delivered=self._delivered,
            repeated=self._repeated,
            remembered=0 if self._remembered is None else len(self._remembered),
            remembered_since_us=None if self._remembered is None else self._remembered.since_us,
            pending_batches=pending.batches,
            pending_events=pending.events,
            pending_bytes=pending.payload_bytes,
            unreported_losses=self._losses.events(),
            disk_bytes=self._store.disk_bytes(),
            oldest_age_s=(
                0.0 if oldest_us is None else max(0, self._clock.now_us() - oldest_us) / 1e6
            ),
            refusing=self._refusal(),
            in_flight=self._delivery.in_flight,
            last_error=self._delivery.last_error,
            disk_error=None if self._disk_error is None else str(self._disk_error),
        )
