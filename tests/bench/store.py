"""Rows a second of store into the embedded ClickHouse: the archive of usage, and cost lines."""

import tempfile
import time
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from schemas.codec import Codec
from schemas.topics import COST_LINE, USAGE_INFERENCE
from tests.bench import rated, stage, traffic
from tests.bench.figure import Figure, Number, Options, medians

EVENTS_A_SECOND = 25_000  # about what it does here: sizes a run
LINES_A_SECOND = 2_500  # likewise: a line is a message of its own
CALLS_A_BATCH = 200
DISTINCT_LINES = 2_000
RUN_S = 300.0
NOT_SHOWN = (
    "a ClickHouse server, where inserting costs this process less; months of data, whose merges "
    "take their share; queries at the same time"
)


def bench(options: Options) -> list[Figure]:
    """Measure both tables."""
    runs = [{**archive(options), **lines(options)} for _ in range(options.rounds)]
    numbers = medians(runs)
    line = (
        f"store: {numbers['events_a_s']:,.0f} usage events/s "
        f"({numbers['events_a_cpu_s']:,.0f} per CPU second), "
        f"{numbers['lines_a_s']:,.0f} cost lines/s ({numbers['lines_a_cpu_s']:,.0f})"
    )
    return [Figure("store", line, numbers, NOT_SHOWN, runs)]


def archive(options: Options) -> dict[str, Number]:
    """Store a topic of usage batches."""
    batches = round(options.seconds * EVENTS_A_SECOND / CALLS_A_BATCH)
    start_us = (int(time.time()) - 3600) * 1_000_000
    load = traffic.Load(batches, CALLS_A_BATCH, start_us, seed=options.seed)
    a_s, a_cpu_s = stored(USAGE_INFERENCE.name, traffic.encoded(load), "usage_events", load.events)
    return {"events_a_s": a_s, "events_a_cpu_s": a_cpu_s}


def lines(options: Options) -> dict[str, Number]:
    """Store a topic of cost lines."""
    count = round(options.seconds * LINES_A_SECOND)
    a_s, a_cpu_s = stored(COST_LINE.name, encoded_lines(count, options.seed), "cost_lines", count)
    return {"lines_a_s": a_s, "lines_a_cpu_s": a_cpu_s}


def stored(
    topic: str, messages: Iterator[tuple[str, bytes]], table: str, rows: int
) -> tuple[float, float]:
    """Fill a topic, let store read it; return rows by wall and by CPU second."""
    with stage.broker() as kafka, tempfile.TemporaryDirectory() as folder:
        stage.fill(kafka, topic, messages)
        with stage.worker("store", kafka, Path(folder)) as worker:
            name = "apportion_insert_rows_total"
            samples = worker.until(name, {"table": table}, rows, RUN_S)
    return stage.rates(samples)


def encoded_lines(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield (tenant, bytes): the lines of some windows, revision after revision."""
    codec = Codec()
    start_us = (int(time.time()) - 3600) // 60 * 60_000_000
    load = traffic.Load(2_000, CALLS_A_BATCH, start_us, seed=seed)
    batches = rated.partials(load, rated.rules(window_s=1))
    pool = list(islice(rated.lines(chain.from_iterable(p for _, p in batches)), DISTINCT_LINES))
    for number in range(count):
        revision, index = divmod(number, len(pool))
        line = pool[index]
        yield line["tenant"], codec.encode("CostLine", {**line, "revision": revision})
