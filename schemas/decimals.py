"""Avro `decimal(38,12)` and the integers inside it.

Inside the product money is an integer number of pico (1e-12) of a currency, and so are resource
quantities; on the wire both are the unscaled integer in big-endian two's complement.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal

SCALE = 12
ONE: int = 10**SCALE
WHOLE_DIGITS = 26
LIMIT: int = 10 ** (WHOLE_DIGITS + SCALE)  # a decimal(38, 12) holds less than this, unscaled
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def to_bytes(number: int) -> bytes:
    r"""Return the shortest two's complement form of an integer.

    >>> to_bytes(0), to_bytes(128), to_bytes(-1)
    (b'\x00', b'\x00\x80', b'\xff')
    """
    magnitude = ~number if number < 0 else number  # -128 needs one byte, as 127 does
    return number.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True)


def from_bytes(data: bytes) -> int:
    """Return the integer in two's complement bytes; no bytes are 0.

    >>> from_bytes(to_bytes(-2_500_000))
    -2500000
    """
    return int.from_bytes(data, "big", signed=True)


def to_decimal(pico: int) -> Decimal:
    """Return an integer of pico as the Decimal it stands for, exactly.

    >>> to_decimal(96_791_325_000_000)
    Decimal('96.791325000000')
    """
    return EXACT.scaleb(Decimal(pico), -SCALE)


def to_pico(number: Decimal) -> int:
    """Return a Decimal in pico. Raises ValueError when it is not a whole number of them.

    >>> to_pico(Decimal("2.5"))
    2500000000000
    """
    if number.is_finite() and (-SCALE <= number.adjusted() < WHOLE_DIGITS or number.is_zero()):
        numerator, denominator = number.as_integer_ratio()
        pico, rest = divmod(numerator * ONE, denominator)
        if not rest:
            return pico
    raise ValueError(f"expected at most 12 decimals and 26 digits before them, got {number}")
