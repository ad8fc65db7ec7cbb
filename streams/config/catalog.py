"""The catalog document: tenants, pools, endpoints."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Literal

from pydantic import Field

from schemas.records import IdleBasis, IdleShare
from streams.config.document import Strict, Whole, read, version_of
from streams.config.faults import Fault
from streams.core import pools as core
from streams.core.catalog import DERIVED_MARK, Catalog, Entries
from streams.core.reserved import RESERVED_PREFIX
from streams.core.tenants import Tenant

Weight = Decimal


class Idle(Strict):
    """What a pool counts as idle, and how it hands the cost of it out."""

    basis: IdleBasis = Field(
        default="unheld",
        description="unheld: capacity that nobody held; unheld_and_held_idle: also what holders "
        "left unused.",
    )
    share: IdleShare = Field(
        default="weighted",
        description="weighted: by what each tenant used; even: the same for each; separate: on a "
        "line of its own, __idle__.",
    )


class Pool(Strict):
    """Capacity paid for as a whole."""

    name: str = Field(
        pattern="^([^_]|_[^_])", description="Its name on cost lines; no __ at the front."
    )
    nodes: tuple[str, ...] = Field(
        default=(),
        description='Globs of host names, e.g. "gpu-*"; the first pool that matches counts.',
    )
    idle: Idle = Field(default=Idle(), description="Who pays for what was idle.")


class Weights(Strict):
    """Work of a token, as a multiple of an input token's, to three decimals."""

    input: Weight = Field(
        default=Decimal(1), ge=0, decimal_places=3, description="Of an uncached input token."
    )
    output: Weight = Field(
        default=Decimal("2.5"), ge=0, decimal_places=3, description="Of an output token."
    )
    cache_read: Weight = Field(
        default=Decimal("0.1"), ge=0, decimal_places=3, description="Of a cached input token."
    )


class Endpoint(Strict):
    """A deployment that serves many tenants."""

    name: str = Field(min_length=1, description="Its name, as usage names it.")
    pool: str = Field(description="The pool whose GPUs it runs on.")
    basis: Literal["gpu_time", "tokens"] = Field(
        default="gpu_time",
        description="gpu_time: tenants share the cost of the GPUs it held, by the work of their "
        "tokens; tokens: tenants pay the price book's token prices.",
    )
    weights: Weights = Field(default=Weights(), description="How much work tokens are.")


class Document(Whole):
    """A catalog: who there is, and what capacity is shared."""

    tenants: list[str] | None = Field(
        default=None,
        description="Every tenant; usage of others goes to __unattributed__. Left out: any name.",
    )
    pools: tuple[Pool, ...] = Field(default=(), description="Capacity that is paid for.")
    endpoints: tuple[Endpoint, ...] = Field(default=(), description="Deployments that are shared.")

    def faults(self, _ill: AbstractSet[object] = frozenset(), /) -> Iterator[Fault]:
        """Name doubled and reserved names, and endpoints in pools that are none."""
        yield from repeated("pools", [pool.name for pool in self.pools], "name")
        yield from repeated("endpoints", [each.name for each in self.endpoints], "name")
        yield from repeated("tenants", self.tenants or [])
        for number, tenant in enumerate(self.tenants or []):
            if tenant.startswith(RESERVED_PREFIX):
                text = f"expected a tenant without leading {RESERVED_PREFIX}, got {tenant!r}"
                yield Fault(("tenants", number), f"{text}; rename it")
        for number, pool in enumerate(self.pools):
            if DERIVED_MARK in pool.name:
                text = f"expected a pool without {DERIVED_MARK} in its name, got {pool.name!r}"
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


def load_catalog(text: str) -> Catalog:
    """Return the catalog a YAML document describes. Raises InvalidDocument with every fault."""
    document = read(Document, text, "catalog")
    entries = Entries(
        None if document.tenants is None else tuple(map(Tenant, document.tenants)),
        tuple(
            core.Pool(pool.name, pool.nodes, core.IdlePolicy(pool.idle.basis, pool.idle.share))
            for pool in document.pools
        ),
        tuple(
            core.Endpoint(each.name, (each.pool,), each.basis, weights(each.weights))
            for each in document.endpoints
        ),
    )
    return Catalog(version_of(document), entries)


def weights(of: Weights) -> core.TokenWeights:
    """Return weights in thousandths."""
    return core.TokenWeights(
        int(of.input * core.WEIGHT_SCALE),
        int(of.output * core.WEIGHT_SCALE),
        int(of.cache_read * core.WEIGHT_SCALE),
    )
