"""Capacity split to tenants. One H100 costs 3.60 an hour here: 0.001 a second."""

from collections.abc import Sequence

import pytest

from schemas.records import GpuInterval, InferenceUsage
from streams.core.catalog import Catalog
from streams.core.metering import Rules
from streams.core.pools import TokenWeights
from streams.core.windows import SECOND_US
from tests.builders.drawing import Plain, drawn
from tests.builders.terms import book, catalog, endpoint, gpu_price, rules
from tests.builders.usage import call, holder, interval

PRICE = gpu_price("3.60")
S = SECOND_US
NOBODY = "__idle__"

Row = tuple[str, str, str, str | None]  # tenant, kind, quantity, cost


def under(names: Catalog) -> Rules:
    return rules(book(PRICE), names)


def rows(of: list[Plain]) -> list[Row]:
    """Return the rows that say something: zero lines are tested on their own."""
    return [(r.tenant, r.kind, r.quantity, r.cost) for r in of if r.quantity != "0"]


def costs(of: list[Plain], kind: str) -> dict[str, str | None]:
    return {row.tenant: row.cost for row in of if row.kind == kind}


# One minute of one GPU: acme holds 40 s and works 30, globex holds and works 10, 10 are unheld.
MINUTE = interval(
    holder(40 * S, 30 * S, tenant="acme"),
    holder(10 * S, tenant="globex"),
    end_us=interval()["start_us"] + 60 * S,
)
USED = [("acme", "used", "30000000", "0.03"), ("globex", "used", "10000000", "0.01")]
HELD = [("acme", "held_idle", "10000000", "0.01")]


@pytest.mark.parametrize(
    ("basis", "share", "expected"),
    [
        (  # 0.010 idle, by use 30 : 10
            "unheld",
            "weighted",
            [
                ("acme", "idle_share", "7500000", "0.0075"),
                ("globex", "idle_share", "2500000", "0.0025"),
                *HELD,
            ],
        ),
        (  # 0.010 idle over two
            "unheld",
            "even",
            [
                ("acme", "idle_share", "5000000", "0.005"),
                ("globex", "idle_share", "5000000", "0.005"),
                *HELD,
            ],
        ),
        ("unheld", "separate", [(NOBODY, "idle_share", "10000000", "0.01"), *HELD]),
        (  # 0.010 unheld + 0.010 held and not worked, by use 30 : 10
            "unheld_and_held_idle",
            "weighted",
            [
                ("acme", "idle_share", "15000000", "0.015"),
                ("globex", "idle_share", "5000000", "0.005"),
            ],
        ),
        (
            "unheld_and_held_idle",
            "even",
            [
                ("acme", "idle_share", "10000000", "0.01"),
                ("globex", "idle_share", "10000000", "0.01"),
            ],
        ),
        ("unheld_and_held_idle", "separate", [(NOBODY, "idle_share", "20000000", "0.02")]),
    ],
)
def test_idle_is_handed_out_as_the_pool_says(basis: str, share: str, expected: list[Row]) -> None:
    names = catalog(basis=basis, share=share)
    assert rows(drawn(under(names), MINUTE)) == sorted([*expected, *USED])


@pytest.mark.parametrize("share", ["weighted", "even", "separate"])
@pytest.mark.parametrize("basis", ["unheld", "unheld_and_held_idle"])
def test_every_policy_hands_out_the_whole_pool(basis: str, share: str) -> None:
    found = drawn(under(catalog(basis=basis, share=share)), MINUTE)
    assert sum(int(row.quantity) for row in found) == 60 * S
    assert sum(round(float(row.cost or 0) * 10**6) for row in found) == 60_000


@pytest.mark.parametrize("share", ["weighted", "even"])
def test_idle_that_nobody_can_take_stays_a_row(share: str) -> None:
    found = drawn(under(catalog(share=share)), interval())
    assert found == [Plain(NOBODY, "idle_share", "gpu.idle", "10000000", "0.01", 1)]


def test_weighted_idle_stays_when_holders_did_no_work() -> None:
    """acme held the GPU and worked none of it: there is no use to weigh by."""
    found = drawn(under(catalog()), interval(holder(4 * S, 0, tenant="acme")))
    assert rows(found) == [
        (NOBODY, "idle_share", "6000000", "0.006"),
        ("acme", "held_idle", "4000000", "0.004"),
    ]


def test_even_idle_is_taken_by_holders_that_did_no_work() -> None:
    idle_holder = interval(holder(4 * S, 0, tenant="acme"))
    found = drawn(under(catalog(share="even")), idle_holder)
    assert costs(found, "idle_share") == {NOBODY: "0", "acme": "0.006"}


def test_stranded_time_is_idle_and_the_platform_pays_for_what_was_out_of_service() -> None:
    event = interval(holder(2 * S, tenant="acme"), stranded_us=3 * S, out_of_service_us=5 * S)
    found = drawn(under(catalog()), event)
    assert rows(found) == [
        ("__platform__", "out_of_service", "5000000", "0.005"),
        ("acme", "idle_share", "3000000", "0.003"),
        ("acme", "used", "2000000", "0.002"),
    ]
    assert rows(drawn(under(catalog(platform_account="ops")), event))[-1][:2] == (
        "ops",
        "out_of_service",
    )


def test_time_that_nobody_looked_is_a_row_of_nobody_known() -> None:
    """It is not idle: acme pays for the 3 s that are, whatever the policy."""
    event = interval(holder(2 * S, tenant="acme"), unobserved_us=5 * S)
    rest = [("acme", "idle_share", "3000000", "0.003"), ("acme", "used", "2000000", "0.002")]
    for basis in ("unheld", "unheld_and_held_idle"):
        for share in ("weighted", "even"):
            found = drawn(under(catalog(basis=basis, share=share, platform_account="ops")), event)
            assert rows(found) == [("__unattributed__", "unobserved", "5000000", "0.005"), *rest]


def test_time_that_nobody_looked_and_that_has_no_price_is_of_nobody_known() -> None:
    found = drawn(under(catalog()), interval(gpu_model="GeForce 256", unobserved_us=4 * S))
    unpriced = [(row.tenant, row.meter, row.quantity) for row in found if row.kind == "unpriced"]
    assert unpriced == [
        (NOBODY, "gpu.unallocated", "6000000"),
        ("__unattributed__", "gpu.unobserved", "4000000"),
    ]


def test_ties_of_a_split_go_to_the_first_tenant_by_name() -> None:
    """0.01 over three is 0.003333333333 each and 1 pico over, which the first one pays."""
    held = [holder(1, 0, tenant=name) for name in ("carol", "alice", "bob")]
    event = interval(*held, end_us=interval()["start_us"] + 10 * S + 3)
    found = drawn(under(catalog(share="even")), event)
    assert costs(found, "idle_share") == {
        NOBODY: "0",
        "alice": "0.003333333334",
        "bob": "0.003333333333",
        "carol": "0.003333333333",
    }


# The endpoint llama holds 10 s of which it works 8; 10 s are unheld.
LLAMA = interval(holder(10 * S, 8 * S, endpoint="llama"), end_us=interval()["start_us"] + 20 * S)
SHARED = endpoint("llama", TokenWeights(1000, 2500, 100))


def calls(*of: tuple[str, int, int]) -> list[InferenceUsage]:
    return [
        call(endpoint="llama", tenant=tenant, input_tokens=tokens_in, output_tokens=tokens_out)
        for tenant, tokens_in, tokens_out in of
    ]


@pytest.mark.parametrize(
    ("of", "used", "held_idle", "idle_share"),
    [
        (  # one caller pays all that was held
            [("acme", 1000, 100)],
            {"acme": "0.008"},
            {"acme": "0.002"},
            {NOBODY: "0", "acme": "0.01"},
        ),
        (  # work 800k + 200k x 2.5 = 1.3M against 1.3M: halves
            [("acme", 800_000, 200_000), ("globex", 1_300_000, 0)],
            {"acme": "0.004", "globex": "0.004"},
            {"acme": "0.001", "globex": "0.001"},
            {NOBODY: "0", "acme": "0.005", "globex": "0.005"},
        ),
        (  # work 750 against 0 + 100 x 2.5 = 250: three quarters and one
            [("acme", 750, 0), ("globex", 0, 100)],
            {"acme": "0.006", "globex": "0.002"},
            {"acme": "0.0015", "globex": "0.0005"},
            {NOBODY: "0", "acme": "0.0075", "globex": "0.0025"},
        ),
        (  # a caller without work pays nothing, and is still seen
            [("acme", 750, 0), ("globex", 0, 0)],
            {"acme": "0.008", "globex": "0"},
            {"acme": "0.002", "globex": "0"},
            {NOBODY: "0", "acme": "0.01", "globex": "0"},
        ),
    ],
)
def test_an_endpoint_is_paid_for_by_its_callers_work(
    of: Sequence[tuple[str, int, int]],
    used: dict[str, str],
    held_idle: dict[str, str],
    idle_share: dict[str, str],
) -> None:
    found = drawn(under(catalog(SHARED)), LLAMA, *calls(*of))
    assert costs(found, "used") == used
    assert costs(found, "held_idle") == held_idle
    assert costs(found, "idle_share") == idle_share


def test_an_endpoint_s_idle_is_shared_when_the_pool_shares_held_idle() -> None:
    """0.008 worked, 0.002 held idle and 0.010 unheld: acme and globex did 3 : 1 of the work."""
    names = catalog(SHARED, basis="unheld_and_held_idle")
    found = drawn(under(names), LLAMA, *calls(("acme", 750, 0), ("globex", 250, 0)))
    assert costs(found, "used") == {"acme": "0.006", "globex": "0.002"}
    assert costs(found, "held_idle") == {"acme": "0", "globex": "0"}
    assert costs(found, "idle_share") == {NOBODY: "0", "acme": "0.009", "globex": "0.003"}


def test_an_endpoint_nobody_called_is_idle() -> None:
    found = drawn(under(catalog(SHARED)), LLAMA)
    assert rows(found) == [(NOBODY, "idle_share", "20000000", "0.02")]


def test_an_endpoint_whose_calls_did_no_work_is_idle() -> None:
    found = drawn(under(catalog(SHARED)), LLAMA, *calls(("acme", 0, 0)))
    assert rows(found) == [(NOBODY, "idle_share", "20000000", "0.02")]
    assert ("acme", "used", 1) in [(row.tenant, row.kind, row.events) for row in found]


def test_an_endpoint_nobody_called_is_paid_for_by_the_pool_s_users() -> None:
    busy = interval(holder(10 * S, tenant="acme"), device="GPU-1")
    found = drawn(under(catalog(SHARED)), LLAMA, busy)
    assert rows(found) == [
        ("acme", "idle_share", "20000000", "0.02"),
        ("acme", "used", "10000000", "0.01"),
    ]


def test_an_endpoint_on_several_gpus_is_one_whole() -> None:
    other = interval(holder(10 * S, 2 * S, endpoint="llama"), device="GPU-1")
    found = drawn(under(catalog(SHARED)), LLAMA, other, *calls(("acme", 1, 0), ("globex", 1, 0)))
    # 8 + 2 s worked, 2 + 8 s held idle, halved
    assert costs(found, "used") == {"acme": "0.005", "globex": "0.005"}
    assert costs(found, "held_idle") == {"acme": "0.005", "globex": "0.005"}


def test_two_endpoints_are_split_over_their_own_callers() -> None:
    names = catalog(SHARED, endpoint("qwen"))
    qwen = interval(holder(10 * S, endpoint="qwen"), device="GPU-1")
    by_acme = call(endpoint="qwen", tenant="acme")
    found = drawn(under(names), LLAMA, qwen, by_acme, *calls(("globex", 1, 0)))
    assert costs(found, "used") == {"acme": "0.01", "globex": "0.008"}


def test_an_endpoint_beside_a_tenant_s_own_workload_adds_to_its_use() -> None:
    """acme uses 8 s through llama and 10 s of its own: two lines, one share of the idle."""
    own = interval(holder(10 * S, tenant="acme", job="train-1"), device="GPU-1")
    found = drawn(under(catalog(SHARED)), LLAMA, own, *calls(("acme", 1, 0)))
    assert rows(found) == [
        ("acme", "held_idle", "2000000", "0.002"),
        ("acme", "idle_share", "10000000", "0.01"),
        ("acme", "used", "10000000", "0.01"),
        ("acme", "used", "8000000", "0.008"),
    ]


@pytest.mark.parametrize("tenant", ["acme", None])
def test_a_gpu_without_a_price_keeps_its_time_and_no_cost(tenant: str | None) -> None:
    unknown = interval(holder(4 * S, tenant=tenant), gpu_model="GeForce 256")
    payer = tenant or "__unattributed__"
    assert rows(drawn(under(catalog()), unknown)) == [
        (NOBODY, "unpriced", "6000000", None),
        (payer, "unpriced", "4000000", None),
    ]


def test_an_endpoint_on_a_gpu_without_a_price_is_nobody_s() -> None:
    unknown = interval(holder(10 * S, endpoint="llama"), gpu_model="GeForce 256")
    found = drawn(under(catalog(SHARED)), unknown, *calls(("acme", 1, 0)))
    assert rows(found) == [("__unattributed__", "unpriced", "10000000", None)]
    assert sum(row.events for row in found) == 2


def test_a_price_of_zero_gives_zero_lines_that_keep_the_time() -> None:
    free = rules(book(gpu_price("0")))
    found = drawn(free, interval(holder(4 * S, tenant="acme")))
    assert rows(found) == [
        (NOBODY, "idle_share", "6000000", "0"),  # no use to weigh by: it cost nothing
        ("acme", "used", "4000000", "0"),
    ]


def test_gpus_at_different_prices_share_one_idle_pot() -> None:
    """10 s at 0.001 by acme, 10 s at 0.002 by globex, and 10 s at 0.003 unheld: shared 1 : 2."""
    prices = rules(
        book(PRICE, gpu_price("7.20", model="B"), gpu_price("10.80", model="C")), catalog()
    )
    found = drawn(
        prices,
        interval(holder(10 * S, tenant="acme")),
        interval(holder(10 * S, tenant="globex"), gpu_model="B"),
        interval(gpu_model="C"),
    )
    assert costs(found, "idle_share") == {NOBODY: "0", "acme": "0.01", "globex": "0.02"}


def test_lines_that_got_nothing_stay_as_zeros() -> None:
    found = drawn(under(catalog(basis="unheld_and_held_idle", share="separate")), MINUTE)
    zeros = [(row.tenant, row.kind, row.cost) for row in found if row.quantity == "0"]
    assert zeros == [
        ("acme", "held_idle", "0"),
        ("acme", "idle_share", "0"),
        ("globex", "idle_share", "0"),
    ]


# The fixture of OpenCost's AggregateBy tests (core/pkg/opencost/allocation_test.go, cases 1b and
# 3a): two clusters, twelve containers in three namespaces, 82 used and 30 idle. It shares idle by
# resource and cluster, so each of those is a pool here; a unit of cost is a second at 1 a second.
OPENCOST_POOLS: dict[str, tuple[dict[str, int], int]] = {
    "cluster1-cpu": ({"ns1": 3, "ns2": 3}, 5),
    "cluster1-ram": ({"ns1": 13, "ns2": 3}, 15),
    "cluster2-cpu": ({"ns2": 3, "ns3": 3}, 5),
    "cluster2-ram": ({"ns2": 3, "ns3": 3}, 5),
    "others": ({"ns1": 4 * 3, "ns2": 4 * 6, "ns3": 4 * 3}, 0),  # GPU, volumes, network, balancer
}


def opencost(share: str) -> dict[str, str]:
    """Return the cost of each namespace and of idle over all pools."""
    one_a_second = rules(book(gpu_price("3600")), catalog(share=share))
    totals: dict[str, int] = {}
    for used, idle in OPENCOST_POOLS.values():
        for row in drawn(one_a_second, opencost_interval(used, idle)):
            totals[row.tenant] = totals.get(row.tenant, 0) + round(float(row.cost or 0) * 10**6)
    return {tenant: f"{cost / 10**6:g}" for tenant, cost in totals.items() if cost}


def opencost_interval(used: dict[str, int], idle: int) -> GpuInterval:
    length = sum(used.values()) + idle
    holders = [holder(seconds * S, tenant=name) for name, seconds in used.items()]
    return interval(*holders, end_us=interval()["start_us"] + length * S)


def test_opencost_s_table_without_sharing_is_met() -> None:
    assert opencost("separate") == {"ns1": "28", "ns2": "36", "ns3": "18", NOBODY: "30"}


def test_opencost_s_table_with_weighted_sharing_is_met() -> None:
    # ns1 28 + 5 x 3/6 + 15 x 13/16, ns2 36 + 5 x 3/6 + 15 x 3/16 + 5/2 + 5/2, ns3 18 + 5/2 + 5/2
    assert opencost("weighted") == {"ns1": "42.6875", "ns2": "46.3125", "ns3": "23"}
