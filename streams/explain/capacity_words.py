"""What a part of the GPU time is, and what it was split by, in words. Pure."""

from decimal import Decimal
from typing import Final

from streams.core.capacity import By, Capacity, Joined, Metered, Multiple, Opposite, Share
from streams.core.gpu import ACTIVE, HELD_IDLE
from streams.core.pools import WEIGHT_SCALE
from streams.explain.amounts import money
from streams.explain.step import Amount
from streams.explain.time_cost import seconds
from streams.prices.wording import figure

STATES: Final = {ACTIVE: "worked in", HELD_IDLE: "held and did not use"}
BY: Final[dict[By, str]] = {
    "time": "by GPU-seconds",
    "work": "by the work of tokens",
    "weighted": "by what the time cost that each worked in",
    "even": "the same for each",
    "reservation": "by GPU-seconds reserved",
    "separate": "which nobody takes",
}


def amount_of(part: Capacity, name: Amount) -> int:
    """Return the cost of a part, or its cost by the list, in pico."""
    return part.listed if name == "list" else part.cost


def weight_words(weight: int, by: By) -> str:
    """Return a weight in its unit.

    >>> weight_words(2_500, "work"), weight_words(2_500_000, "time"), weight_words(3, "even")
    ('2.50', '2.50', '3')
    """
    if by == "work":
        return f"{Decimal(figure(Decimal(weight) / WEIGHT_SCALE)):,f}"
    if by in {"time", "reservation"}:
        return seconds(weight)
    return money(weight) if by == "weighted" else str(weight)


def kinds_of(part: Capacity, name: Amount) -> dict[str, int]:
    """Return what is in a sum, by what it is; in pico."""
    found: dict[str, int] = {}
    times: dict[str, int] = {}
    for each in leaves(part):
        words = sort_of(each)
        found[words] = found.get(words, 0) + amount_of(each, name)
        times[words] = times.get(words, 0) + each.for_us
    return {f"{seconds(times[words])} GPU-seconds {words}": pico for words, pico in found.items()}


def leaves(part: Capacity) -> list[Capacity]:
    """Return the parts of a sum, and the parts of those that are sums."""
    if not isinstance(part.origin, Joined):
        return [part]
    return [leaf for each in part.origin.parts for leaf in leaves(each)]


def label(part: Capacity) -> str:
    """Return what a part is, and how much time."""
    return f"{seconds(part.for_us)} GPU-seconds {sort_of(part)}"


def sort_of(part: Capacity) -> str:
    """Return what a part is."""
    match part.origin:
        case Metered(key, meter) if meter in STATES:
            who = f"endpoint {key.endpoint}" if key.endpoint else key.tenant
            return f"of {key.model} that {who} {STATES[meter]}"
        case Metered(key, meter):
            return f"of {key.model} {state_of(meter)}"
        case Share(whole=whole) | Multiple(whole, _) | Opposite(whole) if whole.origin:
            return " and ".join(sorted({sort_of(leaf) for leaf in leaves(whole)}))
        case _:
            return " and ".join(sorted({sort_of(leaf) for leaf in leaves(part) if leaf != part}))


def state_of(meter: str) -> str:
    """Return what became of time that nobody held.

    >>> state_of("gpu.out_of_service")
    'out of service'
    """
    return meter.removeprefix("gpu.").replace("_", " ")
