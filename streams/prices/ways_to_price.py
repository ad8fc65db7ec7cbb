"""What to ask a book, or to put in it, where a question fits nothing that it says. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from streams.core.meters import TOKEN_METERS
from streams.core.price import GPU_METER, Price
from streams.core.price_book import MeterUnit, PriceBook
from streams.prices.choice import Sought
from streams.prices.errors import BadCall
from streams.prices.wording import day

NAMED: Final = 8  # of what is near
NEAR: Final = 0.4
ANY_PROVIDER: Final = "any"


def provider_of(book: PriceBook, model: str, named: str | None) -> str:
    """Return the provider to ask about. Raises BadCall where there is none, or several."""
    prices = prices_of_calls(book)
    providers = {price.provider for price in prices if price.model == model}
    if not providers:
        near = ", ".join(near_names(model, {price.model for price in prices})) or "none is near"
        raise BadCall(f"expected a model with prices of calls in this book ({near})", model)
    if named is not None:
        return named
    choices = sorted(provider for provider in providers if provider is not None)
    if len(choices) > 1:
        raise BadCall(f"expected --provider, one of {', '.join(choices)}", f"only model {model}")
    return choices[0] if choices else ANY_PROVIDER


def prices_of_calls(book: PriceBook) -> list[Price]:
    """Return the prices of model calls."""
    return [
        each
        for each in book.prices
        if each.meter != GPU_METER and not each.meter.startswith("resource.")
    ]


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return the names nearest to one, the nearest first, whatever their case.

    >>> near_names("GPT4o", ["gpt-4o", "gpt-4o-mini", "claude"])
    ['gpt-4o', 'gpt-4o-mini']
    """
    by_folded = {each.casefold(): each for each in known}
    found = get_close_matches(name.casefold(), by_folded, NAMED, NEAR)
    within = [each for each in by_folded if name.casefold() in each and each not in found]
    return [by_folded[each] for each in [*found, *sorted(within, key=len)][:NAMED]]


def missing_entry(meter: MeterUnit, sought: Sought) -> str:
    """Return a line of YAML that would price a meter, but for the price and who says so."""
    name, unit = meter
    named = {
        "meter": name,
        "provider": sought.provider,
        "model": sought.model,
        "service_tier": sought.tier,
        "price": "...",
        "per": "1000000" if name in TOKEN_METERS else "1",
        "unit": unit,
        "effective_from": f"{day(sought.at_us)[:10]}T00:00:00Z",
        "source": "...",
    }
    said = ", ".join(f"{key}: {_quoted(value)}" for key, value in named.items() if value)
    return f"  - {{{said}}}"


def _quoted(value: str) -> str:
    is_plain = value.replace("-", "").replace("_", "").replace(".", "").isalnum()
    is_number_or_word = value[:1].isdigit() and not value.endswith("Z") and not value.isdigit()
    if value == "..." or not is_plain or is_number_or_word:
        return value if value.endswith("T00:00:00Z") else f'"{value}"'
    return value
