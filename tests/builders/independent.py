"""What generated usage costs, summed plainly with fractions and none of core's rating."""

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from schemas.decimals import from_bytes
from schemas.records import GpuInterval, InferenceUsage
from tests.builders import independent_prices as prices
from tests.builders.generated_prices import CHANGE_US, NIGHT_US
from tests.builders.terms import MILLION, WINDOW_US

PICO = 10**12
HOUR_US = 3_600 * MILLION

Place: TypeAlias = tuple[int, str]  # window and pool
Costs: TypeAlias = Counter[Place]  # pico


class Amounts(NamedTuple):
    """Three sums of the same usage."""

    cost: Costs
    listed: Costs
    billed: Costs


Exact: TypeAlias = dict[tuple[object, ...], list[Fraction]]  # dollars of what is rounded together


def windows_of(event: GpuInterval) -> range:
    """Return the begins of the windows an interval touches."""
    first = event["start_us"] // WINDOW_US * WINDOW_US
    return range(first, event["end_us"], WINDOW_US)


def covered(event: GpuInterval, window: int) -> list[tuple[int, int]]:
    """Return the (microseconds, begin) of the pieces of an interval in a window."""
    edges = sorted((window, CHANGE_US, *NIGHT_US, window + WINDOW_US))
    found = []
    for low, high in pairwise(edges):
        begin = max(event["start_us"], window, low)
        end = min(event["end_us"], window + WINDOW_US, high)
        if begin < end:
            found.append((end - begin, begin))
    return found


def add(exact: Exact, place: tuple[object, ...], amounts: Iterable[Fraction]) -> None:
    """Add to what is rounded together."""
    sums = exact.setdefault(place, [Fraction(0), Fraction(0), Fraction(0)])
    exact[place] = [have + more for have, more in zip(sums, amounts, strict=True)]


def rounded(exact: Exact) -> Amounts:
    """Round each, and sum them by window and pool."""
    found = Amounts(Counter(), Counter(), Counter())
    for (window, pool, *_), sums in exact.items():
        for costs, usd in zip(found, sums, strict=True):
            costs[window, pool] += round(usd * PICO)  # type: ignore[index]  # places begin so
    return found


def gpu_costs(events: Iterable[GpuInterval]) -> Amounts:
    """Return what each pool of GPUs costs: time x price, summed, rounded once.

    What is charged for it is not said here: it depends on how the pool is split.
    """
    exact: Exact = {}
    for event in events:
        pool = "__unmapped__" if event["node"] == "laptop" else "h100"
        for window in windows_of(event):
            for for_us, at_us in covered(event, window):
                price = prices.gpu_price(event["gpu_model"], event["purchase_option"], at_us)
                if price:
                    hours = Fraction(for_us, HOUR_US)
                    add(exact, (window, pool), (*(each * hours for each in price), Fraction(0)))
    return rounded(exact)


def call_costs(events: Iterable[InferenceUsage]) -> Amounts:
    """Return what each provider's API costs: quantity x price, summed and rounded by line."""
    exact: Exact = {}
    for event in events:
        if event["endpoint"] in {"llama-prod", "qwen-prod"}:
            continue  # paid by GPU time
        if event["gateway_cache"] == "hit":
            continue  # no provider was asked
        counted = event["input_tokens"] or event["output_tokens"] or event["quantities"]
        if event["status"] == "rate_limited" and not counted:
            continue  # the provider turned it away
        window = event["at_us"] // WINDOW_US * WINDOW_US
        payer = (event["tenant"], event["project"], event["endpoint"], event["model"])
        where = (event["region"], prices.tier(event))
        for meter, quantity in used(event).items():
            price = prices.call_price(event, meter)
            if price:
                charged = prices.charged(event, meter, price.cost)
                line = (window, f"api:{event['provider']}", *payer, *where, meter)
                add(exact, line, (each * quantity for each in (*price, charged)))
    return rounded(exact)


def used(event: InferenceUsage) -> dict[str, Fraction]:
    """Return what a call used of each meter; parts without a price are in their total."""
    read, written = event["cache_read_tokens"] or 0, event["cache_write_5m_tokens"] or 0
    found = {
        "tokens.input": Fraction((event["input_tokens"] or 0) - read - written),
        "tokens.cache_read": Fraction(read),
        "tokens.output": Fraction(event["output_tokens"] or 0),
        "call.requests": Fraction(1),
    }
    beside = {
        each["meter"]: Fraction(from_bytes(each["quantity"]), PICO)
        for each in event["quantities"] or ()
    }
    beside["tokens.reasoning"] = Fraction(event["reasoning_tokens"] or 0)
    for meter, quantity in beside.items():
        if meter.startswith("call.") or prices.call_price(event, meter):
            found[meter] = quantity
            if meter.startswith("tokens."):
                whole = "tokens.input" if "input" in meter else "tokens.output"
                found[whole] -= quantity
    return found
