"""Memory of allocate with ten minutes of windows open, at 300 partials a second."""

import tempfile
import time
from pathlib import Path

from schemas.topics import METERED_PARTIAL
from streams.core.windows import MINUTE_US
from tests.bench import rated, stage, traffic
from tests.bench.figure import Figure, Options

MINUTES = 10
BATCHES_A_SECOND = 100  # of three partials each
CALLS_A_BATCH = 50
WITHIN_S = 600.0
NOT_SHOWN = "pools with GPUs; more tenants, models and sources than twelve, four and twelve"


def bench(options: Options) -> list[Figure]:
    """Have a worker with default settings read ten minutes of partials and close nothing."""
    batches = MINUTES * 60 * BATCHES_A_SECOND
    start_us = time.time_ns() // 1_000 // MINUTE_US * MINUTE_US - 60 * MINUTE_US
    calls_a_second = BATCHES_A_SECOND * CALLS_A_BATCH
    load = traffic.Load(batches, CALLS_A_BATCH, start_us, calls_a_second, options.seed)
    with stage.broker() as kafka, tempfile.TemporaryDirectory() as folder:
        messages = list(rated.partial_log(load, rated.rules(window_s=60)))
        stage.place(kafka, METERED_PARTIAL.name, messages)
        with stage.worker("allocate", kafka, Path(folder)) as worker:
            before_mb = worker.rss_mb()
            labels = {"topic": METERED_PARTIAL.name}
            worker.until("apportion_records_in_total", labels, len(messages), WITHIN_S)
            windows = worker.counter("apportion_state_windows", {})
            rss_mb = worker.rss_mb()
    numbers = {
        "rss_mb": rss_mb,
        "before_mb": before_mb,
        "windows": windows,
        "partials": sum(bool(key) for _, key, _ in messages),
    }
    line = (
        f"memory of allocate: {rss_mb:.0f} MB with {windows:.0f} windows open and "
        f"{numbers['partials']:,} partials in them ({before_mb:.0f} MB before any)"
    )
    return [Figure("memory", line, numbers, NOT_SHOWN)]
