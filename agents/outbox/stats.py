"""What an outbox says about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """One look at a running outbox. Counts are since it was opened, unless they say pending."""

    epoch: int = 0  # UTC microseconds
    next_seq: int = 0
    accepted: int = 0  # events that put answered True
    buffered: int = 0  # of these, still in memory
    dropped: Mapping[str, int] = field(default_factory=dict)  # events by reason
    repeated: int = 0  # events that were kept before, by their identity
    remembered: int = 0  # identities
    remembered_since_us: int | None = None  # of the oldest; None: nothing is remembered
    delivered: int = 0  # batches acknowledged
    pending_batches: int = 0  # on disk, not acknowledged
    pending_events: int = 0
    pending_bytes: int = 0  # encoded
    unreported_losses: int = 0  # events lost that no batch tells of yet
    disk_bytes: int = 0  # database and write-ahead log
    oldest_age_s: float = 0.0  # since the oldest pending batch was closed
    in_flight: int = 0  # batches handed to the Kafka client
    refusing: str | None = None  # why put answers False at present; None: it does not
    last_error: str | None = None  # of the last delivery; None once one has arrived
    disk_error: str | None = None  # of the last write or read; None once a batch was kept
    failure: str | None = None  # why the outbox stopped by itself; None: it runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a closed outbox leaves on disk for the next start."""

    batches: int
    events: int
    payload_bytes: int
    unreported_losses: int  # events

    @property
    def is_drained(self) -> bool:
        """Tell whether Kafka has everything."""
        return self.batches == 0 and self.unreported_losses == 0
