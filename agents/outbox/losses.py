"""Counting what could not be kept. Pure; one record per reason, however often it happened."""

from collections.abc import Iterable
from enum import StrEnum

from schemas.records import Loss


class Reason(StrEnum):
    """Why an event was dropped."""

    OUTBOX_FULL = "outbox_full"  # its bound on disk is reached: Kafka has been away for long
    BUFFER_FULL = "buffer_full"  # events come faster than the disk takes them
    DISK_FULL = "disk_full"  # the file system is full
    DISK_ERROR = "disk_error"  # the file system fails
    INVALID_EVENT = "invalid_event"  # it does not fit its schema: a bug of the caller
    EVENT_TOO_LARGE = "event_too_large"  # alone larger than a batch may be
    STOPPED = "stopped"  # put after close, or after the outbox failed; counted, never reported


class Losses:
    """Losses by reason.

    >>> losses = Losses()
    >>> losses.add(Reason.DISK_FULL, events=2, at_us=10)
    >>> losses.add(Reason.DISK_FULL, events=1, at_us=30)
    >>> losses.records()
    [{'events': 3, 'first_us': 10, 'last_us': 30, 'reason': 'disk_full'}]
    """

    def __init__(self, records: Iterable[Loss] = ()) -> None:
        self._by_reason: dict[str, Loss] = {}
        self.merge(records)

    def __bool__(self) -> bool:
        return bool(self._by_reason)

    def add(self, reason: Reason, events: int, at_us: int) -> None:
        """Count events dropped at an instant (UTC microseconds)."""
        self.merge([Loss(events=events, first_us=at_us, last_us=at_us, reason=reason.value)])

    def merge(self, records: Iterable[Loss]) -> None:
        """Add what another tally counted."""
        for new in records:
            old = self._by_reason.get(new["reason"], new)
            self._by_reason[new["reason"]] = Loss(
                events=new["events"] + (0 if old is new else old["events"]),
                first_us=min(old["first_us"], new["first_us"]),
                last_us=max(old["last_us"], new["last_us"]),
                reason=new["reason"],
            )

    def records(self) -> list[Loss]:
        """Return one record per reason, by reason."""
        return [self._by_reason[reason] for reason in sorted(self._by_reason)]

    def take(self) -> list[Loss]:
        """Return the records and forget them."""
        records = self.records()
        self._by_reason.clear()
        return records

    def events(self) -> int:
        """Return how many events these are."""
        return sum(record["events"] for record in self._by_reason.values())
