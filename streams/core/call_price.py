"""What calls of one price are billed for: every meter that was used, and how much of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.decimals import ONE, from_bytes
from schemas.records import CallQuantity, InferenceUsage
from streams.core.meters import CALL_PREFIX, CALL_UNITS, PARTS, REQUESTS, TOKEN_METERS, TOKENS
from streams.core.price_book import MeterUnit, Rates

QUANTITY_LIMIT = 10**15 * ONE  # in 1e-12 units; times any sane price it fits a decimal(38, 12)

HIT = "hit"  # InferenceUsage.gateway_cache
# InferenceUsage.status of an attempt that the provider turned away before any work (HTTP 429, and
# Anthropic's 529). Other failures may have been worked on, and billed: what they used is unknown.
REFUSED = "rate_limited"

INPUT: MeterUnit = ("tokens.input", TOKENS)
OUTPUT: MeterUnit = ("tokens.output", TOKENS)
CACHE_READ: MeterUnit = ("tokens.cache_read", TOKENS)
CACHE_WRITE_5M: MeterUnit = ("tokens.cache_write_5m", TOKENS)
CACHE_WRITE_1H: MeterUnit = ("tokens.cache_write_1h", TOKENS)
REASONING: MeterUnit = ("tokens.reasoning", TOKENS)
EACH_REQUEST: MeterUnit = (REQUESTS, CALL_UNITS[REQUESTS])


@dataclass(slots=True)
class Used:
    """Quantities of calls: tokens as the totals are, the rest as producers count it.

    `others`: tokens whole, anything else in 1e-12 of its unit.
    """

    uncached: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    events: int = 0
    unreported: int = 0  # calls of which nothing was counted
    unserved: int = 0  # hits of a gateway's own cache, refused attempts: nothing is owed
    others: dict[MeterUnit, int] | None = None  # made when there are some: most calls have none

    def count_nothing(self, event: InferenceUsage) -> None:
        """Count a call without tokens or other quantities: not served, not counted, or zero."""
        if event.get("gateway_cache") == HIT or event.get("status") == REFUSED:
            self.unserved += 1
        elif event["input_tokens"] is None and event["output_tokens"] is None:
            self.unreported += 1

    def add_others(self, quantities: Iterable[CallQuantity]) -> None:
        """Add what a call is priced by beside its totals."""
        for each in quantities:
            self.add_other((each["meter"], each["unit"]), in_base_units(each))

    def add_other(self, meter: MeterUnit, quantity: int) -> None:
        """Add a quantity in base units."""
        if self.others is None:
            self.others = {}
        self.others[meter] = self.others.get(meter, 0) + quantity

    @property
    def totals(self) -> dict[MeterUnit, int]:
        """The totals, disjoint."""
        return {
            INPUT: self.uncached,
            CACHE_READ: self.cache_read,
            CACHE_WRITE_5M: self.cache_write_5m,
            CACHE_WRITE_1H: self.cache_write_1h,
            OUTPUT: self.output,
        }


def by_meter(used: Used, rates: Rates) -> dict[MeterUnit, int]:
    """Return the quantity of each meter, in base units; what was not used is left out.

    A part of a total, as reasoning is of output, is taken out of it only where it has a price of
    its own. What calls are carried by is there, if only as zero. So calls summed in one group have
    the meters that they have one by one.
    """
    if not used.others and EACH_REQUEST not in rates and (INPUT in rates or not rates):
        return plain(used, rates)
    found = used.totals
    parts = {REASONING: used.reasoning} if used.reasoning else {}
    for key, quantity in (parts | (used.others or {})).items():
        if key[0] not in PARTS:
            found[key] = quantity
        elif key in rates:
            found[PARTS[key[0]], TOKENS] -= quantity
            found[key] = quantity
    if EACH_REQUEST in rates:
        found[EACH_REQUEST] = (used.events - used.unserved) * ONE
    carrier = carrier_of(rates)
    found.setdefault(carrier, 0)
    return {key: quantity for key, quantity in found.items() if quantity or key == carrier}


def plain(used: Used, rates: Rates) -> dict[MeterUnit, int]:
    """Return what `by_meter` does for calls of nothing but tokens, in half the time."""
    found = {INPUT: used.uncached}
    if used.cache_read:
        found[CACHE_READ] = used.cache_read
    if used.cache_write_5m:
        found[CACHE_WRITE_5M] = used.cache_write_5m
    if used.cache_write_1h:
        found[CACHE_WRITE_1H] = used.cache_write_1h
    output = used.output
    if used.reasoning and REASONING in rates:
        output -= used.reasoning
        found[REASONING] = used.reasoning
    if output:
        found[OUTPUT] = output
    return found


def carrier_of(rates: Rates) -> MeterUnit:
    """Return the meter that every call of these rates has a line of, to be counted on."""
    if INPUT in rates or not rates:
        return INPUT
    return EACH_REQUEST if EACH_REQUEST in rates else min(rates)


def is_unknown(used: Used, rates: Rates) -> bool:
    """Whether calls are among them that nobody can price: neither counted nor paid by the call."""
    return used.unreported > 0 and (EACH_REQUEST not in rates or INPUT in rates)


def in_base_units(quantity: CallQuantity) -> int:
    """Return tokens, or 1e-12 of any other unit."""
    scaled = from_bytes(quantity["quantity"])
    return scaled // ONE if quantity["meter"] in PARTS else scaled


def quantities_fault(
    quantities: Iterable[CallQuantity], totals: Mapping[MeterUnit, int]
) -> tuple[str, str] | None:
    """Return (reason, what was expected and came) of quantities that cannot be counted."""
    left = dict(totals)
    for each in quantities:
        found = quantity_fault(each)
        if found:
            return found
        if each["meter"] in PARTS:
            left[PARTS[each["meter"]], TOKENS] -= in_base_units(each)
    for (meter, _), rest in left.items():
        if rest < 0:
            return "part_exceeds_total", f"parts of {meter} to be in it, got {-rest} more tokens"
    return None


def quantity_fault(each: CallQuantity) -> tuple[str, str] | None:
    """Return (reason, what was expected and came) of one quantity that cannot be counted."""
    meter, unit = each["meter"], each["unit"]
    quantity = from_bytes(each["quantity"])
    if meter in {REQUESTS, "tokens.reasoning"} or not (
        meter in PARTS or (meter.startswith(CALL_PREFIX) and meter != CALL_PREFIX)
    ):
        parts = ", ".join(sorted(set(PARTS) - {"tokens.reasoning"}))
        return "unknown_meter", f"{parts} or call.<kind> other than {REQUESTS}, got {meter!r}"
    if not unit or (meter in TOKEN_METERS and unit != TOKENS):
        return "wrong_unit", f"a unit, {TOKENS} for tokens, got {unit!r} for {meter}"
    if quantity < 0:
        return "negative_quantity", f"quantity >= 0, got a negative one of {meter}"
    if quantity >= QUANTITY_LIMIT:
        return "quantity_too_large", f"less than 1e15 units of {meter}; use a larger unit"
    if meter in PARTS and quantity % ONE:
        return "broken_tokens", f"whole tokens, got a fraction of {meter}"
    return None
