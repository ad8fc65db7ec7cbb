"""Prices, instants and hours as people read them. Pure; nothing is rounded."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from schemas.decimals import EXACT, SCALE, to_decimal
from streams.core.meters import TOKEN_METERS, TOKENS
from streams.core.price import GPU_HOURS, GPU_METER
from streams.core.timeline import FOREVER
from streams.core.windows import DAY_US, MINUTE_US

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAYS: Final = ("thu", "fri", "sat", "sun", "mon", "tue", "wed")  # as the week of `Price.hours`
MILLION_DIGITS: Final = 6
CENTS: Final = 2


def figure(number: Decimal) -> str:
    """Return a number with as many decimals as it has, and at least two where it has any.

    >>> figure(Decimal("2.5000")), figure(Decimal("0.125")), figure(Decimal("40"))
    ('2.50', '0.125', '40.00')
    """
    plain = f"{number.normalize(EXACT):f}"
    whole, _, decimals = plain.partition(".")
    return f"{whole}.{decimals:0<{CENTS}}"


def price_of(rate: int, meter: str) -> Decimal:
    """Return a rate as the price of a million tokens, a GPU-hour, or one of any other unit."""
    if meter == GPU_METER or meter in TOKEN_METERS:
        return to_decimal(rate)
    return EXACT.scaleb(Decimal(rate), -SCALE - MILLION_DIGITS)


def per(meter: str, unit: str) -> str:
    """Return what the price of a meter is for.

    >>> per("tokens.input", "Tokens"), per("gpu", "GPU-Hours"), per("call.pages", "Pages")
    ('1M Tokens', 'GPU-Hour', '1 Pages')
    """
    if meter in TOKEN_METERS:
        return f"1M {TOKENS}"
    return "GPU-Hour" if unit == GPU_HOURS else f"1 {unit}"


def priced(rate: int, meter: str, unit: str) -> str:
    """Return a price with what it is for."""
    return f"{figure(price_of(rate, meter))} per {per(meter, unit)}"


def day(at_us: int) -> str:
    """Return an instant, no longer than it must be; nothing for one that never comes.

    >>> day(1_767_225_600_000_000), day(1_767_229_260_000_000), day(FOREVER)
    ('2026-01-01', '2026-01-01T01:01:00Z', '')
    """
    if at_us >= FOREVER:
        return ""
    at = (EPOCH + timedelta(microseconds=at_us)).replace(tzinfo=None)
    if at_us % DAY_US == 0:
        return at.date().isoformat()
    return at.isoformat() + "Z"


def while_(from_us: int, to_us: int) -> str:
    """Return the time between two instants."""
    since = f"from {day(from_us)}" if from_us > 0 else "from ever"
    return since if to_us >= FOREVER else f"{since} until {day(to_us)}"


def weekly(hours: tuple[tuple[int, int], ...]) -> str:
    """Return the stretches of a week, UTC, days of equal hours together.

    >>> weekly(((0, 3_600_000_000), (86_400_000_000, 90_000_000_000)))
    'thu fri 00:00-01:00'
    """
    days_of: dict[tuple[int, int], list[str]] = {}
    for begin_us, end_us in hours:
        at_us = begin_us
        while at_us < end_us:
            midnight = at_us - at_us % DAY_US
            until_us = min(end_us, midnight + DAY_US)
            stretch = (at_us - midnight, until_us - midnight)
            days_of.setdefault(stretch, []).append(DAYS[midnight // DAY_US])
            at_us = until_us
    return ", ".join(
        f"{_days(days)} {_clock(begin)}-{_clock(end)}" for (begin, end), days in days_of.items()
    )


def step(from_tokens: int) -> str:
    """Return from which size of the prompt on a price is; nothing: from none on.

    >>> step(200_001), step(0)
    ('prompts from 200,001 tokens', '')
    """
    return f"prompts from {from_tokens:,} tokens" if from_tokens else ""


def percent(old: Fraction | int, new: Fraction | int) -> Fraction | None:
    """Return by how many percent a number grows; None from zero, which nothing is a part of."""
    return Fraction(new - old) * 100 / Fraction(old) if old else None


def signed(part: Fraction | None) -> str:
    """Return a percentage with its sign, to a tenth.

    >>> signed(Fraction(-20)), signed(Fraction(25, 2)), signed(None)
    ('-20.0 %', '+12.5 %', '')
    """
    return "" if part is None else f"{EXACT.scaleb(Decimal(round(part * 10)), -1):+f} %"


def _days(days: list[str]) -> str:
    return "daily" if len(days) == len(DAYS) else " ".join(days)


def _clock(for_us: int) -> str:
    hours, minutes = divmod(for_us // MINUTE_US, 60)
    return f"{hours:02}:{minutes:02}"
