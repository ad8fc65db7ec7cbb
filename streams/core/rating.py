"""A quantity at what it costs, what it costs by the list, and what its payer is charged."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from streams.core.meters import TOKEN_METERS
from streams.core.price import TOKEN_DIVISOR, UNIT_DIVISOR
from streams.core.price_book import MeterUnit, PriceBook, Rates
from streams.core.sums import Entry, Key, MeterKey
from streams.core.tally import Tally

Place: TypeAlias = tuple[int, str]  # begin of a window, and pool

TOKEN_NAMES = frozenset(TOKEN_METERS)
NAMES_KEPT = 10_000  # meters whose keys are at hand: producers name some

Quantities: TypeAlias = Mapping[MeterUnit, int]  # in base units


def divisor_of(meter: str) -> int:
    """Return what turns an amount of a meter, other than GPU time, into pico."""
    return TOKEN_DIVISOR if meter in TOKEN_NAMES else UNIT_DIVISOR


@lru_cache(NAMES_KEPT)
def meter_key(meter: MeterUnit, *, priced: bool) -> MeterKey:
    """Return what a meter is summed under."""
    return MeterKey(*meter, divisor_of(meter[0]), priced)


class Rater:
    """Adds rated quantities to a tally."""

    def __init__(self, book: PriceBook, tally: Tally) -> None:
        self.book = book
        self.tally = tally

    def add(self, place: Place, key: Key, quantities: Quantities, rates: Rates) -> Entry:
        """Add quantities of one payer; those without a rate are kept, unpriced."""
        entry = self.tally.sums(*place).entry(key)
        charges = self.book.charges
        for meter, quantity in quantities.items():
            rate = rates.get(meter)
            if rate is None:
                entry.add(meter_key(meter, priced=False), quantity, 0)
                continue
            amount = quantity * rate.cost
            listed = amount if rate.listed == rate.cost else quantity * rate.listed
            billed = amount
            if charges.overrides:
                agreed = charges.of(key.tenant or "", key.provider, key.model, meter[0], place[0])
                billed = amount if agreed is None else quantity * agreed.billed_rate(rate.cost)
            entry.add(meter_key(meter, priced=True), quantity, amount, listed, billed)
        return entry
