"""States of budgets, put on a topic as `budgets` does."""

import uuid
from typing import Any

from confluent_kafka import Producer

from schemas.codec import Codec
from schemas.decimals import to_bytes
from schemas.topics import partition_of
from tests.topics import PARTITIONS, shared_topic

CODEC = Codec()
NOW_S = 1_767_225_600.0  # 2026-01-01
NOW_US = round(NOW_S) * 1_000_000
MONTH_US = 31 * 86_400_000_000
WITHIN_S = 60.0
STATE: dict[str, Any] = {
    "period_start_us": NOW_US, "period_end_us": NOW_US + MONTH_US, "limit": to_bytes(10),
    "spent": to_bytes(5), "forecast": None, "burn_rate": None, "currency": "USD", "stage": "ok",
    "positions": {}, "price_book": "b", "said_at_us": NOW_US, "revision": 1, "tenants": [],
    "projects": [], "models": [], "jobs": [], "pools": [],
}  # fmt: skip


class BudgetTopic:
    """A topic of budgets on a broker."""

    def __init__(self, broker: str, name: str | None = None) -> None:
        """Make the topic, unless it is there; one of nobody else's without a name."""
        self.broker = broker
        self.name = shared_topic(broker, name or f"budgets-{uuid.uuid4().hex[:8]}")
        self._producer = Producer({"bootstrap.servers": broker, "log_level": 0})

    def say(self, name: str, **changes: object) -> None:
        """Say the state of a budget; `gone`: that there is none."""
        budget_id = f"budget:{name}"
        value = CODEC.encode("BudgetState", {**STATE, "budget_id": budget_id, **changes})
        self._send(budget_id, value)

    def gone(self, name: str) -> None:
        """Say that there is no such budget any longer."""
        self._send(f"budget:{name}", None)

    def _send(self, key: str, value: bytes | None) -> None:
        self._producer.produce(self.name, value, key, partition_of(key, PARTITIONS))
        assert self._producer.flush(WITHIN_S) == 0
