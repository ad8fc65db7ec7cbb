"""Regional uplifts: what a provider adds where it serves calls in a certain region.

They raise prices that name no region; one that names the region says all of it already. A raised
rate is rounded half-even once, to a whole pico per million.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from fractions import Fraction

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

    def raises(self, model: str, provider: str, region: str) -> bool:
        """Whether calls are raised by it."""
        return (
            fnmatchcase(region, self.region)
            and self.provider in (provider, None)
            and (not self.models or any(fnmatchcase(model, glob) for glob in self.models))
        )


def uplifted(
    prices: Sequence[Price], uplifts: Iterable[Uplift], provider: str, region: str | None
) -> list[Price]:
    """Return prices as they are in a region."""
    raised = list(prices)
    if region is None:
        return raised
    for uplift in uplifts:
        raised = [part for price in raised for part in parts(price, uplift, provider, region)]
    return raised


def parts(price: Price, uplift: Uplift, provider: str, region: str) -> Iterator[Price]:
    """Yield a price before, during and after an uplift."""
    from_us, to_us = max(price.from_us, uplift.from_us), min(price.to_us, uplift.to_us)
    if price.region or from_us >= to_us or not uplift.raises(price.model, provider, region):
        yield price
        return
    if price.from_us < from_us:
        yield replace(price, to_us=from_us)
    listed = None if price.list_rate is None else round(price.list_rate * uplift.factor)
    raised = round(price.rate * uplift.factor)  # a Fraction is rounded half-even
    yield replace(price, from_us=from_us, to_us=to_us, rate=raised, list_rate=listed)
    if to_us < price.to_us:
        yield replace(price, from_us=to_us)
