"""From a job's cost line that reaches its cap to the alert, and cost lines a second through watch.

Jobs are below their cap. One after the other gets the line that reaches it, in a stream of lines of
model calls that are of no job. A line is sent like allocate's; the alert is read as another service
would. Half of the jobs are known; of the others it is the first line ever.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import cast

from schemas.codec import Codec
from schemas.records import CostLine
from schemas.topics import ALERT_COST, COST_LINE, partition_of
from streams.config_topic import CATALOG, PRICES, publish_default, publish_document
from streams.settings import KafkaSettings
from tests.bench import stage
from tests.bench.crossings import APART_S, SETTLE_S, middle_and_end, one_by_one, seeing
from tests.bench.figure import Figure, Number, Options, medians
from tests.builders.cost_lines import line
from tests.builders.jobs import caps, job_line

BESIDE = 50  # lines of no job before each
LINES_A_SECOND = 5_000  # about what it does here: sizes a run
RUN_S = 300.0
NOT_SHOWN = (
    "how long allocate took to draw the line, which latency shows; thousands of jobs at once; a "
    "ClickHouse far away, which jobs that are new wait for"
)


def bench(options: Options) -> list[Figure]:
    """Measure both."""
    runs = [{**alerted(options), **read(options)} for _ in range(options.rounds)]
    numbers = medians(runs)
    text = (
        f"caps: line sent -> alert read p50 {numbers['p50_s']:.2f} s, "
        f"p99 {numbers['p99_s']:.2f} s; "
        f"of a job never seen before p50 {numbers['new_p50_s']:.2f} s, p99 "
        f"{numbers['new_p99_s']:.2f} s; {numbers['lines_a_s']:,.0f} cost lines/s, "
        f"{numbers['lines_a_cpu_s']:,.0f} per CPU second"
    )
    return [Figure("caps", text, numbers, NOT_SHOWN, runs)]


def alerted(options: Options) -> dict[str, Number]:
    """Let jobs reach their cap and wait for the alerts."""
    count = round(options.seconds / APART_S)
    jobs = [f"train-{'new' if number % 2 else 'old'}-{number}" for number in range(count)]
    with stage.broker() as kafka, tempfile.TemporaryDirectory() as folder:
        publish_default(kafka, PRICES)
        publish_document(kafka, CATALOG, caps("10"), "bench")
        with (
            stage.worker("store", kafka, Path(folder)),
            stage.worker("watch", kafka, Path(folder)) as watch,
        ):
            known = [each for each in jobs if "old" in each]
            stage.fill(kafka, COST_LINE.name, encoded(job_line(0, "6", job=job) for job in known))
            labels = {"reason": "budget_state"}
            watch.until("apportion_outcomes_total", labels, len(known), RUN_S)
            waits = crossed(kafka, jobs, random.Random(options.seed))
    old, new = ([waits[job] for job in jobs if kind in job] for kind in ("old", "new"))
    return {**middle_and_end("", old), **middle_and_end("new_", new)}


def crossed(kafka: KafkaSettings, jobs: list[str], chance: random.Random) -> dict[str, float]:
    """Send the lines that reach a cap, at uneven intervals; return how long each alert took."""
    sending, codec = stage.producer(kafka), Codec()
    partition = partition_of("acme", COST_LINE.partitions)

    def send(number: int, job: str) -> float:
        for thing in range(BESIDE):
            value = codec.encode("CostLine", line(number * BESIDE + thing, revision=number))
            stage.produce(sending, COST_LINE.name, "acme", value, partition)
        sent_s = time.monotonic()
        value = codec.encode("CostLine", job_line(1, "10", job=job))
        stage.produce(sending, COST_LINE.name, "acme", value, partition)
        return sent_s

    with seeing(kafka, ALERT_COST.name, itemgetter("job")) as seen:
        sent = one_by_one(jobs, chance, send)
        sending.flush(SETTLE_S)
        return seen.waits(sent)


def read(options: Options) -> dict[str, Number]:
    """Fill the topic with lines, one in ten of a job, and let watch read them beside the store."""
    count = round(options.seconds * LINES_A_SECOND)
    with stage.broker() as kafka, tempfile.TemporaryDirectory() as folder:
        publish_default(kafka, PRICES)
        publish_document(kafka, CATALOG, caps("1000000000"), "bench")
        with (
            stage.worker("store", kafka, Path(folder)),
            stage.worker("watch", kafka, Path(folder)) as watch,
        ):
            stage.fill(kafka, COST_LINE.name, encoded(many(count)))
            topic = {"topic": COST_LINE.name}
            samples = watch.until("apportion_records_in_total", topic, count, RUN_S)
    a_s, a_cpu_s = stage.rates(samples)
    return {"lines_a_s": a_s, "lines_a_cpu_s": a_cpu_s}


def many(count: int) -> Iterator[CostLine]:
    """Yield lines of some tenants, revision after revision."""
    for number in range(count):
        revision, thing = divmod(number, 2000)
        tenant = f"t{thing % 16}"
        if thing % 10:
            yield line(thing, tenant=tenant, revision=revision)
        else:
            job = f"train-{thing % 100}"
            yield job_line(thing // 100, "1", job=job, tenant=tenant, revision=revision)


def encoded(lines: Iterator[CostLine]) -> Iterator[tuple[str, bytes]]:
    """Yield lines as messages."""
    codec = Codec()
    for each in lines:
        yield each["tenant"], codec.encode("CostLine", cast("dict[str, object]", each))
