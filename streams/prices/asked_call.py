"""The call that a person asks about, as the event that a producer would send. Pure."""

from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from schemas.decimals import to_bytes, to_pico
from schemas.records import CallQuantity, InferenceUsage
from streams.core.meters import CALL_UNITS, PARTS, TOKENS
from streams.prices.errors import BadCall

OF_TOKENS: Final = "tokens."
FIELDS: Final = (
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "reasoning",
)  # kinds that an event has a field for; the others are quantities
KINDS: Final = (*FIELDS, *(p.removeprefix(OF_TOKENS) for p in PARTS if p != "tokens.reasoning"))


class Asked(NamedTuple):
    """Who calls what, when; `tokens` as totals are reported: input with what was cached."""

    provider: str
    model: str
    region: str | None
    tier: str | None
    tenant: str | None
    at_us: int
    tokens: dict[str, int]
    quantities: list[CallQuantity]


def tokens_of(text: str) -> dict[str, int]:
    """Return tokens by kind from `input=1200,output=300`. Raises BadCall.

    >>> tokens_of("input=1_200,output=300")
    {'input': 1200, 'output': 300}
    """
    found: dict[str, int] = {}
    for part in filter(None, text.replace(" ", "").split(",")):
        kind, equals, count = part.partition("=")
        kind = kind.removeprefix(OF_TOKENS)
        if kind not in KINDS or not equals or kind in found:
            raise BadCall(f"expected each of {', '.join(KINDS)} at most once, as KIND=COUNT", part)
        if not (count.isascii() and count.replace("_", "").isdigit()):
            raise BadCall(f"expected a whole number of tokens for {kind}", part)
        found[kind] = int(count)
    return found


def quantity_of(text: str) -> CallQuantity:
    """Return a quantity from `call.images_output=2` or `call.rows=2:Rows`. Raises BadCall."""
    meter, equals, rest = text.partition("=")
    number, _, unit = rest.partition(":")
    unit = unit or CALL_UNITS.get(meter, TOKENS if meter in PARTS else "")
    if not equals or not unit:
        known = ", ".join(CALL_UNITS)
        raise BadCall(f"expected METER=NUMBER of {known}, or METER=NUMBER:UNIT of any other", text)
    try:
        quantity = to_bytes(to_pico(Decimal(number)))
    except (InvalidOperation, ValueError) as error:
        raise BadCall("expected a number with at most 12 decimals", text) from error
    return {"meter": meter, "unit": unit, "quantity": quantity}


def event_of(asked: Asked) -> InferenceUsage:
    """Return the event that reports a call."""
    tokens = asked.tokens
    parts = [quantity_of(f"{OF_TOKENS}{k}={n}") for k, n in tokens.items() if k not in FIELDS]
    return {
        "at_us": asked.at_us,
        "tenant": asked.tenant,
        "project": None,
        "provider": asked.provider,
        "model": asked.model,
        "endpoint": None,
        "request_id": None,
        "input_tokens": tokens.get("input"),
        "cache_read_tokens": tokens.get("cache_read"),
        "cache_write_5m_tokens": tokens.get("cache_write_5m"),
        "cache_write_1h_tokens": tokens.get("cache_write_1h"),
        "output_tokens": tokens.get("output"),
        "reasoning_tokens": tokens.get("reasoning"),
        "region": asked.region,
        "service_tier": asked.tier,
        "quantities": [*asked.quantities, *parts] or None,
    }
