"""What was said last, read from where it was said. Blocks."""

from collections.abc import Iterator
from typing import Any, cast

from schemas import topics
from schemas.codec import Codec
from schemas.errors import NotAvro
from schemas.records import BudgetState
from streams.kafka import read_to_end
from streams.settings import KafkaSettings


def records(kafka: KafkaSettings, codec: Codec, topic: str, name: str) -> Iterator[dict[str, Any]]:
    """Yield all records of a kind that lie in a topic. Raises as `read_to_end` does."""
    for entry in read_to_end(kafka, topic):
        record = None if entry.value is None else decoded(codec, entry.value, name)
        if record is not None:
            yield record


def states(kafka: KafkaSettings, codec: Codec) -> dict[str, BudgetState]:
    """Return the last state of every budget there is. Raises as `read_to_end` does."""
    entries = read_to_end(kafka, topics.BUDGET_STATE.name)
    last = {(entry.key or b"").decode(): entry.value for entry in entries}
    found = {
        budget: decoded(codec, value, "BudgetState")
        for budget, value in last.items()
        if value is not None
    }
    return {budget: cast("BudgetState", state) for budget, state in found.items() if state}


def decoded(codec: Codec, value: bytes, name: str) -> dict[str, Any] | None:
    """Return a record of a kind; None where it is another, or not of our making."""
    try:
        found, record = codec.decode(value)
    except NotAvro:
        return None
    return record if found == name else None
