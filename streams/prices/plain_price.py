"""Prices, agreements and their changes in JSON's types: decimals as text, instants in ISO. Pure."""

from fractions import Fraction
from typing import Any, TypeAlias

from streams.core.charges import Override
from streams.core.commitments import Commitment
from streams.core.price import Price
from streams.core.uplifts import Uplift
from streams.prices.agreement_words import subject, terms
from streams.prices.dated_changes import Change
from streams.prices.difference import Difference, growth
from streams.prices.wording import day, figure, per, price_of, weekly

Plain: TypeAlias = dict[str, Any]
PERCENT_DIGITS = 6


def plain_price(price: Price) -> Plain:
    """Return a price with all it is for; null: any, and for a tier the regular one."""
    cost, listed = (figure(price_of(rate, price.meter)) for rate in price.both)
    return {
        "meter": price.meter,
        "provider": price.provider,
        "model": price.model,
        "pool": price.pool,
        "purchase_option": price.purchase,
        "region": price.region,
        "service_tier": price.tier,
        "from_tokens": price.from_tokens,
        "hours": weekly(price.hours) or None,
        "unit": price.unit,
        "price": cost,
        "list_price": listed,
        "per": per(price.meter, price.unit),
        **dates(price),
    }


def plain_agreement(of: Uplift | Override | Commitment) -> Plain:
    """Return an uplift, override or commitment."""
    return {"about": subject(of), "terms": terms(of), **dates(of)}


def dates(of: Price | Uplift | Override | Commitment) -> Plain:
    """Return when it holds, and who says so; null: from ever, or for ever."""
    return {
        "effective_from": day(of.from_us) if of.from_us > 0 else None,
        "effective_to": day(of.to_us) or None,
        "source": of.source,
    }


def plain_difference(found: Difference) -> Plain:
    """Return a difference; `was` and `becomes` are what holds at `from` before and after."""
    old, new = found.currencies
    return {
        "same": found.is_empty,
        "currency": {"old": old, "new": new},
        "prices": [plain_change(change) for change in found.prices],
        "uplifts": [plain_sides(change) for change in found.uplifts],
        "overrides": [plain_sides(change) for change in found.overrides],
        "commitments": [plain_sides(change) for change in found.commitments],
    }


def plain_change(change: Change[Price]) -> Plain:
    """Return what became of a price."""
    part = growth(change)
    return {
        "change": change.kind,
        "from": day(change.from_us) if change.from_us > 0 else None,
        "percent": None if part is None else rounded(part),
        "only_makes_room": change.follows,
        **{
            name: None if price is None else plain_price(price)
            for name, price in (
                ("old", change.old),
                ("new", change.new),
                ("was", change.was),
                ("becomes", change.becomes),
            )
        },
    }


def plain_sides(change: Change[Any]) -> Plain:
    """Return what became of an agreement."""
    sides = {"old": change.old, "new": change.new}
    return {
        "change": change.kind,
        **{name: None if each is None else plain_agreement(each) for name, each in sides.items()},
    }


def rounded(part: Fraction) -> str:
    """Return a percentage as a decimal, to six digits behind the point."""
    scaled = round(part * 10**PERCENT_DIGITS)
    sign = "-" if scaled < 0 else ""
    whole, rest = divmod(abs(scaled), 10**PERCENT_DIGITS)
    return f"{sign}{whole}.{rest:0{PERCENT_DIGITS}}"
