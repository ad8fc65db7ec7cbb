"""Identities of events that were kept, so that one sent again is not kept again. Pure.

For producers whose callers repeat what was not confirmed. Bounded: what is older than `max_age_s`
or beyond `max_events` is forgotten, oldest batch first. Invariant: it holds what the table
`remembered` holds, and both change with the batch whose events they name.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from agents.outbox.limits import IDENTITY_BYTES

FORGOTTEN_A_BATCH = 4_096  # identities at most: one transaction stays small
DISK_BYTES_EACH = 48  # on disk at most, alone in its batch (measured: 31)
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """How much is remembered. Raises ValueError for bounds that cannot hold."""

    max_events: int = 1_000_000  # 90 to 190 bytes of memory and 16 to 48 of disk each
    max_age_s: float = 3_600.0

    def __post_init__(self) -> None:
        for name, least, most in (
            ("max_events", FORGOTTEN_A_BATCH, 10**8),
            ("max_age_s", 1.0, 31 * 86_400.0),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"expected {name} between {least} and {most}, got {value}")

    @property
    def disk_bytes(self) -> int:
        """What all of it takes on disk at most."""
        return (self.max_events + FORGOTTEN_A_BATCH) * DISK_BYTES_EACH


@dataclass(frozen=True, slots=True)
class Kept:
    """The identities of one batch, joined."""

    seq: int
    at_us: int
    identities: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """How the memory changes with a batch."""

    identities: bytes  # of the batch, joined
    forget_through: int  # seq of the last batch whose identities go; -1: none


def identity(*parts: str) -> bytes:
    """Return the identity that an event has by these names, whatever is in them.

    >>> identity("kong-eu", "a", "b") == identity("kong-eu", "ab", "")
    False
    """
    encoded = (part.encode(errors="surrogatepass") for part in parts)  # JSON may carry half of one
    whole = b"".join(b"%d:%b" % (len(part), part) for part in encoded)
    return blake2b(whole, digest_size=IDENTITY_BYTES).digest()


class Remembered:
    """What is remembered now. One thread calls it."""

    def __init__(self, memory: Memory, kept: Iterable[Kept]) -> None:
        self._memory = memory
        self._batches = deque(kept)
        self._known = {each for batch in self._batches for each in apart(batch.identities)}

    def __len__(self) -> int:
        return len(self._known)

    @property
    def since_us(self) -> int | None:
        """When the oldest batch it remembers was closed; None when it remembers none."""
        return self._batches[0].at_us if self._batches else None

    def fresh(self, identities: Sequence[bytes]) -> list[int]:
        """Return the places of identities that are not known, the first of each."""
        seen: set[bytes] = set()
        places = []
        for place, each in enumerate(identities):
            if each not in self._known and each not in seen:
                seen.add(each)
                places.append(place)
        return places

    def step(self, identities: Sequence[bytes], at_us: int) -> Step:
        """Return how a batch changes it. It changes with `take`, once that is on disk."""
        oldest_us = at_us - round(self._memory.max_age_s * SECOND_US)
        surplus = len(self._known) + len(identities) - self._memory.max_events
        forgotten, through = 0, -1
        for batch in self._batches:
            is_outdated = batch.at_us < oldest_us or forgotten < surplus
            forgotten += len(batch.identities) // IDENTITY_BYTES
            if not is_outdated or forgotten > FORGOTTEN_A_BATCH:
                break
            through = batch.seq
        return Step(b"".join(identities), through)

    def take(self, step: Step, seq: int, at_us: int) -> None:
        """Change as a step says that is on disk."""
        while self._batches and self._batches[0].seq <= step.forget_through:
            self._known.difference_update(apart(self._batches.popleft().identities))
        self._batches.append(Kept(seq, at_us, step.identities))
        self._known.update(apart(step.identities))


def apart(joined: bytes) -> Iterable[bytes]:
    """Yield the identities in a batch's."""
    return (joined[at : at + IDENTITY_BYTES] for at in range(0, len(joined), IDENTITY_BYTES))
