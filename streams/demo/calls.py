"""Gateways: calls of tenants arriving like Poisson events along the day's curve, in batches.

Each tenant keeps to a few models of its own. Every so often a call is wrong in a way that real ones
are: an unlisted model, no tenant, counts that cannot be, a clock in the wrong century.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from schemas.records import InferenceUsage
from schemas.topics import USAGE_INFERENCE
from streams.demo import tenants
from streams.demo.chance import stream
from streams.demo.curve import busyness
from streams.demo.models import MODELS, UNKNOWN, Model, call
from streams.demo.plan import Plan
from streams.demo.sends import Batcher, Send

GATEWAYS = (("gw-eu-1", 0.35), ("gw-eu-2", 0.30), ("gw-us-1", 0.20), ("gw-us-2", 0.15))
MODELS_PER_TENANT = 3
MODEL_SHARES = (6, 9, 10)  # of ten calls, cumulative: first, second, third model
YEAR_2099_US = 4_070_908_800_000_000


@dataclass(frozen=True, slots=True)
class Taste:
    """A tenant and the models it calls, the favourite first."""

    tenant: str
    models: tuple[Model, ...]


def tastes(seed: int) -> list[Taste]:
    """Return every tenant with its models, largest tenant first.

    The first tenants' models are dealt from one shuffled deck, so that each model is called.
    """
    rng = stream(seed, "tastes")
    deck: list[Model] = []
    found = []
    for tenant in tenants.by_size(seed):
        hand: list[Model] = []
        while len(hand) < MODELS_PER_TENANT:
            deck = deck or rng.sample(MODELS, len(MODELS))
            card = deck.pop()
            if card not in hand:
                hand.append(card)
        found.append(Taste(tenant, tuple(hand)))
    return found


def gateway(plan: Plan, name: str, share: float) -> Iterator[Send]:
    """Yield a gateway's batches, ascending; `share` is its part of all calls."""
    rng = stream(plan.seed, name)
    batcher = Batcher(USAGE_INFERENCE, name, plan.start_us)
    flush_at = plan.start_us + plan.flush_us
    for at_us, event in numbered(plan, name, share, rng):
        while at_us >= flush_at:
            if len(batcher):
                yield batcher.close(flush_at)
            flush_at += plan.flush_us
        batcher.add(event)
        if batcher.is_full:
            yield batcher.close(at_us)
    if len(batcher):
        yield batcher.close(max(flush_at, plan.end_us))


def numbered(
    plan: Plan, name: str, share: float, rng: Random
) -> Iterator[tuple[int, InferenceUsage]]:
    """Yield (arrival, call) of one gateway, ascending; a faulty call may claim another time."""
    by_size = tastes(plan.seed)
    for number, at_us in enumerate(arrivals(plan, share, rng)):
        taste = by_size[bisect_right(tenants.CUMULATIVE, rng.randrange(tenants.CUMULATIVE[-1]))]
        model = taste.models[bisect_right(MODEL_SHARES, rng.randrange(MODEL_SHARES[-1]))]
        event = call(model, taste.tenant, at_us, f"{name}-{number}", rng)
        if number % plan.fault_every == plan.fault_every - 1:
            event = spoiled(event, number // plan.fault_every, rng)
        yield at_us, event


def arrivals(plan: Plan, share: float, rng: Random) -> Iterator[int]:
    """Yield instants of a Poisson process whose rate follows the day's curve."""
    peak = plan.peak_calls_per_s * share / 1e6  # calls a microsecond
    at = float(plan.start_us)
    while True:
        at += rng.expovariate(peak * busyness(min(1.0, plan.part(int(at)))))
        if at >= plan.end_us:
            return
        yield int(at)


def spoiled(event: InferenceUsage, turn: int, rng: Random) -> InferenceUsage:
    """Return a call with one fault; the kinds take turns."""
    faults: tuple[InferenceUsage, ...] = (
        call(UNKNOWN, event["tenant"], event["at_us"], event["request_id"] or "", rng),
        {**event, "tenant": None},
        {**event, "output_tokens": -1},
        {**event, "cache_read_tokens": (event["input_tokens"] or 0) + 1},
        {**event, "at_us": YEAR_2099_US},
    )
    return faults[turn % len(faults)]


def all_gateways(plan: Plan) -> list[Iterator[Send]]:
    """Return the batches of each gateway."""
    whole = list(accumulate(share for _, share in GATEWAYS))[-1]
    return [gateway(plan, name, share / whole) for name, share in GATEWAYS]
