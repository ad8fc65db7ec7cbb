"""The one place that the callers' threads and the worker share. Every method takes its lock.

Nothing in here touches the disk or the network, so `put` waits for a few instructions at most.
"""

from collections import Counter
from collections.abc import Sequence
from threading import Condition, Lock

from agents.outbox.batcher import Batcher, Event, Note, Waiting
from agents.outbox.clock import Clock
from agents.outbox.limits import Limits
from agents.outbox.losses import Losses, Reason
from schemas.records import Loss

CLOSING_WAIT_S = 0.02  # the worker may have missed the call to wake up


class Intake:
    """Accepts events, or counts them as lost."""

    def __init__(self, limits: Limits, clock: Clock, *, is_confirmed: bool = False) -> None:
        """`is_confirmed`: callers keep what `flush` did not confirm, so a refusal is no loss."""
        self._limits = limits
        self._is_confirmed = is_confirmed
        self._clock = clock
        lock = Lock()
        self._work = Condition(lock)  # the worker waits here
        self._served_one = Condition(lock)  # flush waits here
        self._batcher = Batcher(limits)
        self._refusing: Reason | None = None
        self._refused = Losses()
        self._lost_after_accept = 0
        self._flushes_asked = 0
        self._flushes_seen = 0
        self._flushes_served = 0
        self._is_closed = False
        self._is_stopped = False
        self._accepted = 0
        self._dropped: Counter[Reason] = Counter()

    def __len__(self) -> int:
        return len(self._batcher)

    def put(self, event: Event, identity: bytes | None = None, notes: Sequence[Note] = ()) -> bool:
        """Take one event in; False when there is no place for it, which is then counted."""
        now_s = self._clock.monotonic_s()
        with self._work:
            refusal = self._refusal()
            if refusal is not None:
                self._count_refused(refusal)
                return False
            self._batcher.add(Waiting(now_s, event, identity, notes))
            self._accepted += 1
            if len(self._batcher) == 1 or self._batcher.is_full_batch():
                self._work.notify()
        return True

    def mark(self) -> int:
        """Return where a caller of `put` stands: what is lost from here on, its `flush` tells."""
        with self._work:
            return self._lost_after_accept

    def flush(self, timeout_s: float, since: int | None = None) -> bool:
        """Wait until the worker has dealt with all accepted so far; True when nothing was lost.

        `since`: a mark; losses after it count. None: those from now on.
        """
        with self._work:
            lost_before = self._lost_after_accept if since is None else since
            self._flushes_asked += 1
            ticket = self._flushes_asked
            self._work.notify()
            self._served_one.wait_for(
                lambda: self._flushes_served >= ticket or self._is_stopped, timeout_s
            )
            return self._flushes_served >= ticket and self._lost_after_accept == lost_before

    def wait(self, longest_s: float) -> None:
        """Let the worker sleep until a batch is due, a flush is asked for, or the time is up."""
        with self._work:
            if self._flushes_asked > self._flushes_seen:
                return
            if self._is_closed:
                longest_s = min(longest_s, CLOSING_WAIT_S)
            due_at_s = self._batcher.due_at_s()
            if due_at_s is not None:
                longest_s = min(longest_s, due_at_s - self._clock.monotonic_s())
            if longest_s > 0:
                self._work.wait(longest_s)

    def flush_asked(self) -> int:
        """Return the last flush not yet served, 0 when there is none."""
        with self._work:
            self._flushes_seen = self._flushes_asked
            return self._flushes_asked if self._flushes_asked > self._flushes_served else 0

    def flush_served(self, ticket: int) -> None:
        """Wake those who asked for a flush up to this one."""
        with self._work:
            self._flushes_served = max(self._flushes_served, ticket)
            self._served_one.notify_all()

    def due(self, now_s: float) -> list[Waiting]:
        """Return the events of the batch that is due; none when none is."""
        with self._work:
            due_at_s = self._batcher.due_at_s()
            return self._batcher.first() if due_at_s is not None and due_at_s <= now_s else []

    def learn(self, events: int, batch_bytes: int) -> None:
        """Tell how large a batch became."""
        with self._work:
            self._batcher.learn(events, batch_bytes)

    def settle(self, events: int, lost: dict[Reason, int]) -> None:
        """Forget the first events: they are on disk, or lost for these reasons."""
        with self._work:
            self._batcher.drop(events)
            self._lost_after_accept += sum(lost.values())
            self._dropped.update(lost)

    def refuse(self, reason: Reason | None) -> None:
        """Refuse events from now on, or accept them again."""
        with self._work:
            self._refusing = reason

    def take_refused(self) -> list[Loss]:
        """Return what was refused since the last call."""
        with self._work:
            return self._refused.take()

    def report_lost(self, events: int, first_us: int, last_us: int) -> None:
        """Count events that were dropped before they got here: their buffer was full."""
        reason = Reason.BUFFER_FULL
        loss = Loss(events=events, first_us=first_us, last_us=last_us, reason=reason.value)
        with self._work:
            self._dropped[reason] += events
            self._refused.merge([loss])
            self._work.notify()

    def close(self) -> None:
        """Refuse for good, and wake the worker to finish."""
        with self._work:
            self._is_closed = True
            self._work.notify()

    def counts(self) -> tuple[int, int, dict[str, int]]:
        """Return the events accepted, those of them in memory, and those dropped by reason."""
        with self._work:
            dropped = {reason.value: events for reason, events in self._dropped.items()}
            return self._accepted, len(self._batcher), dropped

    def stop(self) -> None:
        """Say that the worker is gone: nothing will be served any more."""
        with self._work:
            self._is_closed = self._is_stopped = True
            self._served_one.notify_all()

    def _refusal(self) -> Reason | None:
        if self._is_closed:
            return Reason.STOPPED
        if len(self._batcher) >= self._limits.max_buffered_events:
            return self._refusing or Reason.BUFFER_FULL
        return self._refusing

    def _count_refused(self, reason: Reason) -> None:
        self._dropped[reason] += 1
        if reason is not Reason.STOPPED and not self._is_confirmed:
            self._refused.add(reason, 1, self._clock.now_us())
