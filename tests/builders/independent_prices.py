"""The prices of `generated_prices`, written a second time, and found in a plain way.

Money is a Fraction of a dollar; nothing of `streams.core` is used.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from schemas.records import InferenceUsage
from tests.builders.generated_prices import CHANGE_US, NIGHT_US, STEP
from tests.builders.usage import H100, T0

MINUTE_US = 60 * 10**6
FINEST = 10**18  # rates are whole pico per million units

Usd = Fraction
Sides = tuple[str | None, str | None]  # the price before CHANGE_US, and from then on


class Row(NamedTuple):
    """A price of calls, in USD: per million tokens, or per unit."""

    provider: str | None
    model: str
    meter: str
    sides: Sides
    tier: str | None = None
    region: str | None = None
    from_tokens: int = 0
    night: bool = False
    listed: str | None = None


def both(price: str) -> Sides:
    return price, price


GPT = ("openai", "gpt-4o")
ROWS = (
    Row(*GPT, "tokens.input", ("2.50", "2.4999999")),
    Row(*GPT, "tokens.input", both("1.1000007"), night=True),
    Row(*GPT, "tokens.input", both("1.25"), tier="batch"),
    Row(*GPT, "tokens.input", both("3.1"), region="eu"),
    Row(*GPT, "tokens.cache_read", both("0.333333333333")),
    Row(*GPT, "tokens.output", both("10.000000000001")),
    Row(*GPT, "tokens.output", both("5"), tier="batch", listed="6"),
    Row(*GPT, "tokens.reasoning", (None, "60")),
    Row(*GPT, "tokens.input_audio", both("40.000000000003")),
    Row(*GPT, "call.images_output", both("0.04"), listed="0.05"),
    Row(*GPT, "call.seconds", (None, "0.000123456789")),
    Row(None, "llama", "tokens.input", both("0.07")),
    Row(None, "llama", "tokens.input", both("0.09"), from_tokens=STEP),
    Row(None, "llama", "call.requests", both("0.0000012")),
)
GPU_ROWS: dict[tuple[str, str | None], tuple[Sides, str | None, str | None]] = {
    # USD an hour: by day, by night, by the list
    (H100, None): (("2.40", "6.88"), None, None),
    (H100, "spot"): (both("1.23"), None, "9"),
    ("A100", None): (both("0.000000000007"), "1.1", None),
    ("free", None): (both("0"), None, None),
}


class Price(NamedTuple):
    """What a unit costs, and what it costs by the list."""

    cost: Usd
    listed: Usd


def at_night(at_us: int) -> bool:
    """Whether an instant is in the hours that have prices of their own."""
    return NIGHT_US[0] <= at_us < NIGHT_US[1]


def tier(event: InferenceUsage) -> str | None:
    """Return the tier of a call, None for the regular one."""
    return event["service_tier"] if event["service_tier"] in {"batch", "flex"} else None


def call_price(event: InferenceUsage, meter: str) -> Price | None:
    """Return the price of a token or unit of a call; None where there is none."""
    row = row_of(event, meter)
    if row is None:
        return None
    per = 10**6 if meter.startswith("tokens.") else 1
    usd = row.sides[event["at_us"] >= CHANGE_US]
    factor = Fraction(1) if row.region else uplift(event)
    raised = [whole(Fraction(each or 0) * factor / per) for each in (usd, row.listed or usd)]
    return Price(*raised)


def row_of(event: InferenceUsage, meter: str) -> Row | None:
    """Return the row a call is priced by: who and where first, then the size, then the hour."""
    rows = [
        row
        for row in ROWS
        if (row.model, row.meter, row.tier) == (event["model"], meter, tier(event))
    ]
    provider, region = event["provider"], event["region"]
    for who in ((provider, region), (provider, None), (None, region), (None, None)):
        mine = [row for row in rows if (row.provider, row.region) == who]
        if mine:
            return best(mine, event)
    return None


def best(rows: Iterable[Row], event: InferenceUsage) -> Row | None:
    holding = [
        row
        for row in rows
        if row.sides[event["at_us"] >= CHANGE_US] is not None
        and row.from_tokens <= (event["input_tokens"] or 0)
        and (not row.night or at_night(event["at_us"]))
    ]
    return max(holding, key=lambda row: (row.from_tokens, row.night), default=None)


def uplift(event: InferenceUsage) -> Fraction:
    """Return what a price that names no region is multiplied by."""
    factor, region = Fraction(1), event["region"] or ""
    if region.startswith("eu") and event["provider"] == "openai" and event["at_us"] >= CHANGE_US:
        factor *= Fraction("1.1")
    if region == "eu-west-1" and event["model"].startswith("gpt-4"):
        factor *= Fraction("1.05")
    return factor


def whole(usd: Usd) -> Usd:
    """Return dollars of a unit in whole pico per million units, half to even."""
    return Fraction(round(usd * FINEST), FINEST)


def gpu_price(model: str, purchase: str | None, at_us: int) -> Price | None:
    """Return the price of a GPU-hour."""
    row = GPU_ROWS.get((model, purchase)) or GPU_ROWS.get((model, None))
    if row is None:
        return None
    sides, night, listed = row
    usd = night if night and at_night(at_us) else sides[at_us >= CHANGE_US]
    return Price(Fraction(usd or 0), Fraction(listed or usd or 0))


def charged(event: InferenceUsage, meter: str, cost: Usd) -> Usd:
    """Return what the tenant of a call is charged for a token or unit that costs so much."""
    window_us = event["at_us"] // MINUTE_US * MINUTE_US
    match event["tenant"], meter:
        case None, _:
            return cost
        case "acme", _:
            factor = Fraction("0.85")
        case "globex", "tokens.output" if event["model"] == "gpt-4o":
            return Fraction(8, 10**6)
        case "initech", "tokens.input":
            return Fraction(2, 10**6)
        case "initech", _ if window_us >= T0 + 2 * MINUTE_US:
            return Fraction(0)
        case _ if event["provider"] == "vllm":
            factor = Fraction("1.05")
        case _:
            return cost
    return whole(cost * factor)
