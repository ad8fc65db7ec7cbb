"""Decimals of a document as the integers `core` computes with, or None where that is not exact."""

from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from schemas.decimals import ONE
from streams.core.price import GPU_METER, TOKEN_DIVISOR

T = TypeVar("T")

NODE_HOURS = "Node-Hours"
FINEST = (
    "expected a price with no more decimals than 1e-12 of the currency per million tokens or "
    "units, or per GPU-hour"
)


def rate_of(meter: str, price: Decimal, per: int) -> int | None:
    """Return a price as a rate: pico per million units, or per GPU-hour.

    >>> rate_of("tokens.input", Decimal("2.50"), 1000000)
    2500000000000
    >>> rate_of("gpu", Decimal(1), 3)
    """
    scale = ONE if meter == GPU_METER else ONE * TOKEN_DIVISOR
    numerator, denominator = price.as_integer_ratio()
    rate, rest = divmod(numerator * scale, denominator * per)
    return None if rest else rate


def whole(value: Decimal, parts: int) -> int | None:
    """Return a decimal in parts of one, e.g. thousandths."""
    scaled = Fraction(value) * parts
    return scaled.numerator if scaled.denominator == 1 else None


def sure(value: T | None) -> T:
    """Return what a check made sure of."""
    if value is None:
        raise AssertionError("expected a document that was checked")
    return value
