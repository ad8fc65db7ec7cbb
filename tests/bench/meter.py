"""Events a second of meter, beside a plain loop over the same topic and the obvious Faust program.

Each round has a broker of its own and runs all three one after the other, so that a machine that is
slow for a while is slow for all; figures are medians over the rounds.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas.topics import USAGE_INFERENCE
from streams.kafka import confluent
from streams.settings import KafkaSettings
from tests.bench import naive_faust, plain_loop, stage, traffic
from tests.bench.figure import Figure, Number, Options, medians

BATCH_SIZES = (200, 1_000)
EVENTS_A_SECOND = 80_000  # about what meter does here: sizes a run to the seconds asked for
NAIVE_EVENTS_A_SECOND = 3_000
NAIVE_TOPIC = "bench.call.v1"
RUN_S = 600.0
AGE_S = 3_600
NOT_SHOWN = (
    "one process on a machine whose other core serves the broker and the clients; no TLS, one "
    "broker in memory, no late or bad input; the plain loop prices nothing and survives nothing"
)


def bench(options: Options) -> list[Figure]:
    """Measure with batches of 200 and of 1,000 events."""
    return [measured(size, options) for size in BATCH_SIZES]


def measured(size: int, options: Options) -> Figure:
    """Run the rounds with batches of one size."""
    runs = [one_round(size, options, number) for number in range(options.rounds)]
    of_plain = [run["meter_a_s"] / run["plain_a_s"] for run in runs]
    of_naive = [run["meter_a_s"] / run["naive_a_s"] for run in runs]
    numbers = medians(
        [
            {**run, "of_plain": plain, "of_naive": naive}
            for run, plain, naive in zip(runs, of_plain, of_naive, strict=True)
        ]
    )
    line = (
        f"meter, batches of {size}: {numbers['meter_a_s']:,.0f} events/s, "
        f"{numbers['of_plain']:.0%} of a plain loop ({numbers['plain_a_s']:,.0f}; "
        f"by CPU time {numbers['of_plain_cpu']:.0%}), "
        f"{numbers['of_naive']:.0f} times the obvious Faust program ({numbers['naive_a_s']:,.0f}; "
        f"by CPU time {numbers['of_naive_cpu']:.0f} times)"
    )
    return Figure(f"meter_{size}", line, numbers, NOT_SHOWN, runs)


def one_round(size: int, options: Options, number: int) -> dict[str, Number]:
    """Fill a broker and read it three times; odd rounds begin with meter."""
    batches = max(50, round(options.seconds * EVENTS_A_SECOND / size))
    start_us = (int(time.time()) - AGE_S) * 1_000_000
    load = traffic.Load(batches, size, start_us, seed=options.seed)
    with stage.broker() as kafka:
        stage.fill(kafka, USAGE_INFERENCE.name, traffic.encoded(load))
        if number % 2:
            found = {**by_meter(kafka, load), **by_plain_loop(kafka, load)}
        else:
            found = {**by_plain_loop(kafka, load), **by_meter(kafka, load)}
    found |= by_naive_faust(options)
    found["of_plain_cpu"] = found["meter_a_cpu_s"] / found["plain_a_cpu_s"]
    found["of_naive_cpu"] = found["meter_a_cpu_s"] / found["naive_a_cpu_s"]
    return found


def by_meter(kafka: KafkaSettings, load: traffic.Load) -> dict[str, Number]:
    """Run meter over the topic."""
    labels = {"topic": USAGE_INFERENCE.name}
    with (
        tempfile.TemporaryDirectory() as folder,
        stage.worker("meter", kafka, Path(folder)) as worker,
    ):
        samples = worker.until("apportion_events_in_total", labels, load.events, RUN_S)
        rss_mb = worker.rss_mb()
    a_s, a_cpu_s = stage.rates(samples)
    return {"meter_a_s": a_s, "meter_a_cpu_s": a_cpu_s, "meter_rss_mb": rss_mb}


def by_plain_loop(kafka: KafkaSettings, load: traffic.Load) -> dict[str, Number]:
    """Run the plain loop over the topic."""
    found = own_process(
        plain_loop.__name__, kafka, USAGE_INFERENCE.name, USAGE_INFERENCE.partitions, load.events
    )
    return {
        "plain_a_s": load.events / found["for_s"],
        "plain_a_cpu_s": load.events / found["cpu_s"],
    }


def by_naive_faust(options: Options) -> dict[str, Number]:
    """Run the obvious Faust program over a topic of single calls, on a broker of its own."""
    events = round(options.seconds * NAIVE_EVENTS_A_SECOND)
    partitions = USAGE_INFERENCE.partitions
    with stage.broker() as kafka:
        admin = AdminClient(confluent(kafka))  # the future fails when it is collected before it
        topic = NewTopic(NAIVE_TOPIC, num_partitions=partitions, replication_factor=1)
        admin.create_topics([topic])[NAIVE_TOPIC].result()
        stage.fill(kafka, NAIVE_TOPIC, single_calls(events, options.seed))
        found = own_process(naive_faust.__name__, kafka, NAIVE_TOPIC, partitions, events)
    return {"naive_a_s": events / found["for_s"], "naive_a_cpu_s": events / found["cpu_s"]}


def single_calls(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield (tenant, JSON) of each call."""
    pool = traffic.calls(seed)
    for number in range(count):
        event = pool[number % len(pool)]
        fields = {
            "tenant": event["tenant"],
            "model": event["model"],
            "input_tokens": event["input_tokens"],
            "output_tokens": event["output_tokens"] or 0,
        }
        yield str(event["tenant"]), json.dumps(fields).encode()


def own_process(
    module: str, kafka: KafkaSettings, topic: str, partitions: int, events: int
) -> dict[str, float]:
    """Run a module over a topic and return the JSON it prints."""
    command = [sys.executable, "-m", module, "--kafka", kafka.bootstrap, "--topic", topic]
    command += ["--partitions", str(partitions), "--events", str(events)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_S, check=False)
    if done.returncode:
        raise stage.Stuck(f"{module}: exit {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
