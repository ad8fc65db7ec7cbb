"""Prices in force: dated entries, looked up by what was used, where, how, and when."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias, TypeVar

from streams.core.charges import Charges, Override
from streams.core.commitments import Commitment
from streams.core.meters import CALL_PREFIX
from streams.core.price import GPU_METER, Price, Rate
from streams.core.timeline import FOREVER, WEEK_US, Piecewise, Timeline
from streams.core.uplifts import Uplift, uplifted

T = TypeVar("T")

OF_CALLS = ("tokens.", CALL_PREFIX)
NAMES_KEPT = 10_000  # models and skus whose rates are at hand

MeterUnit: TypeAlias = tuple[str, str]  # name of a meter, unit of its quantities
Rates: TypeAlias = Mapping[MeterUnit, Rate]  # what is not in it has no price
RatesBySize: TypeAlias = Piecewise[Rates]  # over tokens of the prompt
Specificity: TypeAlias = tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Agreements:
    """What a book holds beside its prices."""

    uplifts: tuple[Uplift, ...] = ()
    overrides: tuple[Override, ...] = ()
    commitments: tuple[Commitment, ...] = ()


NO_AGREEMENTS = Agreements()


class PriceBook:
    """One immutable version of all prices."""

    def __init__(
        self,
        version: str,
        currency: str,
        prices: Iterable[Price],
        agreements: Agreements = NO_AGREEMENTS,
    ) -> None:
        self.version = version
        self.currency = currency
        self.prices = tuple(prices)
        self.agreements = agreements
        self.charges = Charges(agreements.overrides)
        self._by_model: dict[str, list[Price]] = {}
        for price in (*self.prices, *(each.price() for each in agreements.commitments)):
            self._by_model.setdefault(price.model, []).append(price)
        # Names come from producers, so what is kept of them is bounded.
        self.call_rates = lru_cache(NAMES_KEPT)(self._call_rates)
        self.gpu_rates = lru_cache(NAMES_KEPT)(self._gpu_rates)
        self.resource_rates = lru_cache(NAMES_KEPT)(self._resource_rates)

    @cached_property
    def steps(self) -> list[int]:
        """Sizes of prompts from which on any model has another price, sorted."""
        return sorted({price.from_tokens for price in self.prices} - {0})

    def edges(self, start_us: int, end_us: int) -> list[int]:
        """Return the instants inside (start, end) at which any price may change, sorted."""
        first_week = start_us - start_us % WEEK_US
        weekly = {
            week_us + mark
            for week_us in range(first_week, end_us, WEEK_US)
            for mark in self._weekly
        }
        return sorted(at_us for at_us in self._dated | weekly if start_us < at_us < end_us)

    @cached_property
    def _weekly(self) -> set[int]:
        return {mark for price in self.prices for stretch in price.hours for mark in stretch}

    @cached_property
    def _dated(self) -> set[int]:
        agreements = self.agreements
        dated: list[Price | Uplift | Commitment] = [
            *self.prices,
            *agreements.uplifts,
            *agreements.commitments,
        ]
        return {at_us for each in dated for at_us in (each.from_us, each.to_us)}

    def _call_rates(
        self, provider: str, model: str, region: str | None, tier: str | None
    ) -> Timeline[RatesBySize]:
        """Rates of every meter of a model's calls: by this provider and region, or by any."""
        found: dict[MeterUnit, list[tuple[Specificity, Price]]] = {}
        for price in self._by_model.get(model, ()):
            if (
                price.tier == tier
                and price.meter.startswith(OF_CALLS)
                and price.provider in (provider, None)
                and price.region in (region, None)
            ):
                rank = (price.provider is not None, price.region is not None)
                found.setdefault((price.meter, price.unit), []).append((rank, price))
        chosen = [price for ranked in found.values() for price in most_specific(ranked)]
        return timeline(uplifted(chosen, self.agreements.uplifts, provider, region), by_size)

    def _gpu_rates(
        self, model: str, pool: str, purchase: str | None = None
    ) -> Timeline[Rate | None]:
        """Rates of a GPU model, in this pool and bought this way, or in any and any."""
        ranked = [
            ((price.pool is not None, price.purchase is not None), price)
            for price in self._by_model.get(model, ())
            if price.meter == GPU_METER
            and price.pool in (pool, None)
            and price.purchase in (purchase, None)
        ]
        return timeline(most_specific(ranked), only)

    def _resource_rates(self, meter: str, sku: str, unit: str) -> Timeline[Rate | None]:
        """Rates of a resource, for quantities in this unit."""
        prices = self._by_model.get(sku, ())
        return timeline([p for p in prices if (p.meter, p.unit) == (meter, unit)], only)


def most_specific(ranked: Sequence[tuple[Specificity, Price]]) -> list[Price]:
    """Return the entries that name most of what they are for; the others are for the rest."""
    best = max((rank for rank, _ in ranked), default=(False, False))
    return [price for rank, price in ranked if rank == best]


def timeline(prices: Sequence[Price], value: Callable[[list[Price]], T]) -> Timeline[T]:
    """Return what `value` makes of the entries in force, over all time."""
    ends = {price.to_us for price in prices if price.to_us < FOREVER}
    edges = tuple(sorted(ends | {price.from_us for price in prices}))
    weeks = [[p for p in prices if p.holds_at(at_us)] for at_us in (-1, *edges)]
    return Timeline(Piecewise(edges, tuple(by_hour(week, value) for week in weeks)))


def by_hour(prices: list[Price], value: Callable[[list[Price]], T]) -> Piecewise[T]:
    """Return what `value` makes of entries over the week: those with hours come first in them."""
    marks = {mark for price in prices for stretch in price.hours for mark in stretch}
    edges = tuple(sorted(marks - {0, WEEK_US}))
    values = []
    for week_us in (0, *edges):
        special = {place_of(p): p for p in prices if p.covers(week_us)}
        usual = {place_of(p): p for p in prices if not p.hours}
        values.append(value([*(usual | special).values()]))
    return Piecewise(edges, tuple(values))


def place_of(price: Price) -> tuple[str, str, int]:
    """Return what only one entry at a time can be for."""
    return price.meter, price.unit, price.from_tokens


def by_size(prices: list[Price]) -> RatesBySize:
    """Return rates by the size of the prompt.

    A meter that has no step of its own at a size keeps the price of the step below.
    """
    prices = sorted(prices, key=lambda price: price.from_tokens)
    steps = sorted({price.from_tokens for price in prices} - {0})
    return Piecewise(
        tuple(steps),
        tuple(
            {(p.meter, p.unit): p.both for p in prices if p.from_tokens <= step}
            for step in (0, *steps)
        ),
    )


def only(prices: list[Price]) -> Rate | None:
    """Return the rate of the one entry there can be."""
    return prices[0].both if prices else None
