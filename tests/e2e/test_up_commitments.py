"""A commitment in a running `up`: accrued, drawn on, and paid in full, to the last pico."""

import asyncio
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas import topics
from schemas.codec import Codec
from streams.config_topic import PRICES, publish_document
from streams.core.accrual import STEP_US
from streams.core.windows import MINUTE_US, SECOND_US
from streams.kafka.batch import publish_all
from streams.settings import KafkaSettings
from streams.up.options import Options
from streams.up.stack import Stack
from tests.answers import until
from tests.builders.usage import call

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

STEPS = 10  # half an hour: at $60 an hour $30
BOOK = """
currency: USD
models:
  - {{provider: openai, model: gpt-4o, per_million_tokens: {{input: "1000", output: "4000"}},
     effective_from: 2023-01-01T00:00:00Z, source: test}}
commitments:
  - {{name: ptu-1, provider: openai, models: ["gpt-4*"],
     work: {{tokens.input: "1", tokens.output: "4"}}, per_hour: 60000,
     price_per_hour: "60", effective_from: "{since}", effective_to: "{until}", source: contract}}
"""
COSTS = """
SELECT kind, toString(round(sum(cost), 6)) AS cost, toString(sum(list_cost)) AS listed,
    sum(events) AS n
FROM cost_current WHERE pool = 'api:openai' GROUP BY kind ORDER BY kind
"""


def test_a_commitment_is_paid_in_full_and_covers_what_was_used(tmp_path: Path) -> None:
    asyncio.run(commit(tmp_path))


async def commit(folder: Path) -> None:
    """It lasted half an hour and ended a while ago, so that what it costs is known to the pico."""
    end_us = time.time_ns() // 1000 // (20 * MINUTE_US) * (20 * MINUTE_US) - 5 * MINUTE_US
    begin_us = end_us - STEPS * STEP_US
    book = folder / "prices.yaml"
    book.write_text(BOOK.format(since=iso(begin_us), until=iso(end_us)))
    overrides = {"allocate.lateness_s": "7200", "accrue.every_s": "1"}
    options = Options(data=folder / "data", prices=book, overrides=overrides)
    async with Stack(options, lambda *_: None) as stack:
        assert "accrue" in stack.pids
        await until(stack, COSTS, line("commitment_unused", "30", "0", STEPS))
        stack.send("accrue", signal.SIGKILL)  # its successor sends all of it again
        # In one minute 250 of 1,000 are used; in another 1,500 are, of which 500 on demand.
        at_us = begin_us + 4 * MINUTE_US
        calls = [
            call(at_us=at_us, input_tokens=50, output_tokens=50),
            call(at_us=at_us + MINUTE_US, input_tokens=1500, output_tokens=0),
        ]
        await asyncio.to_thread(send, stack.settings.kafka, calls, at_us)
        await until(
            stack,
            COSTS,
            line("commitment_unused", "28.75", "0", STEPS),
            line("tokens.input", "1.55", "1.55", 2),
            line("tokens.output", "0.2", "0.2", 0),
        )
        # Each is a share to the pico; all of them are $30 and 500 x 0.001 on demand.
        whole = "SELECT toString(sum(cost)) AS usd FROM cost_current WHERE pool = 'api:openai'"
        await until(stack, whole, {"usd": "30.5"})
        await stack.wait_ready()
        archived = "SELECT count() AS n FROM usage_events FINAL"
        await until(stack, archived, {"n": STEPS + len(calls)})


def test_commitments_published_while_it_runs_begin_to_accrue(tmp_path: Path) -> None:
    asyncio.run(commit_later(tmp_path / "data"))


async def commit_later(data: Path) -> None:
    now_us = time.time_ns() // 1000
    text = BOOK.format(since=iso(now_us - 10 * STEP_US), until=iso(now_us + 10 * STEP_US))
    async with Stack(Options(data=data), lambda *_: None) as stack:
        await stack.start_needed()
        assert "accrue" not in stack.pids
        await asyncio.to_thread(publish_document, stack.settings.kafka, PRICES, text, "test")
        await stack.start_needed()
        assert "accrue" in stack.pids
        batches = "SELECT count() > 0 AS some FROM batches WHERE startsWith(source, 'accrual')"
        await until(stack, batches, {"some": 1})


def send(kafka: KafkaSettings, events: Sequence[object], at_us: int) -> None:
    """Send a batch of calls, as an outbox would."""
    head = {"source": "gw", "epoch": 1, "seq": 0, "sent_at_us": at_us, "losses": []}
    value = Codec().encode("InferenceUsageBatch", {**head, "events": events})
    publish_all(kafka, topics.USAGE_INFERENCE.name, [("gw", value)])


def line(kind: str, cost: str, listed: str, events: int) -> dict[str, object]:
    return {"kind": kind, "cost": cost, "listed": listed, "n": events}


def iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / SECOND_US, UTC).isoformat()
