"""Where meter's time goes, in this process and in CPU time: decoding, metering, encoding."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from itertools import chain, islice
from typing import Any

import fastavro

from schemas.catalogue import current
from schemas.codec import HEADER_BYTES, Codec
from schemas.records import Partial
from streams.core.metering import LATEST_US, meter_batch
from streams.demo.gpus import node_agent
from streams.demo.leases import NODES
from streams.demo.plan import Plan
from tests.bench import rated, traffic
from tests.bench.figure import Figure, Number, Options, medians
from tests.builders.usage import batch

BATCHES = 100
SIZES = (200, 1_000)
INTERVALS = 200  # a batch
ROUNDS = 5  # for each asked for: they are short
NOT_SHOWN = "Kafka, Faust, threads; caches are warm and nothing else runs in the process"
KNOWN = {  # what an agent tells of a holder in Kubernetes, beside its time
    "memory_bytes": 70_000_000_000,
    "rule": "by-namespace",
    "evidence": ["pod_resources", "cgroup"],
    "workload": {
        "namespace": "research",
        "pod": "train-ranker-7d9f6c5b8-x2x7k",
        "pod_uid": "3c1f7a9e-7f1a-4d0f-9f6c-0a1b2c3d4e5f",
        "container": "main",
        "container_id": "0123456789abcdef" * 4,
    },
}


@dataclass(frozen=True, slots=True)
class Wire:
    """Batches of one record as they lie on a topic, and how many events they hold."""

    record: str
    values: list[bytes]
    events: int


def bench(options: Options) -> list[Figure]:
    """Measure the steps for calls in batches of both sizes, and for GPU intervals."""
    found = [measured(f"{size}", f"batches of {size}", calls(size, options), options)
             for size in SIZES]  # fmt: skip
    return [*found, measured("gpu", f"{INTERVALS} GPU intervals", intervals(options), options)]


def calls(size: int, options: Options) -> Wire:
    """Return batches of model calls."""
    load = traffic.Load(BATCHES, size, int(time.time()) * 1_000_000, seed=options.seed)
    values = [value for _, value in islice(traffic.encoded(load), BATCHES)]
    return Wire("InferenceUsageBatch", values, load.events)


def intervals(options: Options) -> Wire:
    """Return batches of the demo's GPU intervals, with all that an agent can tell."""
    plan, codec = Plan(seed=options.seed), Codec()
    sends = chain.from_iterable(node_agent(plan, node) for node in NODES)
    events = [told(event) for send in sends for event in send.batch["events"]]
    values = [
        codec.encode("GpuUsageBatch", batch(*events[first : first + INTERVALS]))
        for first in range(0, len(events), INTERVALS)
    ]
    return Wire("GpuUsageBatch", values, len(events))


def told(event: dict[str, Any]) -> dict[str, Any]:
    """Return an interval with what an agent tells beside times."""
    holders = [{**holder, **KNOWN} for holder in event["holders"]]
    return {**event, "holders": holders, "energy_mj": 41_000_000, "samples_expected": 60,
            "samples_taken": 60}  # fmt: skip


def measured(name: str, what: str, wire: Wire, options: Options) -> Figure:
    """Measure the steps for some batches."""
    runs = [one_round(wire) for _ in range(options.rounds * ROUNDS)]
    numbers = medians(runs)
    line = (
        f"codec, {what}: {numbers['decode_us']:.2f} us/event to decode "
        f"(fastavro alone {numbers['fastavro_us']:.2f}), {numbers['meter_us']:.2f} to meter, "
        f"{numbers['encode_us']:.2f} to encode its partials"
    )
    return Figure(f"codec_{name}", line, numbers, NOT_SHOWN, runs)


def one_round(wire: Wire) -> dict[str, Number]:
    """Take a set of batches through every step, one step after the other."""
    codec, under = Codec(), rated.rules()
    schema = current()[wire.record].parsed
    decoded: list[tuple[str, dict[str, Any]]] = []
    partials: list[Partial] = []

    def alone() -> None:
        for each in wire.values:
            fastavro.schemaless_reader(BytesIO(each[HEADER_BYTES:]), schema, None)

    def decode() -> None:
        decoded.extend(codec.decode(each) for each in wire.values)

    def meter() -> None:
        for name, one in decoded:
            partials.extend(meter_batch(name, one, "o:0", under, LATEST_US).partials)

    def encode() -> None:
        for partial in partials:
            codec.encode("Partial", partial)

    return {
        "fastavro_us": cpu_us(alone) / wire.events,
        "decode_us": cpu_us(decode) / wire.events,
        "meter_us": cpu_us(meter) / wire.events,
        "encode_us": cpu_us(encode) / wire.events,
        "partials_a_batch": len(partials) / len(wire.values),
    }


def cpu_us(work: Callable[[], None]) -> float:
    """Return the CPU time of a piece of work, microseconds."""
    began_s = time.process_time()
    work()
    return (time.process_time() - began_s) * 1e6
