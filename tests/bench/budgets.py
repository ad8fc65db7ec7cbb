"""From the cost line that spends a budget to its state, and cost lines a second through budgets.

Each of some hundred tenants has a budget, and two budgets are of all of them. One tenant after the
other gets the line that spends its limit, in a stream of lines of everybody. A line is sent like
allocate's; the state is read as a gateway would.
"""

import random
import tempfile
import time
from pathlib import Path
from typing import cast

from confluent_kafka import Producer

from schemas.codec import Codec
from schemas.records import CostLine
from schemas.topics import BUDGET_STATE, COST_LINE, partition_of
from streams.config_topic import CATALOG, PRICES, publish_default, publish_document
from streams.settings import KafkaSettings
from tests.bench import stage
from tests.bench.caps import encoded, many
from tests.bench.crossings import (
    APART_S,
    SETTLE_S,
    exceeded_budget,
    middle_and_end,
    one_by_one,
    seeing,
)
from tests.bench.figure import Figure, Number, Options, medians
from tests.builders.budgets import budget, budgets, spent

BESIDE = 50  # lines of others before each
LINES_A_SECOND = 20_000  # about what it does here: sizes a run
RUN_S = 300.0
CLOCK = "meter.clock=log"  # the lines are not of today
STATES = "apportion_outcomes_total", {"reason": "budget_state"}
NOT_SHOWN = (
    "how long allocate took to draw the line, which latency shows; thousands of budgets; months of "
    "lines that ClickHouse sums when a leader begins"
)


def bench(options: Options) -> list[Figure]:
    """Measure both."""
    runs = [{**exceeded(options), **read(options)} for _ in range(options.rounds)]
    numbers = medians(runs)
    text = (
        f"budgets: line sent -> exceeded read p50 {numbers['p50_s']:.2f} s, "
        f"p99 {numbers['p99_s']:.2f} s; {numbers['lines_a_s']:,.0f} cost lines/s, "
        f"{numbers['lines_a_cpu_s']:,.0f} per CPU second"
    )
    return [Figure("budgets", text, numbers, NOT_SHOWN, runs)]


def named(tenants: list[str]) -> str:
    """Return a catalog with a budget of each tenant, and two of all of them."""
    own = [budget(tenant, "10", tenant=tenant) for tenant in tenants]
    every = budget("all", "1000000"), budget("gpt", "1000000", models="['gpt-*']")
    return budgets(*own, *every, tree="")


def exceeded(options: Options) -> dict[str, Number]:
    """Let tenants spend their limit and wait for the states."""
    tenants = [f"team-{number}" for number in range(round(options.seconds / APART_S))]
    with stage.broker() as kafka, tempfile.TemporaryDirectory() as folder:
        publish_default(kafka, PRICES)
        publish_document(kafka, CATALOG, named(tenants), "bench")
        with (
            stage.worker("store", kafka, Path(folder)),
            stage.worker("budgets", kafka, Path(folder), CLOCK) as watched,
        ):
            begun(watched, len(tenants) + 2)
            stage.fill(kafka, COST_LINE.name, encoded(spent(0, "6", each) for each in tenants))
            watched.until(*STATES, 2 * len(tenants) + 2, RUN_S)
            waits = crossed(kafka, tenants, random.Random(options.seed))
    return middle_and_end("", waits.values())


def begun(watched: stage.Worker, count: int) -> None:
    """Wait until all budgets were judged: what comes before that is read of ClickHouse."""
    watched.until(*STATES, count, RUN_S)


def crossed(kafka: KafkaSettings, tenants: list[str], chance: random.Random) -> dict[str, float]:
    """Send the lines that spend a limit, at uneven intervals; return how long each state took."""
    sending, codec = stage.producer(kafka), Codec()

    def send(number: int, tenant: str) -> float:
        for thing in range(BESIDE):
            line = spent(1, "0.001", f"team-{thing}x", revision=number + 1, thing=thing)
            put(sending, codec, line)
        sent_s = time.monotonic()
        put(sending, codec, spent(1, "10", tenant))
        return sent_s

    with seeing(kafka, BUDGET_STATE.name, exceeded_budget) as seen:
        sent = one_by_one(tenants, chance, send)
        sending.flush(SETTLE_S)
        return seen.waits(sent)


def put(sending: Producer, codec: Codec, line: CostLine) -> None:
    """Send a line as allocate does."""
    partition = partition_of(line["tenant"], COST_LINE.partitions)
    value = codec.encode("CostLine", cast("dict[str, object]", line))
    stage.produce(sending, COST_LINE.name, line["tenant"], value, partition)


def read(options: Options) -> dict[str, Number]:
    """Fill the topic with lines of sixteen tenants, and let budgets read them beside the store."""
    count = round(options.seconds * LINES_A_SECOND)
    with stage.broker() as kafka, tempfile.TemporaryDirectory() as folder:
        publish_default(kafka, PRICES)
        publish_document(kafka, CATALOG, named([f"t{number}" for number in range(16)]), "bench")
        with (
            stage.worker("store", kafka, Path(folder)),
            stage.worker("budgets", kafka, Path(folder), CLOCK) as watched,
        ):
            begun(watched, 18)
            stage.fill(kafka, COST_LINE.name, encoded(many(count)))
            topic = {"topic": COST_LINE.name}
            samples = watched.until("apportion_records_in_total", topic, count, RUN_S)
    a_s, a_cpu_s = stage.rates(samples)
    return {"lines_a_s": a_s, "lines_a_cpu_s": a_cpu_s}
