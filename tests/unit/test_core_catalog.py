"""Attribution: every event gets a tenant and a pool, known or not."""

import pytest

from streams.core.catalog import UNATTRIBUTED, UNMAPPED, Catalog, Endpoint, IdlePolicy, Pool
from streams.core.catalog import TokenWeights as Weights

POOLS = (
    Pool("special", ("gpu-node-1?",), IdlePolicy("unheld_and_held_idle", "even")),
    Pool("h100", ("gpu-node-*", "dgx-*"), IdlePolicy("unheld", "separate")),
)
ENDPOINTS = (
    Endpoint("llama", "h100", "gpu_time", Weights()),
    Endpoint("by-token", "h100", "tokens", Weights()),
)
OPEN = Catalog("1", None, POOLS, ENDPOINTS)
CLOSED = Catalog("1", ["acme"], POOLS, ENDPOINTS)


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
        (Catalog("1", [], (), ()), "acme", UNATTRIBUTED),  # an empty list knows nobody
    ],
)
def test_who_is_not_known_becomes_a_row_of_its_own(
    catalog: Catalog, reported: str | None, expected: str
) -> None:
    assert catalog.tenant(reported) == expected


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
    assert [OPEN.pool_of_node(node) for _ in range(2)] == [expected, expected]


@pytest.mark.parametrize("name", ["by-token", "unknown", "", None])
def test_calls_are_paid_by_token_unless_their_endpoint_is_paid_by_gpu_time(
    name: str | None,
) -> None:
    assert OPEN.gpu_endpoint(name) is None
    assert OPEN.gpu_endpoint("llama") is ENDPOINTS[0]


def test_a_pool_nobody_named_shares_unheld_time_by_use() -> None:
    assert OPEN.idle_policy("special") == IdlePolicy("unheld_and_held_idle", "even")
    assert OPEN.idle_policy("api:openai") == IdlePolicy("unheld", "weighted")
