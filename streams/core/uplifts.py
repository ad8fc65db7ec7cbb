"""Regional uplifts: what a provider adds where it serves calls in a certain region.

They raise prices that name no region; one that names the region says all of it already. A raised
rate is rounded half-even once, to a whole pico per million, however many uplifts meet in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from fractions import Fraction
from itertools import pairwise
from math import prod

from streams.core.price import Price


@dataclass(frozen=True, slots=True)
class Uplift:
    """A factor on prices of calls in a region. `models` are globs, none means all of them."""

    region: str
    factor: Fraction
    provider: str | None
    models: tuple[str, ...]
    from_us: int
    to_us: int
    source: str

    def is_of(self, provider: str, region: str) -> bool:
        """Whether it is for what this provider serves in this region."""
        return fnmatchcase(region, self.region) and self.provider in (provider, None)

    def raises(self, price: Price) -> bool:
        """Whether it raises a price where it is for the calls, at least for some of its time."""
        named = not self.models or any(fnmatchcase(price.model, glob) for glob in self.models)
        return named and self.from_us < price.to_us and price.from_us < self.to_us


def uplifted(
    prices: Sequence[Price], uplifts: Iterable[Uplift], provider: str, region: str | None
) -> list[Price]:
    """Return prices as they are in a region, cut where an uplift begins or ends."""
    if not region:
        return list(prices)
    here = [each for each in uplifts if each.is_of(provider, region)]
    return [part for price in prices for part in raised(price, here)]


def raised(price: Price, uplifts: Iterable[Uplift]) -> Iterator[Price]:
    """Yield a price in pieces, each with the uplifts in force; several multiply."""
    mine = [] if price.region else [each for each in uplifts if each.raises(price)]
    instants = {instant for each in mine for instant in (each.from_us, each.to_us)}
    edges = {price.from_us, price.to_us} | {i for i in instants if price.holds_at(i)}
    for begin, end in pairwise(sorted(edges)):
        factor = prod(each.factor for each in mine if each.from_us <= begin < each.to_us)
        yield replace(
            price,
            from_us=begin,
            to_us=end,
            rate=round(price.rate * factor),  # a Fraction is rounded half-even
            list_rate=None if price.list_rate is None else round(price.list_rate * factor),
        )
