"""Handing shared costs on: by every key, level by level, and nothing lost on the way."""

from fractions import Fraction
from typing import Any

import pytest

from streams.core.catalog import Catalog, Entries
from streams.core.lines import Lines
from streams.core.shared_costs import Share, SharedCost
from streams.core.sharing import GIVEN, share_out
from streams.core.spent import Spent
from streams.core.tenants import Tenant

USD = 10**12
TREE = (
    Tenant("corp", None, "corporate"),
    Tenant("cloud", "corp", "business_unit"),
    Tenant("retail", "corp", "business_unit"),
    Tenant("search", "cloud", "product_line"),
    Tenant("ads", "cloud", "product_line"),
    Tenant("shop", "retail", "product_line"),
)


def spent(tenant: str, usd: int, **changes: Any) -> Spent:  # noqa: ANN401  # fields of it
    """Return so many dollars of a tenant's tokens."""
    whole = Spent(tenant, "api:x", "tokens.input", "tokens.input", "Tokens", usd, 0, 0, 0)
    money = {"cost": usd * USD, "listed": 2 * usd * USD, "billed": 3 * usd * USD}
    return whole._replace(**{**money, **changes})


def shared(*costs: SharedCost, by: list[Spent], tenants: tuple[Tenant, ...] | None = TREE) -> Lines:
    """Return the lines of what is shared."""
    return share_out(by, Catalog("c", Entries(tenants=tenants, shared=costs)).at(0), "USD")


def after(lines: Lines, by: list[Spent]) -> dict[str, Fraction]:
    """Return what each has in the end, in dollars."""
    found: dict[str, int] = {}
    for each in by:
        found[each.tenant] = found.get(each.tenant, 0) + each.cost
    for what, figures in lines.items():
        found[what.tenant] = found.get(what.tenant, 0) + (figures.cost or 0)
    return {tenant: Fraction(pico, USD) for tenant, pico in found.items() if pico}


OPENCOST = [spent("ns1", 28), spent("ns2", 36), spent("ns3", 18), spent("__idle__", 30)]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("even", {"ns1": 37, "ns2": 45, "__idle__": 30}),  # 18 / 2 each
        ("proportional", {"ns1": "35.875", "ns2": "46.125", "__idle__": 30}),  # 18 x 28/64, 36/64
    ],
)
def test_shared_namespaces_of_opencost(key: Any, expected: dict[str, Any]) -> None:  # noqa: ANN401  # of a table
    """Its cases 4a and 4b: one namespace is shared, idle stays separate."""
    cost = SharedCost("ns3", key, tenant="ns3", among=("ns1", "ns2"))
    found = after(shared(cost, by=OPENCOST, tenants=None), OPENCOST)
    assert found == {tenant: Fraction(usd) for tenant, usd in expected.items()}


def test_costs_go_down_level_by_level() -> None:
    """corp 12 over 30:60 of its units is 4 and 8; cloud's 4 + 6 over 10:20 is 10/3 and 20/3."""
    by = [spent("corp", 12), spent("cloud", 6), spent("search", 8), spent("ads", 16),
          spent("shop", 60)]  # fmt: skip
    down = (  # written from below: the order does not matter
        SharedCost("of cloud", "proportional", tenant="cloud"),
        SharedCost("of retail", "proportional", tenant="retail"),
        SharedCost("of corp", "proportional", tenant="corp"),
    )
    assert after(shared(*down, by=by), by).keys() == {"search", "ads", "shop"}
    assert shared(*down, by=by) == shared(*reversed(down), by=by)
    found = after(shared(*down, by=by), by)
    assert found["shop"] == 60 + 8  # 12 x 60 / 90
    assert round(found["search"], 9) == round(8 + Fraction(10, 3), 9)
    assert found["search"] + found["ads"] == 8 + 16 + 6 + 4


def test_what_a_pool_costs_goes_to_everybody_who_costs_something_else() -> None:
    """Storage of 6 and 3 over 10 and 20 of tokens: 3 and 6. Nobody's rows take nothing."""
    in_storage = {"pool": "resource:storage", "kind": "resource.storage", "meter": "resource.s"}
    by = [spent("a", 10), spent("b", 20), spent("__idle__", 70), spent("a", 6, **in_storage),
          spent("c", 3, **in_storage)]  # fmt: skip
    lines = shared(SharedCost("s", "proportional", pool="resource:storage"), by=by, tenants=None)
    assert after(lines, by) == {"a": 13, "b": 26, "__idle__": 70}
    given = {what.tenant: each.cost for what, each in lines.items() if what.meter == GIVEN}
    assert given == {"a": -6 * USD, "c": -3 * USD}
    assert {(what.kind, what.model, what.job) for what in lines} == {
        ("shared", "s", "pool resource:storage")
    }


def test_drivers_are_mixed_by_their_weights() -> None:
    """60 by storage 1:3 at 80 %, by calls 1:1 at 20 %: 0.2 + 0.1 and 0.6 + 0.1: 18 and 42."""
    by = [
        spent("team", 60),
        *(spent(t, 0, meter="resource.storage", kind="resource.storage", unit="GB", quantity=n)
          for t, n in (("a", 100), ("b", 300))),
        *(spent(t, 0, meter="call.request", kind="call.request", unit="R", quantity=7)
          for t in ("a", "b")),
    ]  # fmt: skip
    drivers = (Share("resource.storage", 800_000), Share("call.*", 200_000))
    cost = SharedCost("t", "drivers", tenant="team", among=("a", "b"), drivers=drivers)
    assert after(shared(cost, by=by, tenants=None), by) == {"a": 18, "b": 42}


def test_a_driver_nobody_used_leaves_its_weight_to_the_others() -> None:
    by = [spent("team", 60), spent("a", 10), spent("b", 20)]
    drivers = (Share("resource.*", 900_000), Share("tokens.*", 100_000))
    cost = SharedCost("t", "drivers", tenant="team", among=("a", "b"), drivers=drivers)
    assert after(shared(cost, by=by, tenants=None), by) == {"a": 30, "b": 60}


def test_a_monthly_amount_that_depends_on_usage_is_handed_on_from_nobody() -> None:
    by = [spent("__unattributed__", 9, pool="shared:l", kind="shared", meter="shared.monthly"),
          spent("a", 1), spent("b", 2)]  # fmt: skip
    cost = SharedCost("l", "proportional", monthly=1, currency="USD")
    assert after(shared(cost, by=by, tenants=None), by) == {"a": 4, "b": 8}
    even = SharedCost("l", "even", monthly=1, currency="USD", among=("a", "b"))
    assert not shared(even, by=by, tenants=None)  # its lines are theirs already


def test_what_nobody_can_take_stays_where_it_is() -> None:
    by = [spent("corp", 12)]
    assert not shared(SharedCost("of corp", "proportional", tenant="corp"), by=by)
    assert not shared(SharedCost("of retail", "even", tenant="retail"), by=by)  # it has no cost
