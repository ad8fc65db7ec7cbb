"""Which records of a log are not done with: where to begin again so that none of them is lost."""

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

Log = TypeVar("Log", bound=Hashable)


class Outstanding(Generic[Log]):
    """Of several logs, each read in order. A record may have several things to be done.

    >>> it = Outstanding[str]()
    >>> it.read("p", 5, parts=2); it.read("p", 6, parts=1); it.done("p", 6); it.begins()
    {'p': 5}
    >>> it.done("p", 5); it.begins(); it.done("p", 5); it.begins()
    {'p': 5}
    {'p': 7}
    """

    def __init__(self) -> None:
        self._left: dict[Log, Counter[int]] = {}  # parts left, by offset, in order
        self._next: dict[Log, int] = {}

    def read(self, log: Log, offset: int, parts: int) -> None:
        """Note that a record was read of which so much is to be done, perhaps nothing."""
        self._next[log] = offset + 1
        if parts:
            self._left.setdefault(log, Counter())[offset] = parts

    def done(self, log: Log, offset: int) -> None:
        """Note that one thing is done for a record."""
        left = self._left[log]
        left[offset] -= 1
        if not left[offset]:
            del left[offset]

    def begins(self) -> dict[Log, int]:
        """Return of each log the first offset that something is left of, else the next."""
        return {log: next(iter(self._left.get(log, ())), end) for log, end in self._next.items()}

    def __len__(self) -> int:
        return sum(map(len, self._left.values()))
