"""Random catalogs whose entries change inside the windows of `generated`, and sources in them."""

from hypothesis import strategies as st

from streams.core.catalog import Catalog, Entries
from streams.core.metering import Rules
from streams.core.pools import Endpoint, IdlePolicy, Pool, Reservation, TokenWeights
from streams.core.tenants import Source, Tenant
from streams.core.timeline import FOREVER
from tests.builders.generated import END_US, TENANTS
from tests.builders.generated_prices import PRICES
from tests.builders.terms import rules
from tests.builders.usage import T0

LLAMA, QWEN = "llama-prod", "qwen-prod"
SOURCES = ("s-1", "s-2", "s-3", "other")  # who report batches in turn

changes = st.integers(T0 - 1, END_US)


@st.composite
def dated_catalogs(draw: st.DrawFn) -> Catalog:
    """Draw a catalog in which everything changes once, at instants that begin no window."""
    at_us = [draw(changes) for _ in range(4)]
    pools = (
        Pool("moved", ("gpu-node-1",), IdlePolicy(share="even"), from_us=at_us[0]),
        Pool("h100", ("gpu-node-*",), to_us=at_us[1], reservations=(
            Reservation("acme", "h100", 500, from_us=at_us[2]),
        )),
        Pool("h100", ("gpu-node-*",), IdlePolicy("unheld_and_held_idle"), from_us=at_us[1]),
    )  # fmt: skip
    weights = TokenWeights(1000, 3333, 7)
    endpoints = (
        Endpoint(LLAMA, ("h100",), to_us=at_us[2]),
        Endpoint(LLAMA, ("moved", "h100"), weights=weights, from_us=at_us[2]),
        Endpoint(QWEN, ("h100", "moved"), to_us=at_us[3]),
        Endpoint(QWEN, ("h100",), "tokens", from_us=at_us[3]),
    )
    tenants = (
        *map(Tenant, TENANTS[:2]),
        Tenant(TENANTS[2], to_us=at_us[3]),
        Tenant(TENANTS[3], from_us=at_us[0]),
    )
    return Catalog(
        "dated",
        Entries(
            draw(st.sampled_from([None, tenants])),
            pools,
            endpoints,
            sources=draw(st.sampled_from([None, permissions(at_us[1])])),
        ),
    )


def permissions(at_us: int) -> tuple[Source, ...]:
    """Return who may speak of whom, until an instant and from it on."""
    return (
        Source(("s-*",), ("acme", "globex"), to_us=at_us),
        Source(("s-1",), ("*",), from_us=at_us),
        Source(("s-2",), ("i*",), 0, FOREVER),
    )


def dated_rules() -> st.SearchStrategy[Rules]:
    """Return rules under such a catalog."""
    return dated_catalogs().map(lambda names: rules(PRICES, names))
