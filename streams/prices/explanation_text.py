"""An explanation for people: what was used, what priced it, and the arithmetic. Pure.

Figures are exact: a product is written out in full before it is rounded.
"""

from collections.abc import Iterator, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from math import prod
from typing import Final

from schemas.decimals import EXACT, SCALE, to_decimal
from streams.core.meters import TOKEN_METERS
from streams.core.price import Price
from streams.prices.agreement_words import factor_words, in_words
from streams.prices.choice import PassedOver
from streams.prices.difference_text import dimensions
from streams.prices.explanation import Explanation, Part, Priced
from streams.prices.ways_to_price import missing_entry
from streams.prices.wording import day, figure, per, price_of, priced, while_

MOST_REASONS: Final = 6
NAMED_OF_A_REASON: Final = 3
FULL: Final = Context(prec=200)  # of a quantity times a rate, the longest there can be


def explanation_text(found: Explanation) -> Iterator[str]:
    """Yield lines of text."""
    yield from _head(found)
    for each in found.priced:
        yield ""
        yield from _meter(found, each)
    yield ""
    yield from _sum(found)


def _head(found: Explanation) -> Iterator[str]:
    sought, event = found.sought, found.event
    yield f"{sought.model} of {sought.provider}, {day(sought.at_us)}"
    yield f"  book     {found.book.version} in {found.book.currency}"
    yield f"  region   {sought.region or 'none reported: prices that name none'}"
    tier = event["service_tier"]
    regular = f"{tier}, which is the regular one" if tier else "the regular one"
    yield f"  tier     {sought.tier or regular}"
    yield f"  prompt   {sought.prompt_tokens:,} tokens, which decide about steps of the price"
    cached = {
        name: event[f"{name}_tokens"] or 0  # type: ignore[literal-required]  # three of its fields
        for name in ("cache_read", "cache_write_5m", "cache_write_1h")
    }
    taken = "".join(f" - {count:,} {name}" for name, count in cached.items() if count)
    if taken:
        rest = sought.prompt_tokens - sum(cached.values())
        yield f"  input    {sought.prompt_tokens:,} reported{taken} = {rest:,} not cached"
    for part in found.parts:
        yield f"  part     {_part(part)}"


def _part(part: Part) -> str:
    tokens = f"{part.tokens:,} {part.meter}"
    if part.has_own_price:
        return f"{tokens} are taken out of {part.total}: they have a price of their own"
    return f"{tokens} stay in {part.total}: they have no price of their own"


def _meter(found: Explanation, each: Priced) -> Iterator[str]:
    meter, unit = each.meter
    if each.rate is None or each.choice.price is None or each.money is None:
        yield f"{meter}: {quantity(each)} {unit} have no price"
        yield from not_words(each.choice.passed_over)
        yield "  to price them, add under `prices:`"
        yield missing_entry(each.meter, found.sought)
        return
    yield f"{meter}: {quantity(each)} {unit} at {priced(each.rate.cost, meter, unit)}"
    yield from how_chosen(each)
    if each.rate.listed != each.rate.cost:
        yield f"  list     {product(each, each.rate.listed, each.money.listed)}"
    yield f"  cost     {product(each, each.rate.cost, each.money.cost)}"
    if each.override is not None:
        yield from how_charged(each)
        yield f"  billed   {product(each, each.charged, each.money.billed)}"


def how_chosen(each: Priced) -> Iterator[str]:
    """Yield which entry prices a meter, what raised it, and why others do not."""
    if each.choice.price is not None:
        yield f"  entry    {entry_words(each.choice.price)}"
    yield from _uplifts(each)
    yield from not_words(each.choice.passed_over)


def how_charged(each: Priced) -> Iterator[str]:
    """Yield which override decides what the tenant is charged, and which others do not."""
    if each.override is None:
        return
    yield f"  charged  {in_words(each.override)}"
    for lesser in each.lesser:
        yield f"  not      {in_words(lesser)}: it names less"
    yield from _charged(each)


def entry_words(price: Price) -> str:
    """Return an entry in one line: for whom, for what, when, and who says so."""
    who = f"provider {price.provider}" if price.provider else "any provider"
    parts = [who, dimensions(price), while_(price.from_us, price.to_us)]
    return f"{', '.join(part for part in parts if part)} ({price.source})"


def _uplifts(each: Priced) -> Iterator[str]:
    price = each.choice.price
    if price is None or not each.choice.uplifts or each.rate is None:
        return
    for uplift in each.choice.uplifts:
        yield f"  raised   {in_words(uplift)}"
    factors = [uplift.factor for uplift in each.choice.uplifts]
    yield f"           {multiplied(each.meter[0], price.rate, factors, each.rate.cost)}"


def _charged(each: Priced) -> Iterator[str]:
    override = each.override
    if override is None or each.rate is None:
        return
    if override.factor is not None:
        rates = each.rate.cost, [override.factor], each.charged
        yield f"           {multiplied(each.meter[0], *rates)}"
    elif override.steps:
        yield "           at its first step; what the month's volume makes of it is settled later"


def not_words(passed_over: tuple[PassedOver, ...]) -> Iterator[str]:
    """Yield why other entries of the model and meter were passed over, equal reasons together."""
    whys: dict[str, int] = {}
    for each in passed_over:
        whys[each.why] = whys.get(each.why, 0) + 1
    for why, count in [*whys.items()][:MOST_REASONS]:
        yield f"  not      {count:,} {'entry' if count == 1 else 'entries'}: {why}"
    if len(whys) > MOST_REASONS:
        rest = sum([*whys.values()][MOST_REASONS:])
        yield f"  not      {rest:,} more for {len(whys) - MOST_REASONS} other reasons"


def _sum(found: Explanation) -> Iterator[str]:
    money, currency = found.sum, found.book.currency
    yield f"list    {to_decimal(money.listed):f} {currency}"
    yield f"cost    {to_decimal(money.cost):f} {currency}"
    yield f"billed  {to_decimal(money.billed):f} {currency}{_payer(found)}"
    if found.is_unknown:
        yield "nothing was reported as used: a line of kind unpriced, 1 event"
    if not found.is_complete:
        yield "not all of it: what has no price is kept as a line of kind unpriced until it has one"


def _payer(found: Explanation) -> str:
    tenant = found.event["tenant"]
    if tenant is None:
        return " (no tenant given: no override)" if found.book.agreements.overrides else ""
    agreed = any(each.override for each in found.priced)
    return f" to {tenant}" + ("" if agreed else ", as no override is for it")


def quantity(each: Priced) -> str:
    """Return a quantity in its unit."""
    if each.meter[0] in TOKEN_METERS:
        return f"{each.quantity:,}"
    return f"{to_decimal(each.quantity).normalize(EXACT):,f}"


def product(each: Priced, rate: int, pico: int) -> str:
    """Return quantity times rate in full, and the amount on the line where it was rounded."""
    return in_full(each, rate) + rounding(Fraction(each.quantity * rate, each.divisor), pico)


def in_full(each: Priced, rate: int) -> str:
    """Return quantity times rate in full."""
    meter, unit = each.meter
    exact = exactly(Fraction(each.quantity * rate, each.divisor))
    many = "" if per(meter, unit) == f"1 {unit}" else " / 1,000,000"
    return f"{quantity(each)} x {figure(price_of(rate, meter))}{many} = {exact}"


def rounding(exact: Fraction, pico: int) -> str:
    """Return to what an amount was rounded, if it was."""
    return "" if exact == pico else f", rounded half-even to {to_decimal(pico):f}"


def multiplied(meter: str, rate: int, factors: Sequence[Fraction], product: int) -> str:
    """Return a price times factors, and whether the price that comes of it was rounded."""
    before, after = (figure(price_of(each, meter)) for each in (rate, product))
    said = f"{before} x {' x '.join(map(factor_words, factors))} = {after}"
    return said if rate * prod(factors) == product else f"{said}, rounded half-even"


def exactly(pico: Fraction) -> str:
    """Return an amount in full, with at least as many decimals as a line has.

    >>> exactly(Fraction(2_500_000)), exactly(Fraction(1, 4))
    ('0.000002500000', '0.00000000000025')
    """
    number = FULL.divide(Decimal(pico.numerator), Decimal(pico.denominator))
    plain = f"{FULL.scaleb(number, -SCALE).normalize(FULL):f}"
    whole, _, decimals = plain.partition(".")
    return f"{whole}.{decimals:0<{SCALE}}"
