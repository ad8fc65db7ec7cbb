"""What one call used, in the words of `usage.inference.v1`: what every dialect is brought to.

Totals are inclusive: cached tokens are in input, reasoning is in output. None: not reported.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypedDict, final

from schemas.decimals import to_bytes, to_pico
from schemas.records import CallQuantity

TOKENS = "Tokens"


@final
class Counted(TypedDict):
    """The fields of an event that tell what was used."""

    input_tokens: int | None
    cache_read_tokens: int | None
    cache_write_5m_tokens: int | None
    cache_write_1h_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    region: str | None
    service_tier: str | None
    quantities: list[CallQuantity] | None
    raw_usage: str | None


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity beside the totals, as `CallQuantity` describes it."""

    meter: str
    unit: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one call used. The fields are those of the event, `raw` is its `raw_usage`."""

    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    region: str | None = None
    service_tier: str | None = None
    quantities: tuple[Quantity, ...] = ()
    raw: str | None = None

    @property
    def is_reported(self) -> bool:
        """Tell whether anything was counted at all."""
        return bool(self.quantities) or any(count is not None for count in self.counts)

    @property
    def counts(self) -> tuple[int | None, ...]:
        """The token counts."""
        return (
            self.input_tokens,
            self.cache_read_tokens,
            self.cache_write_5m_tokens,
            self.cache_write_1h_tokens,
            self.output_tokens,
            self.reasoning_tokens,
        )

    def plus(self, quantities: tuple[Quantity, ...]) -> "Usage":
        """Return it with more quantities."""
        return replace(self, quantities=self.quantities + quantities) if quantities else self

    def counted(self) -> Counted:
        """Return it as the fields of an event."""
        return Counted(
            input_tokens=self.input_tokens,
            cache_read_tokens=self.cache_read_tokens,
            cache_write_5m_tokens=self.cache_write_5m_tokens,
            cache_write_1h_tokens=self.cache_write_1h_tokens,
            output_tokens=self.output_tokens,
            reasoning_tokens=self.reasoning_tokens,
            region=self.region,
            service_tier=self.service_tier,
            quantities=[
                {"meter": q.meter, "unit": q.unit, "quantity": to_bytes(to_pico(q.quantity))}
                for q in self.quantities
            ]
            or None,
            raw_usage=self.raw,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider's answer says of itself. `usage` None: nothing about usage."""

    response_id: str | None = None
    model: str | None = None
    usage: Usage | None = None
    error_type: str | None = None


def total(*parts: int | None) -> int | None:
    """Add up what is known; None when nothing is.

    >>> total(3, None, 0), total(None, None)
    (3, None)
    """
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def some(*quantities: tuple[str, str, Decimal | int | None]) -> tuple[Quantity, ...]:
    """Return those of (meter, unit, quantity) that there is something of."""
    return tuple(Quantity(m, u, Decimal(q)) for m, u, q in quantities if q)


def parts_of(kinds: Iterable[tuple[str, int | None]]) -> tuple[Quantity, ...]:
    """Return tokens that are part of a total, of (meter without `tokens.`, tokens)."""
    return some(*((f"tokens.{kind}", TOKENS, tokens) for kind, tokens in kinds))
