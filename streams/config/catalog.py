"""The catalog document: tenants, pools, endpoints."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.records import IdleBasis, IdleShare
from streams.config.document import Strict, read, version_of
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


class Document(Strict):
    """A whole catalog. `tenants` null: any name is a tenant."""

    tenants: list[str] | None = None
    pools: tuple[Pool, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()

    @model_validator(mode="after")
    def _names(self) -> Self:
        faults = [*self._repeated(), *self._misnamed()]
        if faults:
            raise ValueError("; ".join(f"expected {fault}" for fault in faults))
        return self

    def _repeated(self) -> Iterator[str]:
        for what, names in (
            ("pool", [pool.name for pool in self.pools]),
            ("endpoint", [endpoint.name for endpoint in self.endpoints]),
            ("tenant", self.tenants or []),
        ):
            twice = sorted(name for name, count in Counter(names).items() if count > 1)
            if twice:
                yield f"each {what} once, got {twice} more often"

    def _misnamed(self) -> Iterator[str]:
        reserved = [t for t in self.tenants or [] if t.startswith(core.RESERVED_PREFIX)]
        if reserved:
            yield f"tenants without leading __, got {reserved}"
        pools = {pool.name for pool in self.pools}
        derived = sorted(name for name in pools if core.DERIVED_MARK in name)
        if derived:
            yield f"pools without {core.DERIVED_MARK} in their names, got {derived}"
        lost = sorted({e.pool for e in self.endpoints if e.pool not in pools})
        if lost:
            yield f"endpoints in pools of this catalog, got {lost}"


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
