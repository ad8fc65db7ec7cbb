"""`apportion replay`, as a process: killed and gone on with, from Kafka, and published."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from clickhouse.client import connect
from clickhouse.migrate import migrate
from schemas import topics
from schemas.codec import Codec
from streams.core.windows import HOUR_US
from streams.kafka.connection import confluent
from streams.settings import KafkaSettings
from streams.up.options import Options
from streams.up.stack import Stack
from tests.answers import until
from tests.builders.archived import Document, Live, price_book
from tests.builders.usage import T0, call

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HOURS = 60
FEW = 3  # stretches done when it is killed
WITHIN_S = 120.0
POOLS = Document("pools: []", 1)


def command(*flags: str) -> list[str]:
    return [sys.executable, "-m", "streams", "replay", *flags]


def replayed(*flags: str) -> dict[str, Any]:
    done = subprocess.run(
        command(*flags, "--json"), capture_output=True, text=True, check=False, timeout=WITHIN_S
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def history(data: Path) -> str:
    """Make hours of calls at 1 USD a million tokens; return the version that says 3."""
    data.mkdir()
    with connect(f"chdb://{data}/clickhouse") as connection:
        migrate(connection)
        live = Live(connection)
        old = live.publish(Document(price_book({"m": "1"}), 1), POOLS)
        new = live.publish(Document(price_book({"m": "3"}), 2), POOLS)
        for hour in range(HOURS):
            live.send(old, call(model="m", at_us=T0 + hour * HOUR_US))
        live.close()
    return new.book.version


def stretches_noted(data: Path) -> int:
    found = 0
    for path in (data / "replays").glob("*.sqlite"):
        file = sqlite3.connect(path, timeout=WITHIN_S)
        try:
            [[found]] = file.execute("SELECT count() FROM stretches")
        except sqlite3.OperationalError:  # it has no table yet
            found = 0
        finally:
            file.close()
    return found


def test_one_that_was_killed_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    """60 hours of one call each: 60 x 0.0022 USD more."""
    data = tmp_path / "data"
    version = history(data)
    flags = ("--data", str(data), "--prices", version[:8])
    with subprocess.Popen(command(*flags), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as one:
        deadline_s = time.monotonic() + WITHIN_S
        while stretches_noted(data) < FEW:
            assert time.monotonic() < deadline_s
            assert one.poll() is None, "it was through before it could be killed"
            time.sleep(0.005)
        one.kill()
    done = stretches_noted(data)
    assert FEW <= done < HOURS
    going_on = subprocess.run(
        command(*flags, "--json"), capture_output=True, text=True, check=True, timeout=WITHIN_S
    )
    assert f"going on after {done} stretches" in going_on.stderr
    assert json.loads(going_on.stdout) == replayed(*flags)
    assert json.loads(going_on.stdout)["total"]["cost"] == "0.132000000000"


def test_from_kafka_and_from_the_archive_it_is_the_same_and_is_published(tmp_path: Path) -> None:
    asyncio.run(publish(tmp_path / "data"))


async def publish(data: Path) -> None:
    """Two calls of 1,000 + 100 tokens: 0.0022 at 1 USD a million, 0.0066 at 3."""
    overrides = {"meter.window_s": "5", "allocate.lateness_s": "2"}
    prices = data.parent / "prices.yaml"
    prices.write_text(price_book({"m": "1"}))
    async with Stack(Options(data=data, prices=prices, overrides=overrides)) as stack:
        send(stack.settings.kafka, "m", "m")
        in_force = "SELECT toString(sum(cost)) AS usd FROM cost_current"
        await until(stack, f"{in_force} WHERE status = 'final'", {"usd": "0.0022"})

        prices.write_text(price_book({"m": "3"}))
        flags = ["--data", str(data)]
        dry = [*flags, "--prices", str(prices)]
        archive, kafka = [
            await asyncio.to_thread(replayed, *dry, "--source", source)
            for source in ("archive", "kafka")
        ]
        assert archive.pop("source") == "archive"
        assert kafka.pop("source") == "kafka"
        assert archive == kafka
        assert archive["total"]["cost"] == "0.004400000000"

        put = [sys.executable, "-m", "streams", "prices", "publish", str(prices), "--yes"]
        await asyncio.to_thread(subprocess.run, [*put, "--data", str(data)], check=True)
        await asyncio.to_thread(replayed, *flags, "--publish", "--note", "contract of november")
        await until(stack, f"{in_force} WHERE status = 'corrected'", {"usd": "0.0066"})
        notes = "SELECT DISTINCT generation, note FROM cost_current WHERE status = 'corrected'"
        await until(stack, notes, {"generation": 1, "note": "contract of november"})
        streamed = "SELECT toString(sum(cost)) AS usd FROM cost_lines FINAL WHERE generation = 0"
        await until(stack, streamed, {"usd": "0.0022"})
        again = await asyncio.to_thread(replayed, *flags)
        assert (again["changes"], again["changed_windows"]) == ([], 0)


def send(kafka: KafkaSettings, *models: str) -> None:
    """Send a batch of calls of 1,100 tokens each, now."""
    at_us = time.time_ns() // 1_000
    head = {"source": "gw", "epoch": 1, "seq": 0, "sent_at_us": at_us, "losses": []}
    calls = [call(at_us=at_us, model=model) for model in models]
    value = Codec().encode("InferenceUsageBatch", {**head, "events": calls})
    producer = Producer({**confluent(kafka), "acks": "all"})
    producer.produce(topics.USAGE_INFERENCE.name, key="gw", value=value, partition=0)
    assert producer.flush(30) == 0
