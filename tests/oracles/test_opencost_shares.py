"""The table by which OpenCost tests how it aggregates and shares costs, from our arithmetic.

Twelve containers of two clusters cost 1 for each of six resources, but for one whose memory costs
11: 82 in all; idle are 5 of CPU and 15 of memory in the one cluster, 5 and 5 in the other: 112.
OpenCost shares idle cost resource by resource in each cluster, so each of these is a pool here, of
a GPU at 1.00 an hour. Numbers: opencost/opencost, core/pkg/opencost/allocation_test.go.
"""

from collections import Counter
from fractions import Fraction
from typing import NamedTuple

import pytest

from schemas.decimals import from_bytes
from schemas.records import CostLine
from streams.core.catalog import Catalog, Entries
from streams.core.money import PICO, split
from streams.core.pools import IdlePolicy, Pool, Share
from streams.core.windows import HOUR_US
from tests.builders.drawing import agreed, lines, meter
from tests.builders.gpu_hours import unheld, worked
from tests.builders.terms import book, gpu_price, rules
from tests.builders.usage import Event

RESOURCES = ("cpu", "memory", "gpu", "volume", "network", "balancer")
IDLE = {
    ("cluster1", "cpu"): "5",
    ("cluster1", "memory"): "15",
    ("cluster2", "cpu"): "5",
    ("cluster2", "memory"): "5",
}


class Container(NamedTuple):
    """One row of the fixture. `app` is null where it has no such label."""

    cluster: str
    namespace: str
    name: str
    app: str | None


CONTAINERS = (
    Container("cluster1", "ns1", "pod1", "app1"),
    Container("cluster1", "ns1", "abc", None),
    Container("cluster1", "ns1", "def", None),
    Container("cluster1", "ns2", "ghi-1", "app2"),
    Container("cluster1", "ns2", "ghi-2", "app2"),
    Container("cluster1", "ns2", "jkl", None),
    Container("cluster2", "ns2", "mno-1", "app2"),
    Container("cluster2", "ns2", "mno-2", "app2"),
    Container("cluster2", "ns2", "pqr", None),
    Container("cluster2", "ns3", "stu", None),
    Container("cluster2", "ns3", "vwx-1", None),
    Container("cluster2", "ns3", "vwx-2", None),
)


KINDS = {
    **dict.fromkeys(("abc", "def", "ghi-1", "ghi-2", "mno-1", "mno-2", "stu"), "deployment"),
    **dict.fromkeys(("jkl", "pqr"), "daemonset"),
    **dict.fromkeys(("vwx-1", "vwx-2"), "statefulset"),
}
SERVICES = dict.fromkeys(("jkl", "pqr"), "service1")
ENVIRONMENTS = {"pod1": "env1", "ghi-1": "env2", "ghi-2": "env2"}


def usage() -> list[Event]:
    """Return an hour: what every container used of every resource, and what nobody did."""
    found: list[Event] = []
    for each in CONTAINERS:
        for resource in RESOURCES:
            hours = "11" if (each.name, resource) == ("pod1", "memory") else "1"
            node = f"{each.cluster}-{resource}"
            found += worked(hours, node, tenant=each.namespace, project=each.app, job=each.name)
    for (cluster, resource), hours in IDLE.items():
        found += unheld(hours, f"{cluster}-{resource}")
    return found


def drawn(share: Share) -> list[CostLine]:
    pools = tuple(
        Pool(f"{cluster}-{resource}", (f"{cluster}-{resource}",), IdlePolicy("unheld", share))
        for cluster in ("cluster1", "cluster2")
        for resource in RESOURCES
    )
    under = rules(book(gpu_price("1")), Catalog("names", Entries(pools=pools)), HOUR_US)
    return lines(meter(under, *usage()).partials, agreed(under))


def cost(of: list[CostLine]) -> Fraction:
    return Fraction(sum(from_bytes(line["cost"] or b"") for line in of), PICO)


def by_tenant(of: list[CostLine]) -> dict[str, Fraction]:
    tenants = sorted({line["tenant"] for line in of})
    found = {each: cost([line for line in of if line["tenant"] == each]) for each in tenants}
    return {tenant: amount for tenant, amount in found.items() if amount}


def test_by_namespace_without_sharing() -> None:
    """Case 1b."""
    assert by_tenant(drawn("separate")) == {"ns1": 28, "ns2": 36, "ns3": 18, "__idle__": 30}


def test_by_cluster_without_sharing() -> None:
    """Case 1a: 46 and 36 used, 20 and 10 idle."""
    found: Counter[tuple[str, bool]] = Counter()
    for line in drawn("separate"):
        idle = line["tenant"] == "__idle__"
        found[line["pool"].partition("-")[0], idle] += from_bytes(line["cost"] or b"")
    assert {key: Fraction(amount, PICO) for key, amount in found.items()} == {
        ("cluster1", False): 46,
        ("cluster2", False): 36,
        ("cluster1", True): 20,
        ("cluster2", True): 10,
    }


def test_by_label_what_has_none_is_a_row_too() -> None:
    """Case 1h: app1 16, app2 24, unallocated 42."""
    used = [line for line in drawn("separate") if line["kind"] == "used"]
    apps = {
        app: cost([line for line in used if line["project"] == app])
        for app in ("app1", "app2", None)
    }
    assert apps == {"app1": 16, "app2": 24, None: 42}


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (KINDS, {"deployment": 42, "daemonset": 12, "statefulset": 12, None: 16}),  # case 1e
        (SERVICES, {"service1": 12, None: 70}),  # case 1g
    ],
)
def test_by_what_a_container_belongs_to(
    of: dict[str, str], expected: dict[str | None, int]
) -> None:
    """The table's names of containers, over lines that have them as their job."""
    lines_of = drawn("separate")
    found: Counter[str | None] = Counter()
    for line in lines_of:
        if line["kind"] == "used":
            found[of.get(line["job"] or "")] += from_bytes(line["cost"] or b"")
    assert {name: Fraction(amount, PICO) for name, amount in found.items()} == expected
    assert by_tenant(lines_of)["__idle__"] == 30


def test_by_cluster_and_two_labels_at_once() -> None:
    """Case 2e: 16, 12 and 18 of cluster 1, 12 and 24 of cluster 2, idle 30."""
    found: Counter[tuple[str, str | None, str | None]] = Counter()
    for line in drawn("separate"):
        if line["kind"] == "used":
            cluster = line["pool"].partition("-")[0]
            env = ENVIRONMENTS.get(line["job"] or "")
            found[cluster, line["project"], env] += from_bytes(line["cost"] or b"")
    assert {key: Fraction(amount, PICO) for key, amount in found.items()} == {
        ("cluster1", "app1", "env1"): 16,
        ("cluster1", "app2", "env2"): 12,
        ("cluster1", None, None): 18,
        ("cluster2", "app2", None): 12,
        ("cluster2", None, None): 24,
    }


def test_idle_shared_by_weight() -> None:
    """Case 3a. Cluster 1: CPU 5 by 3 : 3, memory 15 by 13 : 3; cluster 2: 5 and 5 by 3 : 3.

    ns1 28 + 2.5 + 12.1875; ns2 36 + 2.5 + 2.8125 + 5; ns3 18 + 5.
    """
    assert by_tenant(drawn("weighted")) == {
        "ns1": Fraction(683, 16),
        "ns2": Fraction(741, 16),
        "ns3": 23,
    }


def test_idle_shared_evenly_in_each_pool() -> None:
    """Not in the table: each pool's idle cost is halved between its two namespaces.

    ns1 28 + 2.5 + 7.5; ns2 36 + 2.5 + 7.5 + 5; ns3 18 + 5.
    """
    assert by_tenant(drawn("even")) == {"ns1": 38, "ns2": 51, "ns3": 23}


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([1, 1], (37, 45)),  # case 4a: 9 each
        ([28, 36], (Fraction("35.875"), Fraction("46.125"))),  # case 4b: 18 by 28 : 36
    ],
)
def test_a_namespace_shared_out(weights: list[int], expected: tuple[Fraction, Fraction]) -> None:
    """Cases 4a and 4b: what ns3 cost, by the rule that splits every shared amount."""
    before = by_tenant(drawn("separate"))
    shares = split(int(before["ns3"] * PICO), weights)
    found = [
        before[name] + Fraction(part, PICO)
        for name, part in zip(("ns1", "ns2"), shares, strict=True)
    ]
    assert tuple(found) == expected
    assert sum(found) + before["__idle__"] == 112


@pytest.mark.parametrize("share", ["weighted", "even", "separate"])
def test_the_whole_is_112_however_it_is_shared(share: Share) -> None:
    found = drawn(share)
    assert cost(found) == 112
    namespaces = ("ns1", "ns2", "ns3", "__idle__")
    assert (
        sum(cost([line for line in found if line["tenant"] == each]) for each in namespaces) == 112
    )
