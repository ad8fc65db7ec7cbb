"""What differs between two price books: prices, uplifts, overrides, commitments. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from streams.core.charges import Override
from streams.core.commitments import Commitment
from streams.core.price import Price
from streams.core.price_book import PriceBook
from streams.core.uplifts import Uplift
from streams.prices.dated_changes import Aspects, Change, T, dated_changes
from streams.prices.wording import percent


class Place(NamedTuple):
    """What one price is for, whatever it is and whenever."""

    provider: str | None
    model: str
    meter: str
    unit: str
    pool: str | None
    purchase: str | None
    region: str | None
    tier: str | None
    from_tokens: int
    hours: tuple[tuple[int, int], ...]

    @property
    def order(self) -> tuple[object, ...]:
        """Where it comes in a list."""
        return tuple("" if part is None else part for part in self)


def place_of(price: Price) -> Place:
    """Return what a price is for."""
    return Place(
        price.provider,
        price.model,
        price.meter,
        price.unit,
        price.pool,
        price.purchase,
        price.region,
        price.tier,
        price.from_tokens,
        price.hours,
    )


PRICES: Final[Aspects[Price]] = Aspects(place_of, lambda price: price.both)
UPLIFTS: Final[Aspects[Uplift]] = Aspects(
    lambda uplift: (uplift.provider, uplift.region, uplift.models), lambda uplift: uplift.factor
)
OVERRIDES: Final[Aspects[Override]] = Aspects(
    lambda each: (each.tenant, each.provider, each.model, each.meter),
    lambda each: (each.factor, each.rate, each.steps),
)
COMMITMENTS: Final[Aspects[Commitment]] = Aspects(
    lambda each: each.name,
    lambda each: (each.provider, each.models, each.weights, each.per_hour, each.rate),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Changes from one book to another; of prices, the greatest first."""

    currencies: tuple[str, str]
    prices: tuple[Change[Price], ...]
    uplifts: tuple[Change[Uplift], ...]
    overrides: tuple[Change[Override], ...]
    commitments: tuple[Change[Commitment], ...]

    @property
    def is_empty(self) -> bool:
        """Whether both books say the same."""
        return self.count == 0 and len(set(self.currencies)) == 1

    @property
    def count(self) -> int:
        """How many entries are not what they were."""
        return sum(map(len, (self.prices, self.uplifts, self.overrides, self.commitments)))

    @property
    def begins_us(self) -> int | None:
        """The first instant for which the books may price differently; None: there is none."""
        begins = [
            *_begins(self.prices),
            *_begins(self.uplifts),
            *_begins(self.overrides),
            *_begins(self.commitments),
        ]
        return min(begins, default=None)


def _begins(changes: Sequence[Change[T]]) -> list[int]:
    return [each.from_us for each in changes if each.kind != "source"]


def difference(old: PriceBook, new: PriceBook) -> Difference:
    """Return what changes when one book takes the other's place."""
    before, after = old.agreements, new.agreements
    return Difference(
        (old.currency, new.currency),
        tuple(sorted(dated_changes(old.prices, new.prices, PRICES), key=_by_size)),
        tuple(sorted(dated_changes(before.uplifts, after.uplifts, UPLIFTS), key=repr)),
        tuple(sorted(dated_changes(before.overrides, after.overrides, OVERRIDES), key=repr)),
        tuple(sorted(dated_changes(before.commitments, after.commitments, COMMITMENTS), key=repr)),
    )


def growth(change: Change[Price]) -> Fraction | None:
    """Return by how many percent a price changes; the list's where only that one does."""
    was, becomes = change.was, change.becomes
    if was is None or becomes is None:
        return None
    if was.rate != becomes.rate:
        return percent(was.rate, becomes.rate)
    return percent(was.both.listed, becomes.both.listed)


def _by_size(change: Change[Price]) -> tuple[object, ...]:
    """Sort what changed most first, then by place."""
    return -abs(growth(change) or 0), place_of(change.entry).order, repr(change)
