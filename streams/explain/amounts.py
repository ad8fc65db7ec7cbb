"""Amounts in the arithmetic of steps: in full where they end, else cut and said to go on. Pure."""

from fractions import Fraction

from schemas.decimals import to_decimal
from streams.prices.explanation_text import rounding

SHOWN = 6  # decimals behind a pico
GOES_ON = "\u2026"


def money(pico: int) -> str:
    """Return an amount as lines have it.

    >>> money(1_500_000_000_000)
    '1.500000000000'
    """
    return f"{to_decimal(pico):f}"


def shown(exact: Fraction) -> str:
    """Return an amount that may lie between two pico.

    >>> shown(Fraction(5, 2)), shown(Fraction(1, 3)), shown(Fraction(7))
    ('0.0000000000025', '0.000000000000333333\u2026', '0.000000000007')
    """
    scaled, rest = divmod(exact.numerator * 10**SHOWN, exact.denominator)
    pico, behind = divmod(scaled, 10**SHOWN)
    decimals = f"{behind:0{SHOWN}}".rstrip("0") if not rest else f"{behind:0{SHOWN}}{GOES_ON}"
    return f"{money(pico)}{decimals}"


def rounded(exact: Fraction, pico: int) -> str:
    """Return an amount, and to what it was rounded, if it was."""
    return f"{shown(exact)}{rounding(exact, pico)}"
