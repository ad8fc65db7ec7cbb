"""An embedded broker is killed inside a running `up`: its log is gone, no cent is."""

import asyncio
import signal
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer

from schemas import topics
from schemas.codec import Codec
from streams.kafka.connection import confluent
from streams.replay.publish import repair
from streams.settings import KafkaSettings, WorkerSettings
from streams.up.options import Options
from streams.up.stack import Stack
from tests.answers import until
from tests.builders.usage import call

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

WINDOW_S, LATENESS_S = 30, 5
SECOND_US = 1_000_000
COST = "SELECT status, toString(sum(cost)) AS usd, sum(events) AS n FROM cost_current GROUP BY 1"


def send(kafka: KafkaSettings, seq: int, at_us: int) -> None:
    """Send a batch of one call, as an outbox would."""
    head = {"source": "gw", "epoch": 1, "seq": seq, "sent_at_us": at_us, "losses": []}
    value = Codec().encode("InferenceUsageBatch", {**head, "events": [call(at_us=at_us)]})
    producer = Producer({**confluent(kafka), "acks": "all"})
    producer.produce(topics.USAGE_INFERENCE.name, key="gw", value=value, partition=0)
    assert producer.flush(30) == 0


def test_windows_open_when_the_broker_died_are_closed_from_the_archive(tmp_path: Path) -> None:
    asyncio.run(lose_the_broker(tmp_path / "data"))


async def lose_the_broker(data: Path) -> None:
    overrides = {"meter.window_s": str(WINDOW_S), "allocate.lateness_s": str(LATENESS_S)}
    async with Stack(Options(data=data, overrides=overrides), lambda *_: None) as stack:
        settings: WorkerSettings = stack.settings
        await begin_of_window()
        at_us = time.time_ns() // 1_000
        for seq in (0, 1):
            send(settings.kafka, seq, at_us)
        await until(stack, COST, {"status": "provisional", "usd": "0.007", "n": 2})
        await until(stack, "SELECT count() AS n FROM usage_events", {"n": 2})

        began_us = stack.log_began_us
        stack.send("broker", signal.SIGKILL)
        while stack.log_began_us == began_us:  # noqa: ASYNC110 - the stack has no event for it
            await asyncio.sleep(0.1)
        await stack.wait_ready()
        send(settings.kafka, 2, at_us)  # revision 1 of the same window, in the new log

        await until(stack, "SELECT status FROM cost_lines WHERE status = 'final' LIMIT 1",
                    {"status": "final"})  # fmt: skip
        await until(stack, COST, {"status": "provisional", "usd": "0.007", "n": 2})
        await asyncio.to_thread(repair, settings, log_began_us=stack.log_began_us)
        await until(stack, COST, {"status": "corrected", "usd": "0.0105", "n": 3})
        assert (await asyncio.to_thread(repair, settings)).lines == 0


async def begin_of_window() -> None:
    """Wait until so much of a window is left that the stack can lose its broker within it."""
    into_s = time.time() % WINDOW_S
    if into_s > WINDOW_S / 3:
        await asyncio.sleep(WINDOW_S - into_s)
