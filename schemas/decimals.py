"""Avro `decimal(38,12)` and the integers inside it.

Inside the product money is an integer number of pico (1e-12) of a currency, and so are resource
quantities; on the wire both are the unscaled integer in big-endian two's complement.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal

SCALE = 12
ONE = 10**SCALE
LIMIT = 10**38  # a decimal(38, 12) holds less than this, unscaled
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def to_bytes(number: int) -> bytes:
    r"""Return the shortest two's complement form of an integer.

    >>> to_bytes(0), to_bytes(128), to_bytes(-1)
    (b'\x00', b'\x00\x80', b'\xff')
    """
    return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)


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
    scaled = EXACT.scaleb(number, SCALE)
    pico = int(scaled)
    if pico != scaled or abs(pico) >= LIMIT:
        raise ValueError(f"expected at most 12 decimals and 26 digits before them, got {number}")
    return pico
