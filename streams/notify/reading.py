"""What lies on the topics that notify reads; what was put aside, and is to be told again. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, cast

from schemas.codec import Codec
from schemas.errors import NotAvro
from schemas.records import Alert, Notice
from streams.core.notices import Rank, rank, rank_told
from streams.kafka import Entry

NOTICE: Final = "Notice"


@dataclass(frozen=True, slots=True)
class Again:
    """Something put aside, and the message that says it; None: its topic has it no more."""

    notice: Notice
    entry: Entry | None


def refused(notices: Iterable[Notice], sink: str | None) -> list[Notice]:
    """Return what was put aside, of one sink or of all, the oldest first."""
    found = [
        each for each in notices if each["stage"] == "refused" and sink in (None, each["sink"])
    ]
    return sorted(found, key=lambda each: each["said_at_us"])


def sayings(codec: Codec, notices: Iterable[Notice], entries: Iterable[Entry]) -> list[Again]:
    """Return of each the message that says it."""
    said: dict[tuple[str, Rank], Entry] = {}
    for entry in entries:
        alert = alert_of(codec, entry)
        if alert is not None:
            said[alert["alert_id"], rank(alert)] = entry
    return [Again(each, said.get((each["alert_id"], rank_told(each)))) for each in notices]


def alert_of(codec: Codec, entry: Entry) -> Alert | None:
    """Return the alert of a message; None for what is none."""
    try:
        name, record = codec.decode(entry.value or b"")
    except NotAvro:
        return None
    return cast("Alert", record) if name == "Alert" else None


def notices_of(codec: Codec, entries: Iterable[Entry]) -> list[Notice]:
    """Return the last notice under each key of the topic, read whole."""
    last = {entry.key: entry.value for entry in entries}
    found: list[Notice] = []
    for value in last.values():
        try:
            name, record = codec.decode(value or b"")
        except NotAvro:
            continue  # gone, or not of our making
        if name == NOTICE:
            found.append(cast("Notice", record))
    return found
