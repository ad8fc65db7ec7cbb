"""From a call that spends a budget to its state, through everything that `apportion up` runs.

Four gateways send what their calls used, each closing a batch every 100 ms as the hook does; one
tenant after the other makes the call that spends its limit. Two instants are taken of it: its end,
which is the event's own time, and when its batch is handed to Kafka. The state is read as a gateway
would. Once with few budgets, several times over, and once with many. Meanwhile budgets learns what
each of them cost in eight weeks, as it does when it begins: more than on any day after.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from clickhouse.client import connect
from clickhouse.migrate import migrate
from schemas.codec import Codec
from schemas.records import InferenceUsage
from schemas.topics import BUDGET_STATE, USAGE_INFERENCE, partition_of
from streams.config_topic import CATALOG, PRICES, publish_default, publish_document
from streams.core.windows import HOUR_US, window_start
from streams.settings import KafkaSettings
from tests.bench import stage, traffic
from tests.bench.crossings import SETTLE_S, exceeded_budget, middle_and_end, seeing
from tests.bench.figure import Figure, Options
from tests.builders.budgets import budget, budgets
from tests.builders.usage import batch, call

PROCESSORS = ("store", "meter", "allocate", "budgets")  # what `apportion up` runs for budgets
SIZES = ((82, 4), (1_000, 1))  # how many budgets, and how often it is all done
MOST = 300  # crossings at once
GATEWAYS = 4
BATCH_S = 0.1  # the age at which the hook closes one
CALLS_A_BATCH = 25  # so 1,000 calls a second, of tenants drawn evenly
LEAD_S = 10.0  # calls of everybody before the first crossing
TAIL_S = 3.0  # and after the last one
EVERY = 4  # batches to a crossing: ten a second
PRICE_USD = 2.5  # a million tokens that gpt-4o reads
LIMIT_USD = 1
BEGUN, SPENT = round(0.6e6 / PRICE_USD), round(LIMIT_USD * 1e6 / PRICE_USD)  # tokens
RUN_S = 300.0
STATES = "apportion_outcomes_total", {"reason": "budget_state"}
HISTORY_H = 56 * 24
NOT_SHOWN = "a broker and a ClickHouse on other machines; more lines than one a minute and model"


@dataclass(slots=True)
class Sent:
    """When each tenant's last call ended and was sent, by the monotonic clock, and how late."""

    ended: dict[str, float] = field(default_factory=dict)
    sent: dict[str, float] = field(default_factory=dict)
    late_s: float = 0.0


def bench(options: Options) -> list[Figure]:
    """Measure with few budgets and with many, whatever `--seconds` and `--rounds`."""
    return [figure(count, times, options) for count, times in SIZES]


def figure(count: int, times: int, options: Options) -> Figure:
    """Return how long it took with so many budgets."""
    runs = [once(count, options.seed + number) for number in range(times)]
    ended = [wait for run in runs for wait in run.since_end]
    sent = [wait for run in runs for wait in run.since_sent]
    numbers = {
        "crossings": len(ended),
        **middle_and_end("ended_", ended),
        **middle_and_end("sent_", sent),
        "longest_s": max(ended),
        "budgets_mb": max(run.memory_mb for run in runs),
        "budgets_cores": max(run.cores for run in runs),
        "sender_late_s": max(run.late_s for run in runs),
    }
    text = (
        f"exceeded with {count:,} budgets: call ended -> state read p50 "
        f"{numbers['ended_p50_s']:.2f} s, p99 {numbers['ended_p99_s']:.2f} s (published -> read "
        f"p99 {numbers['sent_p99_s']:.2f} s; of {len(ended)} crossings the longest "
        f"{numbers['longest_s']:.2f} s); budgets takes "
        f"{numbers['budgets_mb']:.0f} MB and {numbers['budgets_cores']:.2f} of a core"
    )
    return Figure(f"exceeded-{count}", text, numbers, NOT_SHOWN)


@dataclass(frozen=True, slots=True)
class Run:
    """How long crossings took, and what the worker of budgets did meanwhile."""

    since_end: list[float]
    since_sent: list[float]
    memory_mb: float
    cores: float
    late_s: float


def once(count: int, seed: int) -> Run:
    """Run a stack with so many budgets, two of which are of everybody."""
    tenants = [f"team-{number}" for number in range(count - 2)]
    own = [budget(tenant, str(LIMIT_USD), tenant=tenant) for tenant in tenants]
    every = budget("all", "1000000"), budget("gpt", "1000000", models="['gpt-*']")
    with ExitStack() as stack:
        kafka = stack.enter_context(stage.broker())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        remember(folder, len(tenants))
        publish_default(kafka, PRICES)
        publish_document(kafka, CATALOG, budgets(*own, *every, tree=""), "bench")
        workers = {p: stack.enter_context(stage.worker(p, kafka, folder)) for p in PROCESSORS}
        watched = workers["budgets"]
        watched.until(*STATES, count, RUN_S)
        seen = stack.enter_context(seeing(kafka, BUDGET_STATE.name, exceeded_budget))
        begin_s, begin_cpu_s = time.monotonic(), watched.cpu_s()
        told = offered(kafka, tenants, random.Random(seed))
        since_end, since_sent = seen.waits(told.ended), seen.waits(told.sent)
        cores = (watched.cpu_s() - begin_cpu_s) / (time.monotonic() - begin_s)
        return Run(
            [*since_end.values()], [*since_sent.values()], watched.rss_mb(), cores, told.late_s
        )


def remember(folder: Path, tenants: int) -> None:
    """Insert what each tenant cost in the hours until now, as if it had long been so."""
    text = Path(__file__).with_name("exceeded_past.sql").read_text()
    since_us = window_start(time.time_ns() // 1_000, HOUR_US) - HISTORY_H * HOUR_US
    with connect(f"chdb://{folder / 'clickhouse'}") as connection:
        migrate(connection)
        params = {"tenants": tenants, "hours": HISTORY_H, "since": since_us}
        connection.writer.command(text, params)


def offered(kafka: KafkaSettings, tenants: list[str], chance: random.Random) -> Sent:
    """Send batches on time; return what is known of the calls that spend a limit."""
    told, sending, codec = Sent(), stage.producer(kafka), Codec()
    crossing = chance.sample(tenants, min(MOST, len(tenants)))
    begun = iter(tenants)
    apart_s = BATCH_S / GATEWAYS
    first, last = round(LEAD_S / apart_s), round(LEAD_S / apart_s) + EVERY * len(crossing)
    begin_s, wall_s = time.monotonic(), time.time()  # one instant
    for number in range(last + round(TAIL_S / apart_s)):
        due_s = number * apart_s
        time.sleep(max(0.0, begin_s + due_s - time.monotonic()))
        told.late_s = max(told.late_s, time.monotonic() - begin_s - due_s)
        calls = [*drawn(tenants, chance), *(begin_of(each) for each in some(begun))]
        at_s = [due_s - chance.uniform(0, BATCH_S) for _ in calls]
        tenant = crossing[(number - first) // EVERY] if first <= number < last else None
        if tenant is not None and (number - first) % EVERY == 0:
            calls.append(call(tenant=tenant, input_tokens=SPENT))
            at_s.append(due_s - chance.uniform(0, BATCH_S))
            told.ended[tenant], told.sent[tenant] = begin_s + at_s[-1], time.monotonic()
        seq, gateway = divmod(number, GATEWAYS)
        events = [
            traffic.at(each, round((wall_s + s) * 1e6)) for each, s in zip(calls, at_s, strict=True)
        ]
        name = f"gw-{gateway}"
        closed = {**batch(*events, source=name, seq=seq), "sent_at_us": time.time_ns() // 1_000}
        value = codec.encode("InferenceUsageBatch", closed)
        partition = partition_of(name, USAGE_INFERENCE.partitions)
        stage.produce(sending, USAGE_INFERENCE.name, name, value, partition)
    sending.flush(SETTLE_S)
    return told


def drawn(tenants: list[str], chance: random.Random) -> Iterator[InferenceUsage]:
    """Yield small calls: what they cost together stays far below a limit."""
    for _ in range(CALLS_A_BATCH):
        model = chance.choice(traffic.OFFERED)
        small = call(tenant=chance.choice(tenants), input_tokens=10, output_tokens=1)
        yield {**small, "provider": model.provider, "model": model.name, "endpoint": model.endpoint}


def begin_of(tenant: str) -> InferenceUsage:
    """Return the call that spends a good half of a tenant's limit."""
    return call(tenant=tenant, input_tokens=BEGUN)


def some(names: Iterator[str]) -> Iterator[str]:
    """Yield the next few of some names: all have come well before the first crossing."""
    for _, name in zip(range(5), names, strict=False):
        yield name
