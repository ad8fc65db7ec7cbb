"""From an event being sent to the first provisional cost line that includes it.

Twelve gateways offer 20,000 events a second by the wall clock and close a batch each 200 ms. Each
batch also has one probe in each pool: a call of a tenant that only this gateway uses. The line of
that tenant counts exactly the gateway's batches that are in it, and batches of a gateway are
applied in order, so the first line that counts n events shows when the n-th batch arrived. Each
probe carries the time of its batch's first event; a batch is sent when it is closed.
"""

import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from confluent_kafka import Producer

from schemas.codec import Codec
from schemas.records import CostLine, InferenceUsage, InferenceUsageBatch
from schemas.topics import USAGE_INFERENCE, partition_of
from streams.core.windows import MINUTE_US, window_start
from tests.bench import stage, traffic
from tests.bench.figure import Figure, Number, Options
from tests.bench.watch import watching

EVENTS_A_SECOND = 20_000
BATCH_S = 0.2
WARM_S = 5.0  # not measured: the first windows, the first connections
SECONDS = 3  # times options.seconds
SETTLE_S = 60.0
PROBE = "probe-"
PROCESSORS = ("meter", "allocate", "store")
NOT_SHOWN = (
    "producers' own delay before they close a batch, beyond the 200 ms here; catching up after a "
    "stop; a broker on another machine"
)


@dataclass(slots=True)
class Probes:
    """When each probe was sent, and when the line that first counts it was read."""

    sent: dict[tuple[str, str, int], list[tuple[float, float]]] = field(default_factory=dict)
    waits: list[tuple[float, float, float]] = field(default_factory=list)
    counted: dict[tuple[str, str, int], int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, probe: InferenceUsage, sent_s: float) -> None:
        """Note a probe that is sent now."""
        window_us = window_start(probe["at_us"], MINUTE_US)
        key = (str(probe["tenant"]), probe["model"], window_us)
        with self.lock:
            self.sent.setdefault(key, []).append((sent_s, probe["at_us"] / 1e6))

    def take(self, line: CostLine, at_s: float) -> None:
        """Note which probes a line shows for the first time."""
        if not line["tenant"].startswith(PROBE) or not line["events"]:
            return
        key = (line["tenant"], str(line["model"]), line["window_start_us"])
        with self.lock:
            shown = self.counted.get(key, 0)
            for sent_s, happened_s in self.sent[key][shown : line["events"]]:
                self.waits.append((sent_s, at_s - sent_s, at_s - happened_s))
            self.counted[key] = max(shown, line["events"])

    @property
    def missing(self) -> int:
        """How many probes are in no line yet."""
        with self.lock:
            return sum(map(len, self.sent.values())) - sum(self.counted.values())


def bench(options: Options) -> list[Figure]:
    """Offer the load once: percentiles come from thousands of probes."""
    probes, late_s = offered(options)
    begin_s = min(sent_s for sent_s, _, _ in probes.waits) + WARM_S
    sent = percentiles([wait for at_s, wait, _ in probes.waits if at_s >= begin_s])
    happened = percentiles([wait for at_s, _, wait in probes.waits if at_s >= begin_s])
    numbers: dict[str, Number] = {f"sent_{name}_s": x for name, x in sent.items()}
    numbers |= {f"happened_{name}_s": x for name, x in happened.items()}
    numbers |= {"probes": len(probes.waits), "sender_late_s": late_s}
    line = (
        f"latency at {EVENTS_A_SECOND:,} events/s: sent to line on the topic "
        f"p50 {sent['p50']:.2f} s, p95 {sent['p95']:.2f} s, p99 {sent['p99']:.2f} s "
        f"(from the batch's first event: p99 {happened['p99']:.2f} s; "
        f"sender at most {late_s:.2f} s late)"
    )
    return [Figure("latency", line, numbers, NOT_SHOWN)]


def percentiles(waits: list[float]) -> dict[str, float]:
    """Return p50, p95 and p99."""
    cuts = quantiles(waits, n=100)
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}


def offered(options: Options) -> tuple[Probes, float]:
    """Run the chain under the load; return the probes and how late the sender ever was."""
    probes = Probes()
    with ExitStack() as stack:
        kafka = stack.enter_context(stage.broker())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for processor in PROCESSORS:
            stack.enter_context(stage.worker(processor, kafka, folder))
        stack.enter_context(watching(kafka, probes.take))
        late_s = send(stage.producer(kafka), probes, options)
        stage.wait_for(lambda: not probes.missing, SETTLE_S, "every probe to be in a line")
    return probes, late_s


def send(producer: Producer, probes: Probes, options: Options) -> float:
    """Send batches on time, source after source; return how late the latest was, in seconds."""
    codec = Codec()
    pool = traffic.calls(options.seed)
    apart_s = BATCH_S / traffic.SOURCES
    total = round((WARM_S + SECONDS * options.seconds) / apart_s)
    begin_s = time.time()
    late_s = 0.0
    for number in range(total):
        due_s = begin_s + number * apart_s
        time.sleep(max(0.0, due_s - time.time()))
        late_s = max(late_s, time.time() - due_s)
        batch = closed(pool, number, due_s)
        value = codec.encode("InferenceUsageBatch", batch)
        key = batch["source"]
        for probe in batch["events"][: len(traffic.OFFERED)]:
            probes.send(probe, due_s)
        partition = partition_of(key, USAGE_INFERENCE.partitions)
        stage.produce(producer, USAGE_INFERENCE.name, key, value, partition)
    producer.flush(SETTLE_S)
    return late_s


def closed(pool: list[InferenceUsage], number: int, now_s: float) -> InferenceUsageBatch:
    """Return the batch a source closes now: probes, then the calls since its last one."""
    seq, source = divmod(number, traffic.SOURCES)
    count = round(EVENTS_A_SECOND * BATCH_S / traffic.SOURCES)
    begin_us = round((now_s - BATCH_S) * 1e6)
    step_us = round(BATCH_S * 1e6 / count)
    first = number * count
    calls = [
        traffic.at(pool[(first + index) % len(pool)], begin_us + index * step_us)
        for index in range(count)
    ]
    return {
        "source": f"gw-{source}",
        "epoch": traffic.EPOCH,
        "seq": seq,
        "sent_at_us": round(now_s * 1e6),
        "losses": [],
        "events": probe_calls(pool, f"{PROBE}{source}", begin_us) + calls,
    }


def probe_calls(pool: list[InferenceUsage], tenant: str, at_us: int) -> list[InferenceUsage]:
    """Return one call of a tenant to each model."""
    found: list[InferenceUsage] = []
    for model in traffic.OFFERED:
        example = next(call for call in pool if call["model"] == model.name)
        found.append({**example, "tenant": tenant, "at_us": at_us})
    return found
