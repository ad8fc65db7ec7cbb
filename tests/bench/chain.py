"""Events a second through the whole chain on this machine: broker, meter, allocate, store.

All workers run and wait; then encoded batches are sent as fast as the broker takes them. The end is
when the cost lines count every event, and when the archive holds every event.
"""

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from schemas.topics import USAGE_INFERENCE
from tests.bench import stage, traffic
from tests.bench.figure import Figure, Number, Options, medians
from tests.bench.watch import Counted, watching

EVENTS_A_SECOND = 12_000  # about what it does here: sizes a run
CALLS_A_BATCH = 200
RUN_S = 600.0
PROCESSORS = ("meter", "allocate", "store")
NOT_SHOWN = (
    "producers (batches are encoded beforehand) and machines of their own for each part: here all "
    "share the cores, so this is not the sum or the least of the figures above"
)


def bench(options: Options) -> list[Figure]:
    """Measure to the last cost line and to the last archived event."""
    runs = [one_round(options) for _ in range(options.rounds)]
    numbers = medians(runs)
    line = (
        f"chain: {numbers['to_lines_a_s']:,.0f} events/s to cost lines, "
        f"{numbers['to_archive_a_s']:,.0f} to the archive, all parts on this machine"
    )
    return [Figure("chain", line, numbers, NOT_SHOWN, runs)]


def one_round(options: Options) -> dict[str, Number]:
    """Start everything, send, and wait for both ends."""
    batches = round(options.seconds * EVENTS_A_SECOND / CALLS_A_BATCH)
    start_us = (int(time.time()) - 120) * 1_000_000
    load = traffic.Load(batches, CALLS_A_BATCH, start_us, seed=options.seed)
    messages = list(traffic.encoded(load))
    counted = Counted()
    with ExitStack() as stack:
        kafka = stack.enter_context(stage.broker())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = [stack.enter_context(stage.worker(p, kafka, folder)) for p in PROCESSORS]
        stack.enter_context(watching(kafka, counted.take))
        began_s = time.time()
        stage.fill(kafka, USAGE_INFERENCE.name, messages)
        name, labels = "apportion_insert_rows_total", {"table": "usage_events"}
        workers[-1].until(name, labels, load.events, RUN_S)
        archived_s = time.time()
        stage.wait_for(lambda: counted.events >= load.events, RUN_S, "lines to count every event")
    return {
        "to_lines_a_s": load.events / (counted.last_s - began_s),
        "to_archive_a_s": load.events / (archived_s - began_s),
        "lines": counted.lines,
    }
