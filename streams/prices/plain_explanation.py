"""An explanation in JSON's types: the same steps, exact figures as text. Pure."""

from fractions import Fraction

from schemas.decimals import to_decimal
from streams.core.lines import Money
from streams.prices.explanation import Explanation, Part, Priced
from streams.prices.explanation_text import exactly, quantity
from streams.prices.plain_price import Plain, plain_agreement, plain_price
from streams.prices.ways_to_price import missing_entry
from streams.prices.wording import day, figure, per, price_of


def plain_explanation(found: Explanation) -> Plain:
    """Return every step of the price of a call."""
    sought = found.sought
    return {
        "provider": sought.provider,
        "model": sought.model,
        "region": sought.region,
        "service_tier": sought.tier,
        "tenant": found.event["tenant"],
        "at": day(sought.at_us),
        "prompt_tokens": sought.prompt_tokens,
        "price_book": found.book.version,
        "currency": found.book.currency,
        "parts": [_part(part) for part in found.parts],
        "meters": [_meter(found, each) for each in found.priced],
        "complete": found.is_complete,
        **_money(found.sum),
    }


def _part(part: Part) -> Plain:
    return {
        "meter": part.meter,
        "of": part.total,
        "tokens": part.tokens,
        "own_price": part.has_own_price,
    }


def _meter(found: Explanation, each: Priced) -> Plain:
    meter, unit = each.meter
    choice, override = each.choice, each.override
    said: Plain = {
        "meter": meter,
        "unit": unit,
        "quantity": quantity(each).replace(",", ""),
        "entry": None if choice.price is None else plain_price(choice.price),
        "uplifts": [plain_agreement(uplift) for uplift in choice.uplifts],
        "passed_over": [{"why": o.why, **plain_price(o.price)} for o in choice.passed_over],
        "override": None if override is None else plain_agreement(override),
    }
    if each.rate is None or each.money is None:
        return said | {"missing": missing_entry(each.meter, found.sought).strip()}
    rates = {"list": each.rate.listed, "cost": each.rate.cost, "billed": each.charged}
    exact = {
        name: exactly(Fraction(each.quantity * rate, each.divisor)) for name, rate in rates.items()
    }
    prices = {name: figure(price_of(rate, meter)) for name, rate in rates.items()}
    return said | {"per": per(meter, unit), "prices": prices, "exact": exact, **_money(each.money)}


def _money(money: Money) -> Plain:
    return {
        "list": f"{to_decimal(money.listed):f}",
        "cost": f"{to_decimal(money.cost):f}",
        "billed": f"{to_decimal(money.billed):f}",
    }
