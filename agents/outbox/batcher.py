"""When a batch is due, and how many events go into it. Pure: time comes as an argument, no locks.

Invariant: events leave in the order they came, each once, and none waits longer than `max_age_s`
when asked in time.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeAlias

from agents.outbox.limits import Limits
from agents.outbox.losses import Reason
from schemas.errors import InvalidRecord

Event: TypeAlias = Mapping[str, object]
Encode: TypeAlias = Callable[[Sequence[Event]], bytes]


class Note(NamedTuple):
    """What a producer wants to find again at its next start, in place of what the name had."""

    name: str
    text: str


class Waiting(NamedTuple):
    """An event that is in no batch yet. Null identity: its producer does not repeat events."""

    since_s: float  # monotonic
    event: Event
    identity: bytes | None = None
    notes: Sequence[Note] = ()


class Batcher:
    """Events waiting for their batch, oldest first.

    The byte limit is met by estimate here (the mean of the last batch) and exactly in `pack`.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: deque[Waiting] = deque()
        self._fill_events = limits.max_events

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, waiting: Waiting) -> None:
        """Append one event."""
        self._waiting.append(waiting)

    def is_full_batch(self) -> bool:
        """Tell whether a batch is due by its size."""
        return len(self._waiting) >= self._fill_events

    def due_at_s(self) -> float | None:
        """Instant (monotonic seconds) at which the next batch is due; None when nothing waits."""
        if not self._waiting:
            return None
        oldest_s = self._waiting[0].since_s
        return oldest_s if self.is_full_batch() else oldest_s + self._limits.max_age_s

    def first(self) -> list[Waiting]:
        """Return the events of the next batch. They stay until `drop`."""
        return list(islice(self._waiting, self._fill_events))

    def drop(self, events: int) -> None:
        """Forget the first events: they are on disk, or lost."""
        for _ in range(events):
            self._waiting.popleft()

    def learn(self, events: int, batch_bytes: int) -> None:
        """Adapt the estimate to a batch as it was encoded."""
        fill = events * self._limits.max_batch_bytes // batch_bytes
        self._fill_events = max(1, min(self._limits.max_events, fill))


@dataclass(frozen=True, slots=True)
class Packed:
    """What became of the first events of a queue."""

    payload: bytes | None  # None: no event of these is left to send
    kept: int  # events in the payload
    rejected: dict[Reason, int] = field(default_factory=dict)
    rejected_at: frozenset[int] = frozenset()  # places of these among the events

    @property
    def taken(self) -> int:
        """Events that are done with, in the payload or rejected."""
        return self.kept + sum(self.rejected.values())


def pack(events: Sequence[Event], encode: Encode, max_bytes: int) -> Packed:
    """Encode a prefix of events into at most `max_bytes`, halving it until it fits.

    Events that do not fit their schema, or are alone too large, are rejected one by one.
    """
    packed = _pack_all(events, encode)
    while len(packed.payload or b"") > max_bytes and len(events) > 1:
        events = events[: len(events) // 2]
        packed = _pack_all(events, encode)
    if len(packed.payload or b"") > max_bytes:
        return Packed(None, 0, {Reason.EVENT_TOO_LARGE: 1}, frozenset({0}))
    return packed


def _pack_all(events: Sequence[Event], encode: Encode) -> Packed:
    try:
        return Packed(encode(events), len(events))
    except InvalidRecord:
        ill = frozenset(n for n, event in enumerate(events) if not _is_valid(event, encode))
    valid = [event for place, event in enumerate(events) if place not in ill]
    payload = encode(valid) if valid else None
    return Packed(payload, len(valid), {Reason.INVALID_EVENT: len(ill)}, ill)


def _is_valid(event: Event, encode: Encode) -> bool:
    try:
        encode([event])
    except InvalidRecord:
        return False
    return True
