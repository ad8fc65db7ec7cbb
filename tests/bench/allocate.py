"""Partials a second of allocate alone, and final lines a second when it closes windows.

The partial log lies ready: windows of ten seconds with all batches of twelve gateways in them. A
worker emits nothing before it has read its own claim, which stands behind it all, so reading is
measured alone. Then watermarks far ahead are sent, every window closes, and its lines are drawn.
"""

import tempfile
import time
from pathlib import Path

from schemas.codec import Codec
from schemas.topics import COST_LINE, METERED_PARTIAL
from streams.core.windows import SECOND_US
from streams.kafka import read_to_end
from streams.settings import KafkaSettings
from tests.bench import rated, stage, traffic
from tests.bench.figure import Figure, Number, Options, medians

PARTIALS_A_SECOND = 3_000  # about what it does here: sizes a run
PARTIALS_A_BATCH = 3
CALLS_A_BATCH = 200
WINDOW_S = 10
SETTLE_S = 120.0
FAR_S = 24 * 3600
NOT_SHOWN = (
    "emitting while reading, which takes up to a tenth of its time; pools with GPUs; more windows "
    "open than here; several workers"
)


def bench(options: Options) -> list[Figure]:
    """Measure reading and drawing lines."""
    runs = [one_round(options) for _ in range(options.rounds)]
    numbers = medians(runs)
    line = (
        f"allocate: {numbers['partials_a_s']:,.0f} partials/s "
        f"({numbers['partials_a_cpu_s']:,.0f} per CPU second, "
        f"{numbers['partials_a_s'] / PARTIALS_A_BATCH * CALLS_A_BATCH:,.0f} events/s), "
        f"{numbers['finals_a_s']:,.0f} final lines/s, {numbers['rss_mb']:.0f} MB"
    )
    return [Figure("allocate", line, numbers, NOT_SHOWN, runs)]


def one_round(options: Options) -> dict[str, Number]:
    """Fill a partial log and let a worker read it."""
    batches = round(options.seconds * PARTIALS_A_SECOND / PARTIALS_A_BATCH)
    start_us = (int(time.time()) - 3600) // 60 * 60_000_000
    load = traffic.Load(batches, CALLS_A_BATCH, start_us, seed=options.seed)
    messages = list(rated.partial_log(load, rated.rules(WINDOW_S)))
    with stage.broker() as kafka, tempfile.TemporaryDirectory() as folder:
        stage.place(kafka, METERED_PARTIAL.name, messages)
        share = sum(bool(key) for _, key, _ in messages) / len(messages)
        with stage.worker("allocate", kafka, Path(folder)) as worker:
            labels = {"topic": METERED_PARTIAL.name}
            name = "apportion_records_in_total"
            samples = worker.until(name, labels, len(messages), SETTLE_S + 20 * options.seconds)
            a_s, a_cpu_s = stage.rates(samples)
            drawn = {"rss_mb": worker.rss_mb(), "finals_a_s": finals_a_s(worker, kafka)}
    return {"partials_a_s": a_s * share, "partials_a_cpu_s": a_cpu_s * share, **drawn}


def finals_a_s(worker: stage.Worker, kafka: KafkaSettings) -> float:
    """Have every window closed; return final lines a second, by the times they were sent at."""
    name, finals = "apportion_lines_emitted_total", {"status": "final"}
    far_us = time.time_ns() // 1_000 + FAR_S * SECOND_US
    stage.place(kafka, METERED_PARTIAL.name, rated.watermarks(Codec(), far_us))
    stage.wait_for(
        lambda: worker.counter("apportion_state_windows", {}) == 0, SETTLE_S, "windows to close"
    )
    count = worker.counter(name, finals)
    entries = read_to_end(kafka, COST_LINE.name)
    codec = Codec()
    sent_ms = [e.at_ms for e in entries if codec.decode(e.value or b"")[1]["status"] == "final"]
    return count / max(0.001, (max(sent_ms) - min(sent_ms)) / 1000)
