"""Attribution: every event gets a tenant and a pool, known or not."""

import pytest

from streams.core.catalog import Catalog, Entries
from streams.core.pools import Endpoint, IdlePolicy, Pool
from streams.core.pools import TokenWeights as Weights
from streams.core.reserved import UNATTRIBUTED, UNMAPPED
from streams.core.tenants import Tenant
from tests.builders.usage import T0

POOLS = (
    Pool("special", ("gpu-node-1?",), IdlePolicy("unheld_and_held_idle", "even")),
    Pool("h100", ("gpu-node-*", "dgx-*"), IdlePolicy("unheld", "separate")),
)
ENDPOINTS = (
    Endpoint("llama", ("h100",), "gpu_time", Weights()),
    Endpoint("by-token", ("h100",), "tokens", Weights()),
)
OPEN = Catalog("1", Entries(None, POOLS, ENDPOINTS))
CLOSED = Catalog("1", Entries((Tenant("acme"),), POOLS, ENDPOINTS))


@pytest.mark.parametrize(
    ("catalog", "reported", "expected"),
    [
        (OPEN, "acme", "acme"),
        (OPEN, "anybody", "anybody"),
        (OPEN, None, UNATTRIBUTED),
        (OPEN, "", UNATTRIBUTED),
        (OPEN, "__idle__", UNATTRIBUTED),  # reserved: a producer cannot write to another's row
        (OPEN, "__anything", UNATTRIBUTED),
        (OPEN, "_one", "_one"),
        (CLOSED, "acme", "acme"),
        (CLOSED, "anybody", UNATTRIBUTED),
        (CLOSED, "ACME", UNATTRIBUTED),
        (CLOSED, None, UNATTRIBUTED),
        (Catalog("1", Entries(())), "acme", UNATTRIBUTED),  # an empty list knows nobody
    ],
)
def test_who_is_not_known_becomes_a_row_of_its_own(
    catalog: Catalog, reported: str | None, expected: str
) -> None:
    assert catalog.tenant(reported, T0) == expected


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("gpu-node-12", "special"),  # the first pool that matches
        ("gpu-node-1", "h100"),
        ("dgx-7", "h100"),
        ("GPU-NODE-12", UNMAPPED),  # case matters on every platform
        ("laptop", UNMAPPED),
    ],
)
def test_a_node_belongs_to_the_first_pool_whose_glob_matches(node: str, expected: str) -> None:
    assert [OPEN.pool_of_node(node, T0) for _ in range(2)] == [expected, expected]


@pytest.mark.parametrize("name", ["by-token", "unknown", "", None])
def test_calls_are_paid_by_token_unless_their_endpoint_is_paid_by_gpu_time(
    name: str | None,
) -> None:
    assert OPEN.gpu_endpoint(name, T0) is None
    assert OPEN.gpu_endpoint("llama", T0) is ENDPOINTS[0]


def test_a_pool_nobody_named_shares_unheld_time_by_use() -> None:
    assert OPEN.pool("special", T0).idle == IdlePolicy("unheld_and_held_idle", "even")
    assert OPEN.pool("api:openai", T0).idle == IdlePolicy("unheld", "weighted")
