"""A job in a running `up` reaches its cap and a budget, everything dies: each is said once."""

import asyncio
import json
import signal
import time
from pathlib import Path

import pytest

from schemas import topics
from schemas.codec import Codec
from streams.config_topic import CATALOG, publish_document
from streams.core.windows import SECOND_US
from streams.kafka import read_to_end
from streams.kafka.batch import publish_all
from streams.settings import KafkaSettings
from streams.up.options import Options
from streams.up.stack import Stack
from tests.answers import POLL_S, WITHIN_S, until
from tests.builders.budgets import budget
from tests.builders.jobs import caps
from tests.builders.usage import holder, interval

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

BOOK = """
currency: USD
prices:
  - {meter: gpu, model: NVIDIA H100 80GB HBM3, price: "3600", per: 1, unit: GPU-Hours,
     effective_from: 2023-01-01T00:00:00Z, source: test}
"""
POOLS = "pools: [{name: h100, nodes: ['gpu-node-*']}]\n"
NOTIFY = "notify: [{name: all, sink: print}]\n"
BUDGETS = f"budgets:\n{budget('acme', '15', period='30 days', tenant='acme')}"
STATES = "SELECT stage, toString(spent) AS usd FROM budget_states FINAL WHERE budget_id = "
STATE, SPENT = STATES + "'job:acme:train-7'", STATES + "'budget:acme'"
SAID = "SELECT job, state, count() AS n FROM alerts FINAL WHERE kind = "
ALERTS, EXCEEDED = (f"{SAID}'{kind}' GROUP BY job, state"
                    for kind in ("cap_reached", "budget_exceeded"))  # fmt: skip


WATCHED = "alerts: [{name: all}]\n"


NEEDED = {"watch", "budgets", "notify", "anomalies"}  # by what the catalog has
SAYS = '{"sink": "print"'


def test_a_job_that_reaches_its_cap_is_said_once_whatever_dies(tmp_path: Path) -> None:
    asyncio.run(cap(tmp_path))


async def cap(folder: Path) -> None:
    """A GPU-second is a dollar. Who has something to do is started, killed, and loses its log."""
    (folder / "prices.yaml").write_text(BOOK)
    options = Options(data=folder / "data", prices=folder / "prices.yaml")
    printed: list[tuple[str, str]] = []
    async with Stack(options, lambda part, line: printed.append((part, line))) as stack:
        assert not NEEDED & stack.pids.keys()
        catalog = POOLS + caps("15") + BUDGETS + NOTIFY + WATCHED
        await asyncio.to_thread(publish_document, stack.settings.kafka, CATALOG, catalog, "test")
        await stack.start_needed()
        now_us = time.time_ns() // 1000 - 60 * SECOND_US
        await asyncio.to_thread(hold, stack.settings.kafka, 0, now_us)
        await until(stack, STATE, {"stage": "ok", "usd": "10"})
        await asyncio.to_thread(hold, stack.settings.kafka, 1, now_us + 10 * SECOND_US)
        await until(stack, STATE, {"stage": "exceeded", "usd": "20"})
        once = {"job": "train-7", "state": "opened", "n": 1}
        await until(stack, ALERTS, once)
        await until(stack, EXCEEDED, {"job": None, "state": "opened", "n": 1})
        await told(printed, "cap_reached", "budget_exceeded")
        stack.send("watch", signal.SIGKILL)
        stack.send("budgets", signal.SIGKILL)
        await asyncio.to_thread(hold, stack.settings.kafka, 2, now_us + 20 * SECOND_US)
        await until(stack, STATE, {"stage": "exceeded", "usd": "30"})
        await until(stack, SPENT, {"stage": "exceeded", "usd": "30"})
        assert said(stack.settings.kafka) == ["opened"]

        began_us = stack.log_began_us
        stack.send("broker", signal.SIGKILL)
        while stack.log_began_us == began_us:  # noqa: ASYNC110 - the stack has no event for it
            await asyncio.sleep(0.1)
        await stack.wait_ready()
        assert stack.pids.keys() >= NEEDED
        await asyncio.to_thread(hold, stack.settings.kafka, 3, now_us + 240 * SECOND_US)
        await until(stack, STATE, {"stage": "exceeded", "usd": "40"})
        assert said(stack.settings.kafka) == []  # on the new log: none is new
        await until(stack, ALERTS, once)
        await until(stack, SPENT, {"stage": "exceeded", "usd": "40"})
        await until(stack, EXCEEDED, {"job": None, "state": "opened", "n": 1})


async def told(printed: list[tuple[str, str]], *kinds: str) -> None:
    """Wait until notify has printed alerts of some kinds, and nothing twice."""
    deadline_s = time.monotonic() + WITHIN_S
    found: set[str] = set()
    while not found >= {*kinds}:
        assert time.monotonic() < deadline_s, found
        await asyncio.sleep(POLL_S)
        lines = [line for part, line in printed if part == "notify" and SAYS in line]
        found = {json.loads(line)["alert"]["kind"] for line in lines}
    assert len({*lines}) == len(lines)


def hold(kafka: KafkaSettings, seq: int, at_us: int) -> None:
    """Say that a job held a GPU for ten seconds."""
    held = holder(10 * SECOND_US, tenant="acme", job="train-7")
    event = interval(held, start_us=at_us, end_us=at_us + 10 * SECOND_US)
    head = {"source": "node-1", "epoch": 1, "seq": seq, "sent_at_us": at_us, "losses": []}
    value = Codec().encode("GpuUsageBatch", {**head, "events": [event]})
    publish_all(kafka, topics.USAGE_GPU.name, [("node-1", value)])


def said(kafka: KafkaSettings) -> list[str]:
    """Return the states of all alerts of caps on the topic."""
    entries = read_to_end(kafka, topics.ALERT_COST.name)
    alerts = [Codec().decode(entry.value or b"")[1] for entry in entries]
    return [alert["state"] for alert in alerts if alert["kind"] == "cap_reached"]
