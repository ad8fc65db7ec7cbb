"""Prices in force: dated entries, looked up by what was used and when.

A price is held as a *rate*: the integer that, times a quantity in base units (tokens,
GPU-microseconds, 1e-12 of a resource's unit), is an amount whose divisor is DIVISOR of the meter's
family. A missing price is None, never zero.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")

TOKEN_METERS = (
    "tokens.input",
    "tokens.cache_read",
    "tokens.cache_write_5m",
    "tokens.cache_write_1h",
    "tokens.output",
    "tokens.reasoning",
)
GPU_METER = "gpu"
TOKENS = "Tokens"
GPU_HOURS = "GPU-Hours"

TOKEN_DIVISOR = 10**6  # rates are pico per million tokens
GPU_DIVISOR = 3_600 * 10**6  # rates are pico per GPU-hour, quantities GPU-microseconds
RESOURCE_DIVISOR = 10**18  # rates are pico per million units, quantities 1e-12 of a unit

NAMES_KEPT = 10_000  # models and skus whose rates are at hand
FOREVER = 1 << 62  # later than any instant in microseconds


@dataclass(frozen=True, slots=True)
class Price:
    """One dated entry. `rate` is what the module docstring says; [from_us, to_us) is half-open."""

    meter: str
    provider: str | None
    model: str
    pool: str | None
    unit: str
    rate: int
    from_us: int
    to_us: int
    source: str


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """A value that changes at instants: `values[i]` holds from `edges[i - 1]` until `edges[i]`."""

    edges: tuple[int, ...]
    values: tuple[T, ...]

    def at(self, instant_us: int) -> T:
        """Return the value in force at an instant."""
        return self.values[bisect_right(self.edges, instant_us)]


Rate: TypeAlias = int | None
TokenRates: TypeAlias = tuple[Rate, ...]  # in the order of TOKEN_METERS
Key: TypeAlias = tuple[str, str | None, str, str | None, str]


class PriceBook:
    """One immutable version of all prices."""

    def __init__(self, version: str, currency: str, prices: Iterable[Price]) -> None:
        self.version = version
        self.currency = currency
        self.prices = tuple(prices)
        self._entries: dict[Key, list[Price]] = {}
        for price in sorted(self.prices, key=lambda p: p.from_us):
            key = (price.meter, price.provider, price.model, price.pool, price.unit)
            self._entries.setdefault(key, []).append(price)
        # Names come from producers, so what is kept of them is bounded.
        self._token_rates = lru_cache(NAMES_KEPT)(self._find_token_rates)
        self._single = lru_cache(NAMES_KEPT)(self._dated)

    def token_rates(self, provider: str, model: str) -> Dated[TokenRates]:
        """Rates of every token meter of a model over time, by this provider or by any."""
        return self._token_rates(provider, model)

    def gpu_rates(self, model: str, pool: str) -> Dated[Rate]:
        """Rates of a GPU model over time, in this pool or in any."""
        return self._single(GPU_METER, None, model, pool, GPU_HOURS)

    def resource_rates(self, meter: str, sku: str, unit: str) -> Dated[Rate]:
        """Rates of a resource over time, for quantities in this unit."""
        return self._single(meter, None, sku, None, unit)

    def _find_token_rates(self, provider: str, model: str) -> Dated[TokenRates]:
        dated = [self._dated(meter, provider, model, None, TOKENS) for meter in TOKEN_METERS]
        edges = tuple(sorted({edge for each in dated for edge in each.edges}))
        return Dated(edges, tuple(tuple(d.at(at) for d in dated) for at in (-1, *edges)))

    def _dated(
        self, meter: str, provider: str | None, model: str, pool: str | None, unit: str
    ) -> Dated[Rate]:
        """Rates of the most specific entries there are: provider or pool named, else any."""
        entries = self._entries.get((meter, provider, model, pool, unit)) or self._entries.get(
            (meter, None, model, None, unit), []
        )
        edges: list[int] = []
        rates: list[Rate] = [None]
        for entry in entries:
            if edges and edges[-1] == entry.from_us:
                rates[-1] = entry.rate
            else:
                edges.append(entry.from_us)
                rates.append(entry.rate)
            if entry.to_us < FOREVER:
                edges.append(entry.to_us)
                rates.append(None)
        return Dated(tuple(edges), tuple(rates))
