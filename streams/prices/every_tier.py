"""What a call may use beside the model: it costs the same whatever service tier the call has."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from streams.prices.found import Found

EXTRAS = ("call.web_searches", "call.map_queries", "call.sessions")


def is_extra(found: Found) -> bool:
    """Whether a price is of what a call may use beside the model."""
    return found.thing.meter.startswith(EXTRAS)


def in_every_tier(prices: Sequence[Found]) -> Iterator[Found]:
    """Yield the prices of extras again for every tier that a model has, where it says no other."""
    said = {found.thing for found in prices}
    tiers: defaultdict[tuple[str, str, str | None], set[str]] = defaultdict(set)
    for thing in said:
        if thing.tier:
            tiers[thing.provider, thing.model, thing.region].add(thing.tier)
    for found in prices:
        thing = found.thing
        if is_extra(found) and thing.tier is None:
            for tier in sorted(tiers[thing.provider, thing.model, thing.region]):
                again = replace(thing, tier=tier)
                if again not in said:
                    yield replace(found, thing=again)
