"""Prices that differ by themselves: by the size of the prompt, or by the hour.

A line is of calls of all sizes, so what a unit of it costs tells no price. The price book does:
what it says of now is held against what it said of the same hour before.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import lru_cache
from typing import Final

from streams.core.money import half_even
from streams.core.price_book import PriceBook
from streams.core.series.bought import Item
from streams.core.series.known_price import NEWS_US
from streams.core.timeline import WEEK_US

NAMES_KEPT: Final = 10_000
AS_BEFORE: Final = Fraction(1)


class Mixes:
    """What a price book says of such prices, and of which models commitments cover a part."""

    def __init__(self, book: PriceBook) -> None:
        self.book = book
        self._sized = frozenset(each.model for each in book.prices if each.from_tokens)
        self._hourly = frozenset(each.model for each in book.prices if each.hours)
        self._is_committed = lru_cache(NAMES_KEPT)(self._committed)

    def has(self, item: Item) -> bool:
        """Whether the price of an item differs by itself."""
        return item.model in self._sized or item.model in self._hourly

    def is_committed(self, item: Item) -> bool:
        """Whether a commitment may cover some of it, so that nobody knows what the rest costs."""
        return self._is_committed(item.provider, item.model)

    def expected(self, item: Item, cost: int, at_us: int) -> int:
        """Return what calls that cost so much would have cost before a price rose."""
        rise = max(AS_BEFORE, min(self._rises(item, at_us)))
        return half_even(cost * rise.denominator, rise.numerator)

    def _rises(self, item: Item, at_us: int) -> Iterator[Fraction]:
        """Yield now over before, at each size of a prompt; as before where either is not known."""
        of_calls = self.book.call_rates(
            item.provider, item.model, item.region or None, item.tier or None
        )
        meter = (item.meter, item.unit)
        ago = (NEWS_US, WEEK_US) if item.model in self._hourly else (NEWS_US,)
        for size in (0, *self.book.steps):
            now = of_calls.at(at_us).at(size).get(meter)
            for before_us in ago:
                then = of_calls.at(at_us - before_us).at(size).get(meter)
                if now is None or then is None or not then.cost:
                    yield AS_BEFORE
                else:
                    yield Fraction(now.cost, then.cost)

    def _committed(self, provider: str, model: str) -> bool:
        return any(
            each.provider == provider and any(fnmatchcase(model, glob) for glob in each.models)
            for each in self.book.agreements.commitments
        )
