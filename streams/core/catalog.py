"""Who and what there is: tenants, pools with their idle policy, shared endpoints.

Attribution answers with a name in any case: what nobody knows becomes a row of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal

from schemas.records import IdleBasis, IdleShare

UNATTRIBUTED = "__unattributed__"
IDLE = "__idle__"
UNMAPPED = "__unmapped__"
RESERVED_PREFIX = "__"
COMMITMENT_KIND = "commitment:"  # and the provider: a resource that is capacity of its API
DERIVED_MARK = ":"  # in the names of pools that follow from what was used

NODES_KEPT = 100_000  # whose pool is at hand
WEIGHT_SCALE = 1000  # work is counted in thousandths of an input token


@dataclass(frozen=True, slots=True)
class IdlePolicy:
    """What a pool counts as idle, and how it hands the cost of it out."""

    basis: IdleBasis = "unheld"
    share: IdleShare = "weighted"


@dataclass(frozen=True, slots=True)
class Pool:
    """Capacity paid for as a whole. `nodes` are globs of host names."""

    name: str
    nodes: tuple[str, ...]
    idle: IdlePolicy


@dataclass(frozen=True, slots=True)
class TokenWeights:
    """Work of one token in thousandths of an input token's."""

    input: int = 1000
    output: int = 2500  # OpenCost's fallback for the cost of an output token
    cache_read: int = 100


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A deployment that serves many tenants, charged by GPU time or by token price, never both."""

    name: str
    pool: str
    basis: Literal["gpu_time", "tokens"]
    weights: TokenWeights


class Catalog:
    """One immutable version of all names."""

    def __init__(
        self,
        version: str,
        tenants: Iterable[str] | None,
        pools: Iterable[Pool],
        endpoints: Iterable[Endpoint],
    ) -> None:
        self.version = version
        self.tenants = None if tenants is None else frozenset(tenants)
        self.pools = {pool.name: pool for pool in pools}
        self.endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self._pool_of_node = lru_cache(NODES_KEPT)(self._find_pool)  # producers name nodes

    def tenant(self, reported: str | None) -> str:
        """Return the tenant that pays: the reported one when it is known, else nobody's row."""
        if not reported or reported.startswith(RESERVED_PREFIX):
            return UNATTRIBUTED
        if self.tenants is not None and reported not in self.tenants:
            return UNATTRIBUTED
        return reported

    def pool_of_node(self, node: str) -> str:
        """Return the first pool one of whose globs matches a host name."""
        return self._pool_of_node(node)

    def _find_pool(self, node: str) -> str:
        for pool in self.pools.values():
            if any(fnmatchcase(node, glob) for glob in pool.nodes):
                return pool.name
        return UNMAPPED

    def gpu_endpoint(self, name: str | None) -> Endpoint | None:
        """Return the endpoint if its calls are paid by GPU time, None if they are paid by token."""
        endpoint = self.endpoints.get(name) if name else None
        return endpoint if endpoint and endpoint.basis == "gpu_time" else None

    def idle_policy(self, pool: str) -> IdlePolicy:
        """Return how a pool treats idle cost; pools the catalog does not name use the default."""
        known = self.pools.get(pool)
        return known.idle if known else IdlePolicy()


def api_pool(provider: str) -> str:
    """Return the pool of a provider's API, which costs exactly what its tokens cost."""
    return f"api{DERIVED_MARK}{provider}"


def resource_pool(kind: str) -> str:
    """Return the pool of a kind of resource, which costs exactly what is metered.

    The time of a commitment is part of what the provider's API costs.
    """
    if kind.startswith(COMMITMENT_KIND):
        return api_pool(kind.removeprefix(COMMITMENT_KIND))
    return f"resource{DERIVED_MARK}{kind}"
