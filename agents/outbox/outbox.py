"""The outbox as a producer sees it: `put` and forget.

    with Outbox(OutboxConfig(path=..., source="gw-eu-3", topic="usage.inference.v1",
                             record="InferenceUsageBatch", kafka={...})) as outbox:
        outbox.put(event)

Open it in the process that puts: a child of a fork calls `leave_after_fork`. Never copy or restore
an outbox file: it would number other events with batch ids already used.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from types import TracebackType

from agents.errors import OutboxError, OutboxMisconfigured
from agents.outbox.batcher import Event, Note
from agents.outbox.clock import Clock
from agents.outbox.delivery import Channel, Delivery
from agents.outbox.intake import Intake
from agents.outbox.kafka_channel import Destination, KafkaChannel, Property
from agents.outbox.limits import Limits
from agents.outbox.lock import Lock
from agents.outbox.log import Log, structured
from agents.outbox.remembered import Memory
from agents.outbox.sqlite_file import Producer, open_file
from agents.outbox.stats import Left, Stats
from agents.outbox.store import Store
from agents.outbox.worker import Parts, Worker
from schemas.codec import Codec
from schemas.topics import USAGE

CLOSE_S = 10.0
FLUSH_S = 10.0
GRACE_S = 5.0  # beyond a close's deadline, for the disk and the client to let go


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxConfig:
    """One producer instance. `path` and `source` are its own; `source` never changes."""

    path: Path
    source: str
    topic: str
    record: str  # name of the batch record, e.g. InferenceUsageBatch
    kafka: Mapping[str, Property]  # librdkafka properties: bootstrap.servers, security, ...
    limits: Limits = field(default_factory=Limits)
    # Given: each event has an identity, one kept before is not kept again, and whoever puts it
    # keeps it until `flush` said that it is on disk. So nothing refused is a loss.
    memory: Memory | None = None

    def __post_init__(self) -> None:
        records = [record for topic in USAGE for record in topic.records]
        if self.record not in records:
            raise OutboxMisconfigured(self.path, f"expected one of {records}, got {self.record!r}")
        if not self.source:
            raise OutboxMisconfigured(self.path, "expected a stable name as source, got none")
        least = self.limits.least_disk_bytes + (self.memory.disk_bytes if self.memory else 0)
        if self.limits.max_disk_bytes < least:
            raise OutboxMisconfigured(
                self.path,
                f"expected at least {least} bytes of disk for what is to be remembered, got "
                f"{self.limits.max_disk_bytes}; allow more, or remember less",
            )


class Outbox:
    """An open outbox, with a thread of its own. Thread-safe.

    Opening raises OutboxBusy, OutboxForeign, OutboxCorrupt, OutboxDiskRefused or
    OutboxMisconfigured. What the file still held is sent again.
    """

    def __init__(
        self,
        config: OutboxConfig,
        *,
        codec: Codec | None = None,
        clock: Clock | None = None,
        channel: Channel | None = None,
        log: Log | None = None,
    ) -> None:
        clock = clock or Clock()
        self._config = config
        self._clock = clock
        self._intake = Intake(config.limits, clock, is_confirmed=config.memory is not None)
        self._lock = Lock(config.path)
        try:
            self._store = self._open_store()
            try:
                self.notes: Mapping[str, str] = self._store.notes()  # as of the opening
                delivery = Delivery(channel or self._connect(), config.limits)
                parts = Parts(
                    self._intake, self._store, delivery, clock, config.limits, config.memory
                )
                self._worker = Worker(parts, codec or Codec(), config.source, config.record)
            except BaseException:
                self._store.close()
                raise
        except BaseException:
            self._lock.release()
            raise
        self._closing = Flag()
        self._give_up_at_s = float("inf")
        self._failure: Exception | None = None
        self._left: Left | None = None
        self._log = log or structured(config.source)
        self._thread = Thread(target=self._run, name=f"outbox-{config.source}", daemon=True)
        self._thread.start()

    def put(
        self, event: Event, identity: bytes | None = None, *, notes: Sequence[Note] = ()
    ) -> bool:
        """Hand over one event, which the caller must not change afterwards.

        Returns at once, without touching disk or network. False: there is no place for it, or the
        outbox is closed or has failed; it is counted. Up to `max_age_s` of accepted events are in
        memory only; `flush` when that is not enough. `identity` (see `remembered.identity`) goes
        with an outbox that has a memory, and only with one. Without one an event may be a mapping
        that is made when it is read, by the outbox's thread; an empty one is none. `notes` are kept
        in the transaction of the event's batch: after any crash they say what the events on disk
        say.
        """
        if (identity is None) != (self._config.memory is None):
            raise ValueError(
                "expected an identity of each event where there is a memory, else none"
            )
        return self._intake.put(event, identity, notes)

    def mark(self) -> int:
        """Return a mark to take before `put` and give to the `flush` that follows it."""
        return self._intake.mark()

    def report_lost(self, events: int, first_us: int, last_us: int) -> None:
        """Have a batch tell of events that the caller had to drop before it could put them."""
        self._intake.report_lost(events, first_us, last_us)

    def leave_after_fork(self) -> None:
        """Let go of the file in the child of a fork; it stays the parent's.

        The object is dead afterwards, and must be kept until the child ends: the database and the
        Kafka client in it are the parent's, and closing them here would disturb or hang.
        """
        self._lock.release()

    def flush(self, timeout_s: float = FLUSH_S, since: int | None = None) -> bool:
        """Block until all that was put before is synced to disk.

        False: the deadline passed first, the outbox has stopped, or an accepted event was lost,
        after the mark `since` when there is one.
        """
        return self._intake.flush(timeout_s, since)

    @property
    def buffered(self) -> int:
        """How many events wait for the disk. Does not block."""
        return len(self._intake)

    def stats(self) -> Stats:
        """Return the state after the worker's last turn. Does not block."""
        accepted, buffered, dropped = self._intake.counts()
        return replace(
            self._worker.stats,
            accepted=accepted,
            buffered=buffered,
            dropped=dropped,
            failure=None if self._failure is None else str(self._failure),
        )

    def close(self, timeout_s: float = CLOSE_S) -> Left:
        """Stop taking events, send what there is until the deadline, and say what is left on disk.

        Raises what made the outbox stop by itself. May be called again, with the same result.
        """
        self._give_up_at_s = self._clock.monotonic_s() + timeout_s
        self._closing.set()
        self._intake.close()
        self._thread.join(timeout_s + GRACE_S)
        if self._failure is not None:
            raise self._failure
        if self._left is None:
            raise OutboxError(
                self._config.path,
                f"expected to close within {timeout_s + GRACE_S} s, but the disk does not answer; "
                "what is on it will be sent at the next start",
            )
        return self._left

    def __enter__(self) -> "Outbox":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _open_store(self) -> Store:
        config = self._config
        producer = Producer(config.source, config.record)
        db = open_file(config.path, self._lock, producer, self._clock.now_us())
        return Store(config.path, db, config.limits)

    def _connect(self) -> KafkaChannel:
        config = self._config
        destination = Destination(config.topic, config.source, config.kafka)
        return KafkaChannel(config.path, destination, config.limits)

    def _run(self) -> None:
        self._log.info("outbox_opened", **self._facts())
        try:
            while not self._is_done():
                before = self._worker.stats
                self._worker.turn(is_last=self._closing.is_set())
                self._log_changes(before, self._worker.stats)
                self._intake.wait(self._worker.wait_s())
            self._left = self._worker.finish()
            self._log.info("outbox_closed", **self._facts())
        except Exception as error:  # noqa: BLE001 -- the top-level loop; close raises it
            self._failure = error
            with suppress(Exception):  # the first failure is the one to tell
                self._worker.give_up()
            self._log.exception("outbox_failed", path=str(self._config.path))
        finally:
            self._intake.stop()
            self._store.close()
            self._lock.release()

    def _is_done(self) -> bool:
        if not self._closing.is_set():
            return False
        return self._worker.is_drained() or self._clock.monotonic_s() >= self._give_up_at_s

    def _log_changes(self, before: Stats, now: Stats) -> None:
        if now.last_error != before.last_error:
            self._log.warning("delivery_state", error=now.last_error, **self._facts())
        if (now.refusing, now.disk_error) != (before.refusing, before.disk_error):
            self._log.warning(
                "outbox_state", refusing=now.refusing, disk_error=now.disk_error, **self._facts()
            )

    def _facts(self) -> dict[str, object]:
        stats = self._worker.stats
        return {
            "epoch": stats.epoch,
            "next_seq": stats.next_seq,
            "pending_batches": stats.pending_batches,
            "pending_events": stats.pending_events,
            "unreported_losses": stats.unreported_losses,
        }
