"""A gateway, an SDK and OpenTelemetry tell of the same calls: a running stack bills each once."""

import asyncio
import json
import re
import time
import urllib.request
from pathlib import Path

import pytest
from confluent_kafka import Producer

from schemas import topics
from schemas.codec import Codec
from schemas.records import InferenceUsage
from streams.core.windows import HOUR_US
from streams.kafka.connection import confluent
from streams.replay.place import asker_of, place_of
from streams.replay.report import audit_json
from streams.replay.token_costs import token_costs
from streams.settings import KafkaSettings, RepairSettings, load
from streams.up.mending import keep_mending
from streams.up.options import Options
from streams.up.stack import Stack
from tests import brokers
from tests.answers import until
from tests.builders.archived import price_book
from tests.builders.usage import call

WITHIN_S = 400.0  # a run takes half a minute with two cores of its own
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(WITHIN_S)]

WINDOW_S, LATENESS_S = 10, 20  # a busy machine may take seconds to send, and it is not late then
MILLION = 1_000_000
RANKED = """
sources:
  - {sources: ["*"], tenants: ["*"]}
  - {sources: ["sdk-*"], tenants: ["*"], precedence: 2}
  - {sources: ["otel-*"], tenants: ["*"], precedence: 3}
"""
LINES = """
SELECT kind, toString(sum(cost)) AS usd, sum(events) AS n FROM cost_current
WHERE quantity != 0 AND status != 'provisional' GROUP BY kind ORDER BY kind
"""


def test_each_call_is_billed_once_as_the_first_of_its_observers_says(tmp_path: Path) -> None:
    with brokers.running(tmp_path) as kafka:
        asyncio.run(observe(tmp_path / "data", kafka))


async def observe(data: Path, kafka: str, clickhouse: str | None = None) -> None:
    """Each observer says another number of tokens, at 1 USD a million: 1 + 20 + 300 of r1 to r3."""
    catalog, prices = data.parent / "catalog.yaml", data.parent / "prices.yaml"
    catalog.write_text(RANKED, encoding="utf-8")
    prices.write_text(price_book({"m": "1"}), encoding="utf-8")
    overrides = {"meter.window_s": str(WINDOW_S), "allocate.lateness_s": str(LATENESS_S)}
    options = Options(
        data,
        kafka=KafkaSettings(bootstrap=kafka),
        clickhouse=clickhouse,
        prices=prices,
        catalog=catalog,
        settings=load(),
        overrides=overrides,
    )
    async with Stack(options, lambda *_: None) as stack:
        at_us = time.time_ns() // 1_000
        send(stack, "gw-1", 0, told("r1", 1, at_us))
        send(stack, "sdk-1", 0, told("r1", 2, at_us), told("r2", 20, at_us))
        three = (told("r1", 3, at_us), told("r2", 30, at_us), told("r3", 300, at_us))
        send(stack, "otel-1", 0, *three)
        await until(
            stack, LINES,
            {"kind": "evidence", "usd": "0", "n": 5}, {"kind": "tokens.input", "usd": "1", "n": 1},
        )  # fmt: skip
        assert evidence(stack) == 2 * 5  # delivered twice

        fast = stack.settings.model_copy(update={"repair": RepairSettings(every_s=1.0)})
        mending = asyncio.create_task(keep_mending(fast, lambda: 0))
        await until(
            stack, LINES,
            {"kind": "evidence", "usd": "0", "n": 3},
            {"kind": "tokens.input", "usd": "321", "n": 3},
        )  # fmt: skip
        send(stack, "gw-1", 1, told("r2", 10, at_us))  # late, and it comes first
        await until(
            stack, LINES,
            {"kind": "evidence", "usd": "0", "n": 4},
            {"kind": "tokens.input", "usd": "311", "n": 3},
        )  # fmt: skip
        mending.cancel()
        assert evidence(stack) == 2 * 5  # delivered twice
        assert json.loads(await asyncio.to_thread(audit_json, stack.settings))["clean"]
        tokens, cost = await asyncio.to_thread(reported, stack, at_us)
        assert tokens == 11 * MILLION, "of what was counted live"
        assert cost == 311 * 10**12


def told(of: str, millions: int, at_us: int) -> InferenceUsage:
    """Return a call of so many million tokens in and none out."""
    counts = {"input_tokens": millions * MILLION, "output_tokens": 0}
    return call(**{"model": "m", "response_id": of, "at_us": at_us, **counts})


def send(stack: Stack, source: str, seq: int, *calls: InferenceUsage) -> None:
    """Send a batch twice, as producers do that never saw it acknowledged."""
    head = {"source": source, "epoch": 1, "seq": seq, "sent_at_us": calls[0]["at_us"]}
    value = Codec().encode("InferenceUsageBatch", {**head, "losses": [], "events": calls})
    producer = Producer({**confluent(stack.settings.kafka), "acks": "all"})
    for _ in range(2):
        producer.produce(topics.USAGE_INFERENCE.name, key=source, value=value)
    assert producer.flush(30) == 0


def evidence(stack: Stack) -> float:
    """Return how much evidence meter has counted; what was delivered twice, twice."""
    port = json.loads((stack.data / "up.json").read_text())["parts"]["meter"]["port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    [found] = re.findall(r'^apportion_evidence_total{processor="meter"} (\S+)$', text, re.MULTILINE)
    return float(found)


def reported(stack: Stack, at_us: int) -> tuple[int, int]:
    """Return tokens and cost in pico as `apportion tokens` reports them."""
    hour_us = at_us // HOUR_US * HOUR_US
    with place_of(stack.settings) as place:
        [found] = token_costs(asker_of(place), hour_us, hour_us + HOUR_US)
    assert found.cost is not None
    return found.tokens, found.cost
