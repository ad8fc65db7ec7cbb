"""Amounts and counts as text: exact, or short enough for a table."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
CENT = Decimal("0.01")
TENTH_OF_A_MILLI = Decimal("0.0001")


def exact(amount: Decimal) -> str:
    """Return every digit, with no exponent and no zeros that say nothing.

    >>> exact(Decimal("96.791325000000")), exact(Decimal("1E+2")), exact(Decimal("-0.500"))
    ('96.791325', '100', '-0.5')
    >>> exact(Decimal("0.000000000000"))
    '0'
    """
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def cents(amount: Decimal) -> str:
    """Return an amount to the cent.

    >>> cents(Decimal("1234.565")), cents(Decimal("0"))
    ('1,234.56', '0.00')
    """
    return f"{amount.quantize(CENT, context=WIDE):,f}"


def unit_price(amount: Decimal) -> str:
    """Return a small amount to the hundredth of a cent.

    >>> unit_price(Decimal("0.00321"))
    '0.0032'
    """
    return f"{amount.quantize(TENTH_OF_A_MILLI, context=WIDE):,f}"


def short(count: int) -> str:
    """Return a count to about four digits.

    >>> short(999), short(363_123_456), short(1_250)
    ('999', '363.1M', '1.2K')
    """
    for unit, suffix in ((10**9, "G"), (10**6, "M"), (10**3, "K")):
        if count >= unit:
            return f"{count * 10 // unit / 10}{suffix}"
    return str(count)
