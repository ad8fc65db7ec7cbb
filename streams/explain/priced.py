"""Which entry of the price book priced each group of events of a meter, and at what. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from streams.core.lines import Money, WindowPool
from streams.core.meters import tier_of
from streams.core.money import half_even
from streams.core.price_book import PriceBook, Rates
from streams.explain.contributions import CallsOf, Contribution, ResourceOf
from streams.prices.choice import Sought
from streams.prices.explanation import Priced, Terms

NO_PROVIDER = ""  # resources have none


def priced_groups(
    parts: Iterable[Contribution], where: WindowPool, book: PriceBook
) -> list[Priced]:
    """Return what was priced alike together, in the order in which it came."""
    groups: dict[object, Priced] = {}
    for part in parts:
        one = priced(part, where, book)
        alike = (one.choice.price, one.choice.uplifts, one.rate, one.override)
        have = groups.get(alike)
        groups[alike] = together(have, one) if have else one
    return [*groups.values()]


def together(have: Priced, one: Priced) -> Priced:
    """Return two groups of one price as one; they are rounded together."""
    whole = replace(have, quantity=have.quantity + one.quantity)
    if have.rate is None:
        return whole
    rates = (*have.rate, have.charged)
    amounts = (half_even(whole.quantity * rate, whole.divisor) for rate in rates)
    return replace(whole, money=Money(*amounts))


def priced(part: Contribution, where: WindowPool, book: PriceBook) -> Priced:
    """Return how one contribution was priced. Raises where no price explains it: a bug here."""
    addition = part.addition
    meter = (addition.meter.name, addition.meter.unit)
    payer = addition.key.tenant or ""
    for sought, rates in ways(part, where, book):
        if (meter in rates) is not addition.meter.priced:
            continue
        found = Terms(book, sought, rates, payer, where.start_us).priced(meter, addition.quantity)
        if amounts_of(found) == addition.amounts:
            return found
    raise AssertionError(f"expected a price that makes {addition.amounts} of {addition}")


def amounts_of(one: Priced) -> tuple[int, ...]:
    """Return cost, list and billed amount before they are rounded; no price, no amounts."""
    rates = (0, 0, 0) if one.rate is None else (*one.rate, one.charged)
    return tuple(one.quantity * rate for rate in rates)


def ways(part: Contribution, where: WindowPool, book: PriceBook) -> Iterator[tuple[Sought, Rates]]:
    """Yield what prices may be asked by: at its instant, and where one changes in the window."""
    meter = (part.addition.meter.name, part.addition.meter.unit)
    first_us = max(part.of.at_us, where.start_us)
    for at_us in (first_us, *book.edges(where.start_us, where.end_us)):
        match part.of:
            case CallsOf(where=place, caller=(_, _, provider, model, _, region, tier)):
                name = tier_of(tier)
                sought = Sought(provider, model, region, name, at_us, place.prompt_tokens)
                timeline = book.call_rates(provider, model, region, name)
                yield sought, timeline.at(at_us).at(place.prompt_tokens)
            case ResourceOf(what=what):
                rate = book.resource_rates(meter[0], what.sku, meter[1]).at(at_us)
                sought = Sought(NO_PROVIDER, what.sku, None, None, at_us, 0)
                yield sought, {} if rate is None else {meter: rate}
            case _:
                raise TypeError(f"expected calls or a quantity of a resource, got {part.of}")
