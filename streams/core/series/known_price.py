"""The price of late of one item, and another one while that is news.

Prices are exact ratios. What is nearly the same is the same: lines are rounded to the pico.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from streams.core.money import half_even
from streams.core.series.bought import Bought
from streams.core.windows import DAY_US

NEWS_US: Final = DAY_US  # for so long another price is news; then it is the price of late
SAME: Final = 100_000  # prices that differ by less than one part of so many are one price
EXACT: Final = 10**6  # pico: of less, a price cannot be told so well


class Price(NamedTuple):
    """Pico for so much of an item, in 1e-12 of its unit."""

    pico: int
    quantity: int

    @classmethod
    def of(cls, bought: Bought) -> "Price | None":
        """Return the price of something; None where it is too little to tell."""
        if bought.cost < EXACT or bought.quantity <= 0:
            return None
        return cls(bought.cost, bought.quantity)

    def times(self, quantity: int) -> int:
        """Return what a quantity costs at this price."""
        return half_even(quantity * self.pico, self.quantity)

    def is_about(self, other: "Price") -> bool:
        """Whether another one differs by rounding at most."""
        here, there = self.pico * other.quantity, other.pico * self.quantity
        return abs(here - there) * SAME < there


@dataclass(slots=True)
class Known:
    """What is known of an item's price. `fresh`: the other one, unbroken since `since_us`."""

    usual: Price
    seen_us: int
    fresh: Price | None = None
    since_us: int = 0

    def learn(self, price: Price, at_us: int) -> None:
        """Take in what something was bought at, in the order of time."""
        self.seen_us = at_us
        if price.is_about(self.usual):
            self.fresh = None
        elif self.fresh is None or not price.is_about(self.fresh):
            self.fresh, self.since_us = price, at_us
        elif at_us - self.since_us >= NEWS_US:
            self.usual, self.fresh = self.fresh, None

    def expected(self, bought: Bought) -> int:
        """Return what something would have cost at the price of late."""
        price = Price.of(bought)
        if price is None or price.is_about(self.usual):
            return bought.cost
        return self.usual.times(bought.quantity)
