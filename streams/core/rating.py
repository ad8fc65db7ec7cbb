"""A quantity at what it costs, what it costs by the list, and what its payer is charged."""

from typing import TypeAlias

from streams.core.meters import TOKEN_METERS
from streams.core.price import TOKEN_DIVISOR, UNIT_DIVISOR, Rate
from streams.core.price_book import MeterUnit, PriceBook
from streams.core.sums import Key, MeterKey
from streams.core.tally import Tally

Place: TypeAlias = tuple[int, str]  # begin of a window, and pool

TOKEN_NAMES = frozenset(TOKEN_METERS)


def divisor_of(meter: str) -> int:
    """Return what turns an amount of a meter, other than GPU time, into pico."""
    return TOKEN_DIVISOR if meter in TOKEN_NAMES else UNIT_DIVISOR


class Rater:
    """Adds rated quantities to a tally."""

    def __init__(self, book: PriceBook, tally: Tally) -> None:
        self.book = book
        self.tally = tally

    def add(
        self, place: Place, key: Key, meter: MeterUnit, quantity: int, rate: Rate | None
    ) -> None:
        """Add a quantity in base units; without a rate it is kept, unpriced."""
        entry = self.tally.sums(*place).entry(key)
        meter_key = MeterKey(*meter, divisor_of(meter[0]), rate is not None)
        if rate is None:
            entry.add(meter_key, quantity, 0)
            return
        charges = self.book.charges
        agreed = charges.of(key.tenant or "", key.provider, key.model, meter[0], place[0])
        charged = rate.cost if agreed is None else agreed.billed_rate(rate.cost)
        entry.add(
            meter_key, quantity, quantity * rate.cost, quantity * rate.listed, quantity * charged
        )
