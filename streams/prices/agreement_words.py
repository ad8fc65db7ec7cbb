"""Uplifts, overrides and commitments as people read them. Pure."""

from decimal import Decimal
from fractions import Fraction
from functools import singledispatch
from typing import TypeAlias

from schemas.decimals import EXACT
from streams.core.charges import Override
from streams.core.commitments import Commitment
from streams.core.meters import TOKEN_METERS
from streams.core.money import PICO
from streams.core.price import GPU_DIVISOR, GPU_METER
from streams.core.uplifts import Uplift
from streams.prices.wording import figure, price_of, while_

THOUSANDTHS = 1000

Agreement: TypeAlias = Uplift | Override | Commitment


@singledispatch
def subject(of: object) -> str:
    """Return what an agreement is about."""
    raise TypeError(f"expected an uplift, override or commitment, got {of!r}")


@singledispatch
def terms(of: object) -> str:
    """Return what it says."""
    raise TypeError(f"expected an uplift, override or commitment, got {of!r}")


def in_words(of: Agreement) -> str:
    """Return an agreement in one line."""
    return f"{subject(of)}: {terms(of)}, {while_(of.from_us, of.to_us)} ({of.source})"


def factor_words(factor: Fraction) -> str:
    """Return a factor as the decimal it was written as.

    >>> factor_words(Fraction(11, 10)), factor_words(Fraction(17, 20))
    ('1.10', '0.85')
    """
    return figure(EXACT.divide(Decimal(factor.numerator), Decimal(factor.denominator)))


@subject.register
def _(of: Uplift) -> str:
    models = " ".join(of.models) or "every model"
    return f"uplift of {of.provider or 'every provider'}, {models}, in {of.region}"


@terms.register
def _(of: Uplift) -> str:
    return f"times {factor_words(of.factor)}"


@subject.register
def _(of: Override) -> str:
    narrower = " ".join(part for part in (of.provider, of.model, of.meter) if part)
    return f"override of {of.tenant or 'every tenant'}, {narrower or 'everything'}"


@terms.register
def _(of: Override) -> str:
    if of.factor is not None:
        return f"cost times {factor_words(of.factor)}"
    meter = of.meter or ""
    if of.rate is not None:
        return f"at {figure(price_of(of.rate, meter))} {each_unit(meter)}"
    steps = (
        f"{figure(price_of(rate, meter))} from {units(start, meter)}" for start, rate in of.steps
    )
    return f"{each_unit(meter)}, by the month's volume: {', '.join(steps)}"


def each_unit(meter: str) -> str:
    """Return what a price of a meter is for."""
    if meter in TOKEN_METERS:
        return "per 1M Tokens"
    return "per GPU-Hour" if meter == GPU_METER else "a unit"


def units(quantity: int, meter: str) -> str:
    """Return a quantity in base units in the unit of its meter."""
    base = 1 if meter in TOKEN_METERS else GPU_DIVISOR if meter == GPU_METER else PICO
    return f"{Decimal(quantity) / base:,f}"


@subject.register
def _(of: Commitment) -> str:
    return f"commitment {of.name} of {of.provider}, {' '.join(of.models)}"


@terms.register
def _(of: Commitment) -> str:
    work = ", ".join(f"{meter} x {Decimal(each) / THOUSANDTHS}" for meter, each in of.weights)
    per_hour = Decimal(of.per_hour) / THOUSANDTHS
    return f"{figure(Decimal(of.rate) / PICO)} an hour for {per_hour:,f} of work ({work})"
