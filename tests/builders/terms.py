"""Prices, catalogs and rules for tests; money is written as a decimal string of USD."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from schemas.decimals import to_pico
from streams.core.catalog import Catalog, Entries
from streams.core.charges import Override
from streams.core.metering import Rules
from streams.core.meters import TOKENS
from streams.core.policies import OneVersion
from streams.core.pools import Endpoint, IdlePolicy, Pool, Reservation, TokenWeights
from streams.core.price import GPU_HOURS, Price
from streams.core.price_book import NO_AGREEMENTS, Agreements, PriceBook
from streams.core.tenants import Tenant
from streams.core.timeline import FOREVER
from streams.core.uplifts import Uplift
from streams.core.windows import MINUTE_US
from tests.builders.usage import H100

MILLION = 10**6
WINDOW_US = MINUTE_US
MAX_SKEW_US = 5 * MINUTE_US


def token_price(  # noqa: PLR0913  # a table row of prices
    meter: str,
    per_million: str,
    *,
    provider: str | None = "openai",
    model: str = "gpt-4o",
    from_us: int = 0,
    to_us: int = FOREVER,
    from_tokens: int = 0,
) -> Price:
    """Return a price in USD per million tokens."""
    rate = to_pico(Decimal(per_million))
    return Price(meter, provider, model, None, TOKENS, rate, from_us, to_us, "test", from_tokens)


def gpu_price(
    per_hour: str,
    *,
    model: str = H100,
    pool: str | None = None,
    from_us: int = 0,
    to_us: int = FOREVER,
) -> Price:
    """Return a price in USD per GPU-hour."""
    rate = to_pico(Decimal(per_hour))
    return Price("gpu", None, model, pool, GPU_HOURS, rate, from_us, to_us, "test")


def resource_price(  # noqa: PLR0913  # a table row of prices
    per_unit: str,
    *,
    kind: str = "storage",
    sku: str = "s3-standard",
    unit: str = "GB-Hours",
    from_us: int = 0,
    to_us: int = FOREVER,
) -> Price:
    """Return a price in USD per unit."""
    rate = to_pico(Decimal(per_unit)) * MILLION
    return Price(f"resource.{kind}", None, sku, None, unit, rate, from_us, to_us, "test")


def unit_price(  # noqa: PLR0913  # a table row of prices
    meter: str,
    per_unit: str,
    unit: str,
    *,
    provider: str | None = "openai",
    model: str = "gpt-4o",
    from_us: int = 0,
    to_us: int = FOREVER,
) -> Price:
    """Return a price in USD per unit of what calls are counted by beside tokens."""
    rate = to_pico(Decimal(per_unit)) * MILLION
    return Price(meter, provider, model, None, unit, rate, from_us, to_us, "test")


def uplift(factor: str, region: str = "eu", **changes: Any) -> Uplift:  # noqa: ANN401  # fields of it
    """Return a factor on every price in a region, always."""
    return replace(Uplift(region, Fraction(factor), None, (), 0, FOREVER, "test"), **changes)


def override(tenant: str | None = "acme", **changes: Any) -> Override:  # noqa: ANN401  # fields of it
    """Return an agreement on everything a tenant uses, always: give factor, rate or steps."""
    everything = Override(tenant, None, None, None, None, None, (), 0, FOREVER, "test")
    return replace(everything, **changes)


GPT_4O = (
    token_price("tokens.input", "2.50"),
    token_price("tokens.cache_read", "1.25"),
    token_price("tokens.output", "10"),
)


def book(
    *prices: Price, version: str = "book-1", agreements: Agreements = NO_AGREEMENTS
) -> PriceBook:
    """Return a price book in USD."""
    return PriceBook(version, "USD", prices, agreements)


def call_cost(  # noqa: PLR0913  # a table row of lookups
    prices: PriceBook,
    meter: str,
    at_us: int,
    *,
    size: int = 0,
    provider: str = "openai",
    model: str = "gpt-4o",
    region: str | None = None,
    tier: str | None = None,
) -> int | None:
    """Return what a million tokens cost in pico in calls with prompts of a size."""
    rate = prices.call_rates(provider, model, region, tier).at(at_us).at(size).get((meter, TOKENS))
    return rate.cost if rate else None


def gpu_cost(
    prices: PriceBook, pool: str, at_us: int, *, model: str = H100, purchase: str | None = None
) -> int | None:
    """Return what a GPU-hour costs in pico."""
    rate = prices.gpu_rates(model, pool, purchase).at(at_us)
    return rate.cost if rate else None


def catalog(
    *endpoints: Endpoint,
    tenants: Sequence[str] | None = None,
    basis: str = "unheld",
    share: str = "weighted",
    **changes: Any,  # noqa: ANN401  # fields of the pool
) -> Catalog:
    """Return a catalog of one pool, h100, of the nodes gpu-node-*."""
    pool = Pool("h100", ("gpu-node-*",), IdlePolicy(basis, share), **changes)  # type: ignore[arg-type]  # of a table of cases
    named = None if tenants is None else tuple(map(Tenant, tenants))
    return Catalog("catalog-1", Entries(named, (pool,), endpoints))


def endpoint(name: str = "llama", weights: TokenWeights | None = None) -> Endpoint:
    """Return an endpoint in h100 that is paid by GPU time."""
    return Endpoint(name, ("h100",), "gpu_time", weights or TokenWeights())


def reserved(**milli_gpus: int) -> tuple[Reservation, ...]:
    """Return what each tenant has reserved of h100, in thousandths of a GPU."""
    return tuple(Reservation(name, "h100", milli) for name, milli in milli_gpus.items())


def rules(prices: PriceBook, names: Catalog | None = None, window_us: int = WINDOW_US) -> Rules:
    """Return what metering depends on; without a catalog every tenant is known."""
    return Rules(prices, names or catalog(), window_us, MAX_SKEW_US)


NOTHING_AGREED = OneVersion(
    book(), catalog()
)  # for windows whose lines need nothing but their sums
