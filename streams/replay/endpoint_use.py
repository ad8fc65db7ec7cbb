"""How endpoints were used beside what the catalog says of them, and what does not fit together.

Calls of an endpoint that no GPU is reported for cost nothing; GPUs of an endpoint that nobody calls
in their pool are idle. Both sum up, so no line shows it: this does. Hours are judged by the catalog
as it holds at their begin.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from streams.core.catalog import Catalog
from streams.core.pools import Endpoint
from streams.replay.ask import Asker

NOT_NAMED = "not in the catalog: its calls are paid by token, and its GPU time is idle"
PAID_BY_CALL = "paid by token: its GPU time is idle"
OTHER_POOL = "holds GPUs of a pool that the catalog does not name for it: their time is idle"
NO_GPUS = "called, and no GPU of the pool is reported for it: its calls cost nothing there"
NO_CALLS = "holds GPUs, and was not called: their time is idle"


class Used(NamedTuple):
    """What one hour says of an endpoint. Empty node: its calls, not GPUs that it held."""

    at_us: int
    endpoint: str
    node: str
    calls: int
    tokens: int
    held_us: int


class InPool(NamedTuple):
    """An endpoint in one pool. Empty pool: it has none."""

    endpoint: str
    pool: str


@dataclass(slots=True)
class EndpointUse:
    """What was used of an endpoint in one pool. Empty `wrong`: it fits together."""

    calls: int = 0
    tokens: int = 0
    held_us: int = 0
    wrong: str = ""


def endpoint_use(
    asker: Asker, within: tuple[int, int], catalog: Catalog
) -> dict[InPool, EndpointUse]:
    """Return how endpoints were used in hours that begin in a stretch, by name and pool. Blocks."""
    since_us, until_us = within
    rows = asker.rows("endpoint_use", {"since": since_us, "until": until_us})
    return fitted([Used(*row) for row in rows], catalog)


def fitted(used: Iterable[Used], catalog: Catalog) -> dict[InPool, EndpointUse]:
    """Return use by endpoint and pool, and what does not fit; ones without GPUs are left out."""
    found: dict[InPool, EndpointUse] = defaultdict(EndpointUse)
    said: dict[str, Endpoint | None] = {}
    for each in sorted(used):
        names = catalog.at(each.at_us)
        endpoint = said[each.endpoint] = names.endpoints.get(each.endpoint)
        for pool in [names.pool_of_node(each.node)] if each.node else pools_of(endpoint):
            one = found[InPool(each.endpoint, pool)]
            one.calls += each.calls
            one.tokens += each.tokens
            one.held_us += each.held_us
    for where, one in found.items():
        one.wrong = fault(said[where.endpoint], where.pool, one)
    return {where: found[where] for where in sorted(found) if where.pool}


def pools_of(endpoint: Endpoint | None) -> tuple[str, ...]:
    """Return the pools that calls are work in; an empty name where they are paid by token."""
    return endpoint.pools if endpoint and endpoint.basis == "gpu_time" else ("",)


def fault(endpoint: Endpoint | None, pool: str, use: EndpointUse) -> str:
    """Return what does not fit; empty where all does."""
    if endpoint is None:
        return NOT_NAMED
    if endpoint.basis == "tokens":
        return PAID_BY_CALL
    if pool not in endpoint.pools:
        return OTHER_POOL
    if not use.held_us:
        return NO_GPUS
    return "" if use.calls else NO_CALLS
