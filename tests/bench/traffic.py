"""The load the benches offer: seeded batches of model calls, as gateways close them.

Twelve tenants of the demo's skew, each with three of four models (two providers' APIs and one
endpoint of our own), sizes and cache hits drawn from the demo's distributions. Batches of a source
follow each other in event time, so a window holds many batches and a batch one window or two.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from schemas.codec import Codec
from schemas.records import InferenceUsage, InferenceUsageBatch
from streams.demo import tenants
from streams.demo.chance import stream
from streams.demo.models import MODELS, call

MODEL_NAMES = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "llama-3.3-70b-instruct")
OFFERED = tuple(model for model in MODELS if model.name in MODEL_NAMES)
SHARES = (6, 9, 10)  # of ten calls, cumulative: a tenant's first, second, third model
SOURCES = 12
EPOCH = 1
DISTINCT_CALLS = 20_000  # drawn once and dealt round: drawing a call costs more than metering it


@dataclass(frozen=True, slots=True)
class Load:
    """How much of what. Calls of all sources together come at `calls_per_s` in event time."""

    batches: int
    calls_a_batch: int
    start_us: int
    calls_per_s: int = 20_000
    seed: int = 1

    @property
    def events(self) -> int:
        """Calls in all."""
        return self.batches * self.calls_a_batch


def calls(seed: int) -> list[InferenceUsage]:
    """Return the distinct calls of a seed, all at time 0."""
    rng = stream(seed, "bench")
    by_size = tenants.by_size(seed)
    return [drawn(by_size, rng, number) for number in range(DISTINCT_CALLS)]


def drawn(by_size: list[str], rng: Random, number: int) -> InferenceUsage:
    """Draw one call: a tenant by size, one of its models by share."""
    size = bisect_right(tenants.CUMULATIVE, rng.randrange(tenants.CUMULATIVE[-1]))
    favourite = bisect_right(SHARES, rng.randrange(SHARES[-1]))
    model = OFFERED[(size + favourite) % len(OFFERED)]
    return call(model, by_size[size], 0, f"req-{number:016x}", rng)


def batches(load: Load) -> Iterator[InferenceUsageBatch]:
    """Yield the batches in the order they would be sent; sources take turns."""
    pool = calls(load.seed)
    step_us = 1_000_000 * SOURCES // load.calls_per_s  # between two calls of one source
    for number in range(load.batches):
        seq, source = divmod(number, SOURCES)
        first = number * load.calls_a_batch
        begin_us = load.start_us + seq * load.calls_a_batch * step_us
        events = [
            at(pool[(first + index) % DISTINCT_CALLS], begin_us + index * step_us)
            for index in range(load.calls_a_batch)
        ]
        yield {
            "source": f"gw-{source}",
            "epoch": EPOCH,
            "seq": seq,
            "sent_at_us": begin_us + load.calls_a_batch * step_us,
            "losses": [],
            "events": events,
        }


def encoded(load: Load) -> Iterator[tuple[str, bytes]]:
    """Yield (source, bytes) of each batch."""
    codec = Codec()
    for batch in batches(load):
        yield batch["source"], codec.encode("InferenceUsageBatch", batch)


def at(event: InferenceUsage, at_us: int) -> InferenceUsage:
    """Return a call at another time."""
    return {**event, "at_us": at_us}
