"""Prices in force: dated entries, looked up by what was used and when.

A price is held as a *rate*: the integer that, times a quantity in base units (tokens,
GPU-microseconds, 1e-12 of a resource's unit), is an amount whose divisor is DIVISOR of the meter's
family. A missing price is None, never zero.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
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
    """One dated entry. `rate` is what the module docstring says; [from_us, to_us) is half-open.

    `from_tokens`: it prices whole calls whose prompt has at least so many tokens.
    """

    meter: str
    provider: str | None
    model: str
    pool: str | None
    unit: str
    rate: int
    from_us: int
    to_us: int
    source: str
    from_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Piecewise(Generic[T]):
    """A value that changes at edges: `values[i]` holds from `edges[i - 1]` until `edges[i]`."""

    edges: tuple[int, ...]
    values: tuple[T, ...]

    def at(self, place: int) -> T:
        """Return the value in force at an instant, or for a prompt of so many tokens."""
        return self.values[bisect_right(self.edges, place)]

    def piece(self, place: int) -> tuple[int, int, T]:
        """Return the value at a place, and [from, until) which it holds for; both from 0 on."""
        index = bisect_right(self.edges, place)
        begin = self.edges[index - 1] if index else 0
        end = self.edges[index] if index < len(self.edges) else FOREVER
        return begin, end, self.values[index]


Rate: TypeAlias = int | None
TokenRates: TypeAlias = tuple[Rate, ...]  # in the order of TOKEN_METERS
RatesBySize: TypeAlias = Piecewise[TokenRates]  # over tokens of the prompt
Sized: TypeAlias = tuple[int, Piecewise[Rate]]  # least tokens of the prompt, rates over time
Key: TypeAlias = tuple[str, str | None, str, str | None, str]


class PriceBook:
    """One immutable version of all prices."""

    def __init__(self, version: str, currency: str, prices: Iterable[Price]) -> None:
        self.version = version
        self.currency = currency
        self.prices = tuple(prices)
        self._entries: dict[Key, list[Price]] = {}
        for price in sorted(self.prices, key=lambda p: (p.from_tokens, p.from_us)):
            key = (price.meter, price.provider, price.model, price.pool, price.unit)
            self._entries.setdefault(key, []).append(price)
        # Names come from producers, so what is kept of them is bounded.
        self._token_rates = lru_cache(NAMES_KEPT)(self._find_token_rates)
        self._single = lru_cache(NAMES_KEPT)(self._find_single)

    def token_rates(self, provider: str, model: str) -> Piecewise[RatesBySize]:
        """Rates of every token meter of a model over time, by this provider or by any."""
        return self._token_rates(provider, model)

    def gpu_rates(self, model: str, pool: str) -> Piecewise[Rate]:
        """Rates of a GPU model over time, in this pool or in any."""
        return self._single(GPU_METER, None, model, pool, GPU_HOURS)

    def resource_rates(self, meter: str, sku: str, unit: str) -> Piecewise[Rate]:
        """Rates of a resource over time, for quantities in this unit."""
        return self._single(meter, None, sku, None, unit)

    def _find_token_rates(self, provider: str, model: str) -> Piecewise[RatesBySize]:
        meters = [
            [
                (size, over_time(list(prices)))
                for size, prices in groupby(
                    self._specific(meter, provider, model, None, TOKENS), lambda p: p.from_tokens
                )
            ]
            for meter in TOKEN_METERS
        ]
        edges = tuple(sorted({at for sized in meters for _, line in sized for at in line.edges}))
        return Piecewise(edges, tuple(by_size(meters, at_us) for at_us in (-1, *edges)))

    def _find_single(
        self, meter: str, provider: str | None, model: str, pool: str | None, unit: str
    ) -> Piecewise[Rate]:
        return over_time(self._specific(meter, provider, model, pool, unit))

    def _specific(
        self, meter: str, provider: str | None, model: str, pool: str | None, unit: str
    ) -> list[Price]:
        """Return the most specific entries there are: provider or pool named, else any."""
        return self._entries.get((meter, provider, model, pool, unit)) or self._entries.get(
            (meter, None, model, None, unit), []
        )


def over_time(prices: list[Price]) -> Piecewise[Rate]:
    """Return the rates of entries that follow each other, None between them."""
    edges: list[int] = []
    rates: list[Rate] = [None]
    for price in prices:
        if edges and edges[-1] == price.from_us:
            rates[-1] = price.rate
        else:
            edges.append(price.from_us)
            rates.append(price.rate)
        if price.to_us < FOREVER:
            edges.append(price.to_us)
            rates.append(None)
    return Piecewise(tuple(edges), tuple(rates))


def by_size(meters: list[list[Sized]], at_us: int) -> RatesBySize:
    """Return the rates of all meters in force at an instant, by the size of the prompt.

    A meter that has no step of its own at a size keeps the price of the step below.
    """
    now = [[(size, line.at(at_us)) for size, line in sized] for sized in meters]
    steps = sorted({size for sized in now for size, rate in sized if size and rate is not None})
    return Piecewise(
        tuple(steps), tuple(tuple(last(sized, step) for sized in now) for step in (0, *steps))
    )


def last(sized: list[tuple[int, Rate]], tokens: int) -> Rate:
    """Return the rate of the highest step that a prompt of so many tokens reaches."""
    reached = [rate for size, rate in sized if size <= tokens and rate is not None]
    return reached[-1] if reached else None
