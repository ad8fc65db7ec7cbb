"""How far a partition is done: everything before the frontier is acknowledged downstream.

Only the frontier is committed, and only what lies before it is spoken of in watermarks, so neither
can run ahead of a message that might still be lost.
"""

from collections import deque
from dataclasses import dataclass

from streams.processors.errors import SendFailed
from streams.processors.outlet import Acknowledgement


@dataclass(frozen=True, slots=True)
class Pending:
    """A record handled, and what has to be acknowledged before it is done."""

    offset: int
    newest_us: int  # greatest event time in it, 0: none
    sent_at_us: int  # when its producer closed it, 0: not decoded
    futures: list[Acknowledgement]


class Frontier:
    """Records of one partition in order; the done ones are taken from the front."""

    def __init__(self) -> None:
        self.next_offset: int | None = None  # None: nothing done yet
        self.newest_us = 0
        self.sent_at_us = 0
        self._pending: deque[Pending] = deque()

    def add(self, pending: Pending) -> None:
        """Add the next record of the partition."""
        self._pending.append(pending)

    def __len__(self) -> int:
        return len(self._pending)

    def advance(self) -> None:
        """Move past every record whose futures are done. Raises SendFailed when one failed."""
        while self._pending and all(future.done() for future in self._pending[0].futures):
            record = self._pending.popleft()
            for future in record.futures:
                error = future.exception()
                if error is not None:
                    raise SendFailed("a partial or dead letter", error)
            self.next_offset = record.offset + 1
            self.newest_us = max(self.newest_us, record.newest_us)
            self.sent_at_us = max(self.sent_at_us, record.sent_at_us)

    def oldest(self) -> list[Acknowledgement]:
        """Return what the record at the front waits for."""
        return self._pending[0].futures if self._pending else []
