"""What a price book says now, of some of its models: a table for people, or plain data. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from streams.core.charges import Override
from streams.core.price import GPU_METER, Price
from streams.core.price_book import PriceBook
from streams.core.timeline import FOREVER
from streams.prices.agreement_words import Agreement, in_words
from streams.prices.difference import place_of
from streams.prices.difference_text import dimensions
from streams.prices.plain_price import Plain, plain_agreement, plain_price
from streams.prices.text_table import text_table
from streams.prices.wording import day, figure, per, price_of

HEADS: Final = ("provider", "model", "meter", "for", "price", "list", "per", "from", "until",
                "source")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which prices: globs, None all. `at_us` None: of every date."""

    model: str | None = None
    provider: str | None = None
    meter: str | None = None
    at_us: int | None = None

    def names(self, price: Price) -> bool:
        """Whether a price is for what is asked, at whatever date."""
        return (
            _fits(price.model, self.model)
            and _fits(price.provider or "", self.provider)
            and _fits(price.meter, self.meter)
        )


def chosen(book: PriceBook, wanted: Wanted) -> tuple[list[Price], int]:
    """Return the prices wanted, in order, and how many more hold at other dates."""
    named = [price for price in book.prices if wanted.names(price)]
    at_us = wanted.at_us
    holding = [price for price in named if at_us is None or price.holds_at(at_us)]
    ordered = sorted(holding, key=lambda price: (place_of(price).order, price.from_us))
    return ordered, len(named) - len(holding)


def price_table(prices: Iterable[Price]) -> list[str]:
    """Return a price a line."""
    rows = [_row(price) for price in prices]
    return text_table(HEADS, rows, right="price list") if rows else []


def counts(prices: Iterable[Price]) -> list[str]:
    """Return how many prices and models each provider has, most first."""
    found = Counter(price.provider or "any" for price in prices)
    models = Counter(
        provider for provider, _ in {(price.provider or "any", price.model) for price in prices}
    )
    rows = [(name, f"{models[name]:,}", f"{count:,}") for name, count in found.most_common()]
    return text_table(("provider", "models", "prices"), rows, right="models prices")


def agreements_on(book: PriceBook, prices: Sequence[Price], at_us: int | None) -> list[Agreement]:
    """Return the uplifts, overrides and commitments in force that some of the prices meet."""
    held = book.agreements
    every: list[Agreement] = [*held.uplifts, *held.overrides, *held.commitments]
    return [
        each
        for each in every
        if (at_us is None or each.from_us <= at_us < each.to_us)
        and any(_meets(each, price) for price in prices)
    ]


def agreement_list(agreements: Iterable[Agreement]) -> list[str]:
    """Return an agreement a line."""
    return [in_words(each) for each in agreements]


def plain_list(prices: Iterable[Price], agreements: Iterable[Agreement]) -> Plain:
    """Return prices and agreements in JSON's types."""
    return {
        "prices": [plain_price(price) for price in prices],
        "agreements": [plain_agreement(each) for each in agreements],
    }


def _row(price: Price) -> tuple[str, ...]:
    cost, listed = (figure(price_of(rate, price.meter)) for rate in price.both)
    return (
        price.provider or "any",
        price.model,
        price.meter,
        dimensions(price),
        cost,
        "" if listed == cost else listed,
        per(price.meter, price.unit),
        day(price.from_us) if price.from_us > 0 else "",
        day(price.to_us) if price.to_us < FOREVER else "",
        price.source,
    )


def _meets(of: Agreement, price: Price) -> bool:
    """Whether an agreement may say something of the usage that a price is for."""
    if not isinstance(of, Override):
        models = not of.models or any(fnmatchcase(price.model, glob) for glob in of.models)
        is_of_calls = price.meter != GPU_METER and not price.meter.startswith("resource.")
        return (
            is_of_calls
            and models
            and (of.provider is None or price.provider in {of.provider, None})
        )
    return (
        of.meter in {price.meter, None}
        and of.model in {price.model, None}
        and (of.provider is None or price.provider in {of.provider, None})
    )


def _fits(name: str, glob: str | None) -> bool:
    return glob is None or fnmatchcase(name.casefold(), glob.casefold())
