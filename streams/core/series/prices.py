"""What each model's calls cost, over what they would have cost at the prices of late.

Of each item whose price is known: who buys what from whom, where and at which tier. So what is 1 is
1 whatever is used, and by whom. Whoever is new, or pays for the first time, says nothing.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from streams.core.money import PICO
from streams.core.price_book import PriceBook
from streams.core.series.bought import Bought, Item
from streams.core.series.buckets import Slice
from streams.core.series.keys import SeriesKey
from streams.core.series.known_price import NEWS_US, Known, Price
from streams.core.series.mixes import Mixes
from streams.core.series.parts import Part, Parts
from streams.core.series.points import Point
from streams.core.windows import HOUR_US

LATE_US: Final = 2 * NEWS_US  # of what was paid before, so much has to be known at a start


class Paid(NamedTuple):
    """A price at which an item was bought, first and last, at the begin of a window."""

    item: Item
    price: Price
    first_us: int
    last_us: int


class Prices:
    """The prices of late of all items. `unknown`: items that there was no room for lately."""

    def __init__(self, max_prices: int, forget_us: int) -> None:
        self.unknown = 0
        self._mixes: Mixes | None = None
        self._max_prices = max_prices
        self._forget_us = forget_us
        self._known: dict[Item, Known] = {}

    def __len__(self) -> int:
        return len(self._known)

    def follow(self, book: PriceBook) -> None:
        """Go by what a price book says of prices that differ by themselves."""
        if self._mixes is None or book is not self._mixes.book:
            self._mixes = Mixes(book)

    def remember(self, paid: Iterable[Paid]) -> None:
        """Take in what was paid before, in any order."""
        times = ((at_us, each) for each in paid for at_us in (each.first_us, each.last_us))
        for at_us, each in sorted(times):
            self._learn(each.item, each.price, at_us)

    def compared(self, of: Slice) -> dict[SeriesKey, tuple[Point, Parts]]:
        """Return what each model's calls cost over what they would have, and whose extra it is."""
        found: dict[SeriesKey, Compared] = {}
        for item, bought in of.bought.items():
            expected = self._expected(item, bought, of.start_us)
            if expected is not None:
                key = SeriesKey("price", "", item.model, "", item.currency)
                found.setdefault(key, Compared()).add(item, bought.cost, expected)
        per_hour = HOUR_US / (of.end_us - of.start_us)
        return {key: (each.point(per_hour), each.parts) for key, each in found.items()}

    def learn(self, of: Slice) -> None:
        """Take in what was paid in a final stretch, in the order of time."""
        self._make_room(of)
        self.unknown = 0
        for item, bought in of.bought.items():
            price = Price.of(bought)
            if price is not None:
                self._learn(item, price, of.start_us)

    def _expected(self, item: Item, bought: Bought, at_us: int) -> int | None:
        """Return what something would have cost; None where nobody knows."""
        mixes = self._mixes
        if mixes is not None and mixes.is_committed(item):
            return None
        if mixes is not None and mixes.has(item):
            return mixes.expected(item, bought.cost, at_us)
        known = self._known.get(item)
        return None if known is None else known.expected(bought)

    def _learn(self, item: Item, price: Price, at_us: int) -> None:
        known = self._known.get(item)
        if known is not None:
            known.learn(price, at_us)
        elif len(self._known) < self._max_prices:
            self._known[item] = Known(price, at_us)
        else:
            self.unknown += 1

    def _make_room(self, of: Slice) -> None:
        """Forget what was not bought for long, where there is no room."""
        if len(self._known) >= self._max_prices:
            since_us = of.start_us - self._forget_us
            self._known = {
                item: known for item, known in self._known.items() if known.seen_us >= since_us
            }


class Compared:
    """What calls of one model cost, and would have cost."""

    __slots__ = ("actual", "expected", "parts")

    def __init__(self) -> None:
        self.actual = self.expected = 0
        self.parts: Parts = {}  # of what is extra

    def add(self, item: Item, actual: int, expected: int) -> None:
        """Add what was bought of an item."""
        self.actual += actual
        self.expected += expected
        for part in (Part("tenant", item.tenant), Part("meter", item.meter)):
            self.parts[part] = self.parts.get(part, 0) + actual - expected

    def point(self, per_hour: float) -> Point:
        """Return the value: 1 where nothing changed."""
        ratio = self.actual / self.expected if self.expected else 1.0
        return Point(ratio, self.actual, self.expected / PICO * per_hour)
