"""Amounts as they are written: exact decimals, or the reason why not."""

from decimal import Decimal, InvalidOperation

from streams.prices.json_text import Json, Number

ATOM = Decimal("1e-18")  # books hold whole 1e-12 of the currency per million units
LEAST_DIGITS = 9  # of a price that is not whole in atoms: that it is a rounded float, not a guess
MOST = Decimal(10**9)  # per unit; nothing that is sold by a unit of usage costs so much
LEAST_FACTOR, MOST_FACTOR = Decimal("1e-6"), Decimal(1_000)  # a factor is in whole millionths
MAX_CHARACTERS = 64  # of a number; doubles have 17 digits


def amount(value: Json) -> Decimal | str:
    """Return a price of one unit, or what is wrong with it."""
    if not isinstance(value, Number):
        return f"expected a number, got {shown(value)}"
    if len(value) > MAX_CHARACTERS:
        return f"expected a number of at most {MAX_CHARACTERS} characters, got {shown(value)}"
    try:
        number = Decimal(value)
    except InvalidOperation:
        return f"expected a number, got {shown(value)}"
    if not number.is_finite() or not 0 <= number < MOST:
        return f"expected a number from 0 to less than {MOST:,}, got {value}"
    if 0 < number < ATOM * 10**LEAST_DIGITS and number % ATOM:
        return f"expected 0 or at least {ATOM} a unit in whole multiples, got {value}"
    return number


def factor(value: Json) -> Decimal | str:
    """Return what prices are multiplied by, or what is wrong with it."""
    number = amount(value)
    if isinstance(number, str):
        return number
    if not LEAST_FACTOR <= number <= MOST_FACTOR or number % LEAST_FACTOR:
        return f"expected a factor from {LEAST_FACTOR} to {MOST_FACTOR}, got {value}"
    return number


def whole(price: Decimal) -> Decimal:
    """Return a price of one unit as a book holds it: in whole atoms, a tie to the even one.

    Only prices that went through a float before have more digits: 2.0000000000000002e-07.

    >>> whole(Decimal("2.0000000000000002e-07"))
    Decimal('2.00000000000E-7')
    """
    return price.quantize(ATOM)


def shown(value: Json) -> str:
    """Return a value as a report shows it, cut to what fits."""
    text = str(value) if isinstance(value, Number) else repr(value)
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"
