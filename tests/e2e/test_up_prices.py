"""`up` follows prices: what has none is held and priced by itself, and mixed windows end exact."""

import asyncio
import json
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from schemas import topics
from schemas.codec import Codec
from streams.config_topic import PRICES, in_force, publish_document
from streams.kafka.connection import confluent
from streams.replay.report import audit_json
from streams.settings import KafkaSettings, RepairSettings
from streams.up.mending import keep_mending
from streams.up.options import Options
from streams.up.stack import Stack
from tests.answers import until
from tests.builders.archived import price_book
from tests.builders.usage import call

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

WINDOW_S, LATENESS_S = 20, 4
WITHIN_S = 120.0
COSTS = """
SELECT model, kind = 'unpriced' AS unpriced, toString(sum(cost)) AS usd, sum(events) AS n
FROM cost_current WHERE quantity != 0 AND status != 'provisional'
GROUP BY model, unpriced ORDER BY model, unpriced
"""
OPEN = "SELECT sum(events) AS n FROM cost_current WHERE status = 'provisional'"


def send(kafka: KafkaSettings, seq: int, *models: str) -> None:
    """Send a batch of calls of 1,100 tokens each, now."""
    at_us = time.time_ns() // 1_000
    head = {"source": "gw", "epoch": 1, "seq": seq, "sent_at_us": at_us, "losses": []}
    calls = [call(at_us=at_us, model=model) for model in models]
    value = Codec().encode("InferenceUsageBatch", {**head, "events": calls})
    producer = Producer({**confluent(kafka), "acks": "all"})
    producer.produce(topics.USAGE_INFERENCE.name, key="gw", value=value, partition=0)
    assert producer.flush(30) == 0


async def put_in_force(stack: Stack, **prices: str) -> None:
    """Publish a price book, and wait until meter goes by it."""
    kafka = stack.settings.kafka
    version = await asyncio.to_thread(publish_document, kafka, PRICES, price_book(prices), "test")
    port = json.loads((stack.data / "up.json").read_text())["parts"]["meter"]["port"]
    async with asyncio.timeout(WITHIN_S):
        while (await asyncio.to_thread(health, port))["price_book"] != version:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


def health(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
        found: dict[str, Any] = json.load(answer)
        return found


async def begin_of_window() -> None:
    """Wait until most of a window is left."""
    into_s = time.time() % WINDOW_S
    if into_s > WINDOW_S / 4:
        await asyncio.sleep(WINDOW_S - into_s)


def test_what_is_published_while_it_runs_prices_what_had_no_price(tmp_path: Path) -> None:
    asyncio.run(follow_prices(tmp_path / "data"))


async def follow_prices(data: Path) -> None:
    """1,100 tokens of `m` at 1 USD per million: 0.0011; of `new` at 2: 0.0022 a call."""
    overrides = {"meter.window_s": str(WINDOW_S), "allocate.lateness_s": str(LATENESS_S)}
    async with Stack(Options(data=data, overrides=overrides), lambda *_: None) as stack:
        kafka = stack.settings.kafka
        await put_in_force(stack, m="1")
        send(kafka, 0, "m", "new")
        held = {"model": "new", "unpriced": 1, "usd": None, "n": 1}
        priced = {"model": "m", "unpriced": 0, "usd": "0.0011", "n": 1}
        await until(stack, COSTS, priced, held)

        await begin_of_window()
        send(kafka, 1, "new")
        await until(stack, OPEN, {"n": 1})
        await put_in_force(stack, m="1", new="2")
        send(kafka, 2, "new")  # in the same window: it meets two price books

        fast = stack.settings.model_copy(update={"repair": RepairSettings(every_s=1.0)})
        mending = asyncio.create_task(keep_mending(fast, lambda: 0))
        all_priced = {"model": "new", "unpriced": 0, "usd": "0.0066", "n": 3}
        await until(stack, COSTS, priced, all_priced)
        mending.cancel()
        notes = "SELECT note FROM cost_current GROUP BY note ORDER BY note"
        await until(stack, notes, {"note": "rated under two price books"},
                    {"note": "usage priced that had no price"})  # fmt: skip
        found = json.loads(await asyncio.to_thread(audit_json, stack.settings))
        assert found["clean"], found
        assert (found["unpriced"], found["mixed"]) == ([], [])


def test_prices_stay_in_force_when_the_embedded_broker_dies_with_its_log(tmp_path: Path) -> None:
    asyncio.run(forget_nothing(tmp_path / "data"))


async def forget_nothing(data: Path) -> None:
    async with Stack(Options(data=data), lambda *_: None) as stack:
        await put_in_force(stack, m="7")
        stored = "SELECT uniqExact(version) AS n FROM configs WHERE kind = 'price-book'"
        await until(stack, stored, {"n": 2})
        version = in_force(stack.settings.kafka, PRICES)
        stack.send("broker", signal.SIGKILL)
        async with asyncio.timeout(WITHIN_S):
            while stack.health().ok:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        await stack.wait_ready()
        assert in_force(stack.settings.kafka, PRICES) == version
    async with Stack(Options(data=data), lambda *_: None) as stack:
        assert in_force(stack.settings.kafka, PRICES) == version
