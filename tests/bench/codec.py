"""Where meter's time goes, in this process and in CPU time: decoding, metering, encoding."""

import time
from collections.abc import Callable
from io import BytesIO
from itertools import islice
from typing import Any

import fastavro

from schemas.catalogue import current
from schemas.codec import HEADER_BYTES, Codec
from schemas.records import Partial
from streams.core.metering import meter_batch
from tests.bench import rated, traffic
from tests.bench.figure import Figure, Number, Options, medians

BATCHES = 100
SIZES = (200, 1_000)
ROUNDS = 5  # for each asked for: they are short
NOT_SHOWN = "Kafka, Faust, threads; caches are warm and nothing else runs in the process"


def bench(options: Options) -> list[Figure]:
    """Measure the steps for batches of both sizes."""
    return [measured(size, options) for size in SIZES]


def measured(size: int, options: Options) -> Figure:
    """Measure the steps for batches of one size."""
    load = traffic.Load(BATCHES, size, int(time.time()) * 1_000_000, seed=options.seed)
    runs = [one_round(load) for _ in range(options.rounds * ROUNDS)]
    numbers = medians(runs)
    line = (
        f"codec, batches of {size}: {numbers['decode_us']:.2f} us/event to decode "
        f"(fastavro alone {numbers['fastavro_us']:.2f}), {numbers['meter_us']:.2f} to meter, "
        f"{numbers['encode_us']:.2f} to encode its partials"
    )
    return Figure(f"codec_{size}", line, numbers, NOT_SHOWN, runs)


def one_round(load: traffic.Load) -> dict[str, Number]:
    """Take a set of batches through every step, one step after the other."""
    codec, under = Codec(), rated.rules()
    data = [value for _, value in islice(traffic.encoded(load), BATCHES)]
    schema = current()["InferenceUsageBatch"].parsed
    decoded: list[tuple[str, dict[str, Any]]] = []
    partials: list[Partial] = []

    def alone() -> None:
        for each in data:
            fastavro.schemaless_reader(BytesIO(each[HEADER_BYTES:]), schema, None)

    def decode() -> None:
        decoded.extend(codec.decode(each) for each in data)

    def meter() -> None:
        for name, batch in decoded:
            partials.extend(meter_batch(name, batch, "o:0", under, batch["sent_at_us"]).partials)

    def encode() -> None:
        for partial in partials:
            codec.encode("Partial", partial)

    return {
        "fastavro_us": cpu_us(alone) / load.events,
        "decode_us": cpu_us(decode) / load.events,
        "meter_us": cpu_us(meter) / load.events,
        "encode_us": cpu_us(encode) / load.events,
        "partials_a_batch": len(partials) / BATCHES,
    }


def cpu_us(work: Callable[[], None]) -> float:
    """Return the CPU time of a piece of work, microseconds."""
    began_s = time.process_time()
    work()
    return (time.process_time() - began_s) * 1e6
