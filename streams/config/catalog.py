"""The catalog document: tenants, pools, endpoints."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from pydantic import Field

from schemas.records import IdleBasis, IdleShare
from streams.config.document import Strict, Whole, read, version_of
from streams.config.faults import Fault
from streams.core import catalog as core

Weight = Decimal


class Idle(Strict):
    """What a pool counts as idle, and how it hands the cost of it out."""

    basis: IdleBasis = "unheld"
    share: IdleShare = "weighted"


class Pool(Strict):
    """Capacity paid for as a whole."""

    name: str = Field(pattern="^([^_]|_[^_])")
    nodes: tuple[str, ...] = ()
    idle: Idle = Idle()


class Weights(Strict):
    """Work of a token, as a multiple of an input token's, to three decimals."""

    input: Weight = Field(default=Decimal(1), ge=0, decimal_places=3)
    output: Weight = Field(default=Decimal("2.5"), ge=0, decimal_places=3)
    cache_read: Weight = Field(default=Decimal("0.1"), ge=0, decimal_places=3)


class Endpoint(Strict):
    """A deployment that serves many tenants."""

    name: str = Field(min_length=1)
    pool: str
    basis: Literal["gpu_time", "tokens"] = "gpu_time"
    weights: Weights = Weights()


class Document(Whole):
    """A whole catalog. `tenants` null: any name is a tenant."""

    tenants: list[str] | None = None
    pools: tuple[Pool, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()

    def faults(self) -> Iterator[Fault]:
        """Name doubled and reserved names, and endpoints in pools that are none."""
        yield from repeated("pools", [pool.name for pool in self.pools], "name")
        yield from repeated("endpoints", [each.name for each in self.endpoints], "name")
        yield from repeated("tenants", self.tenants or [])
        for number, tenant in enumerate(self.tenants or []):
            if tenant.startswith(core.RESERVED_PREFIX):
                text = f"expected a tenant without leading {core.RESERVED_PREFIX}, got {tenant!r}"
                yield Fault(("tenants", number), f"{text}; rename it")
        for number, pool in enumerate(self.pools):
            if core.DERIVED_MARK in pool.name:
                text = f"expected a pool without {core.DERIVED_MARK} in its name, got {pool.name!r}"
                yield Fault(("pools", number, "name"), f"{text}; rename it")
        pools = {pool.name for pool in self.pools}
        for number, endpoint in enumerate(self.endpoints):
            if endpoint.pool not in pools:
                text = f"expected a pool of this catalog, got {endpoint.pool!r}; add it to pools"
                yield Fault(("endpoints", number, "pool"), text)


def repeated(field: str, names: list[str], *within: str) -> Iterator[Fault]:
    """Name each that comes a second time."""
    first: dict[str, int] = {}
    for number, name in enumerate(names):
        if first.setdefault(name, number) != number:
            text = f"expected each of {field} once, got {name!r} again; remove or rename one"
            yield Fault((field, number, *within), text, (field, first[name], *within))


def load_catalog(text: str) -> core.Catalog:
    """Return the catalog a YAML document describes. Raises InvalidDocument with every fault."""
    document = read(Document, text, "catalog")
    return core.Catalog(
        version_of(document),
        document.tenants,
        [
            core.Pool(pool.name, pool.nodes, core.IdlePolicy(pool.idle.basis, pool.idle.share))
            for pool in document.pools
        ],
        [
            core.Endpoint(each.name, each.pool, each.basis, weights(each.weights))
            for each in document.endpoints
        ],
    )


def weights(of: Weights) -> core.TokenWeights:
    """Return weights in thousandths."""
    return core.TokenWeights(
        int(of.input * core.WEIGHT_SCALE),
        int(of.output * core.WEIGHT_SCALE),
        int(of.cache_read * core.WEIGHT_SCALE),
    )
