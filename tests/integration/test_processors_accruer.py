"""The accruer on a real broker: the same batches whoever sends them, and what it takes up later."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from schemas import topics
from schemas.codec import Codec
from streams.config_topic import CATALOG, PRICES, publish_document
from streams.core.accrual import STEP_US
from streams.core.monthly import month_of
from streams.core.windows import SECOND_US
from streams.errors import DeliveryFailed
from streams.kafka import read_to_end
from streams.processors.accruer import Accruer, Loop
from streams.settings import KafkaSettings
from tests.builders.usage import T0

pytestmark = pytest.mark.integration

CODEC = Codec()
WITHIN_S = 30.0
POLL_S = 0.05


def book(*names: str, price: str = "60") -> str:
    """Return a price book with commitments since T0."""
    since = datetime.fromtimestamp(T0 / SECOND_US, UTC).isoformat()
    rows = [
        f'  - {{name: {name}, provider: openai, models: ["*"], work: {{tokens.input: "1"}}, '
        f'per_hour: 60000, price_per_hour: "{price}", effective_from: "{since}", source: test}}'
        for name in names
    ]
    return "\n".join(["currency: USD", "prices: []", "commitments:", *rows])


def sent(kafka: KafkaSettings) -> list[tuple[str, int, int, bytes]]:
    """Return identity and content of what is on the topic."""
    found = []
    for entry in read_to_end(kafka, topics.USAGE_RESOURCE.name):
        assert entry.value is not None
        _, batch = CODEC.decode(entry.value)
        found.append((batch["source"], batch["epoch"], batch["seq"], entry.value))
    return found


def test_two_accruers_send_the_same_batches(kafka: KafkaSettings) -> None:
    """One of them is killed and started again: nothing it says is new."""
    publish_document(kafka, PRICES, book("ptu-1"), "test")
    for now_us in (T0 + 4 * STEP_US, T0 + 7 * STEP_US + 1):
        accruer = Accruer(kafka, CODEC, T0)
        accruer.accrue(now_us)
        assert accruer.accrue(now_us) == 0  # what is sent is not due
        accruer.close()
    found = sent(kafka)
    assert len(found) == 4 + 7
    assert [each[:3] for each in sorted(set(found))] == [
        ("accrual:ptu-1", T0, seq) for seq in range(7)
    ]


def test_a_commitment_published_later_is_accrued_from_then_on_and_before(
    kafka: KafkaSettings,
) -> None:
    publish_document(kafka, PRICES, book("ptu-1"), "test")
    accruer = Accruer(kafka, CODEC, T0)
    assert accruer.accrue(T0 + STEP_US) == 1
    publish_document(kafka, PRICES, book("ptu-1", "ptu-2"), "test")
    deadline_s = time.monotonic() + WITHIN_S
    while "ptu-2" not in str(accruer.detail):
        assert time.monotonic() < deadline_s
        accruer.accrue(T0 + STEP_US)
        time.sleep(POLL_S)
    assert accruer.accrue(T0 + 3 * STEP_US) == 4
    accruer.close()
    assert {(source, seq) for source, _, seq, _ in sent(kafka)} == {
        (f"accrual:{name}", seq) for name in ("ptu-1", "ptu-2") for seq in range(3)
    }


def test_two_accruers_send_the_same_time_of_a_monthly_amount(kafka: KafkaSettings) -> None:
    """Whatever the amount is by then: T0 is the begin of a month."""
    assert month_of(T0).from_us == T0
    for amount, now_us in (("100", T0 + 2 * STEP_US), ("120", T0 + 3 * STEP_US)):
        cost = f'{{name: licence, monthly: "{amount}", currency: USD, key: even, among: [a, b]}}'
        publish_document(kafka, CATALOG, f"shared_costs: [{cost}]", "test")
        accruer = Accruer(kafka, CODEC, T0)
        assert accruer.accrue(now_us) == (now_us - T0) // STEP_US
        assert accruer.detail["monthly"] == ["licence"]
        accruer.close()
    found = sent(kafka)
    assert len(found) == 2 + 3
    assert [each[:3] for each in sorted(set(found))] == [
        ("accrual-shared:licence", T0, seq) for seq in range(3)
    ]


def test_what_could_not_be_sent_stays_due(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_document(kafka, PRICES, book("ptu-1"), "test")
    accruer = Accruer(kafka, CODEC, T0)
    with monkeypatch.context() as broken:
        broken.setattr("streams.processors.accruer.publish_all", refuse)
        loop = Loop(accruer, 0.01, lambda: (T0 + STEP_US) * 1000)
        asyncio.run(a_while(loop))
        assert not loop.health().ok
        assert "nobody there" in str(loop.health().detail["trouble"])
    assert accruer.accrue(T0 + STEP_US) == 1
    accruer.close()


def refuse(*_: object) -> None:
    raise DeliveryFailed("usage.resource.v1", "nobody there")


async def a_while(loop: Loop) -> None:
    """Let it work until it is in trouble."""
    working = asyncio.create_task(loop.go_on())
    async with asyncio.timeout(WITHIN_S):
        while loop.health().detail["trouble"] is None:  # noqa: ASYNC110 - it has no event for it
            await asyncio.sleep(POLL_S)
    working.cancel()
