"""Whether tenants and shared costs form trees: parents above children, and nothing in circles.

What holds changes with time, so circles are looked for between changes; but only where there is one
when all dates are left out, since that costs no more than reading.
"""

from collections.abc import Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

from streams.config.catalog_sections import Sections
from streams.config.catalog_shared import SharedCost
from streams.config.catalog_tenants import Tenant
from streams.config.faults import Fault
from streams.config.price_order import Stay

Edge: TypeAlias = tuple[str, str, Stay]  # from, to, when, and where that is said


def parents_below(said: Sections) -> Iterator[Fault]:
    """Name parents whose level is not above their child's."""
    rank = {level: number for number, level in enumerate(said.levels)}
    ranked: dict[str, list[Tenant]] = {}
    for tenant in said.tenants or ():
        if tenant.level in rank:
            ranked.setdefault(tenant.name, []).append(tenant)
    for number, tenant in enumerate(said.tenants or ()):
        for parent in ranked.get(tenant.parent or "", ()):
            is_below = rank.get(tenant.level or "", len(rank)) <= rank[parent.level or ""]
            if is_below and meet(tenant.dates, parent.dates):
                text = f"expected a parent of a higher level than {tenant.level}, got "
                said_of = f"{parent.name!r} of level {parent.level}; correct one of them"
                yield Fault(("tenants", number, "parent"), text + said_of)
                break


def meet(one: tuple[int, int], two: tuple[int, int]) -> bool:
    """Whether two stretches of time, half-open, have an instant in common."""
    return one[0] < two[1] and two[0] < one[1]


def parents_in_circles(said: Sections) -> Iterator[Fault]:
    """Name a tenant that is above itself."""
    edges = [
        (tenant.name, tenant.parent, tenant.stay(("tenants", number, "parent")))
        for number, tenant in enumerate(said.tenants or ())
        if tenant.parent is not None
    ]
    yield from circles(edges, "tenants with parents above them")


def shared_in_circles(said: Sections) -> Iterator[Fault]:
    """Name a tenant whose cost, shared, comes back to it."""
    edges = [
        (cost.tenant, taker, cost.stay(("shared_costs", number)))
        for number, cost in enumerate(said.shared_costs)
        if cost.tenant is not None
        for taker in takers(cost, said)
    ]
    yield from circles(edges, "shared costs that go from level to level and end")
    for number, cost in enumerate(said.shared_costs):
        if cost.tenant is not None and said.tenants is not None and not takers(cost, said):
            text = "expected among, level, shares or children of the tenant to share its cost, got"
            yield Fault(("shared_costs", number), f"{text} none; add one")


def takers(cost: SharedCost, said: Sections) -> list[str]:
    """Return who may get a part of a tenant's cost, at any time."""
    if cost.among or cost.shares:
        return [*cost.among, *cost.shares]
    tenants = said.tenants or ()
    if cost.level is not None:
        of_level = [each.name for each in tenants if each.level == cost.level]
        return [name for name in of_level if name != cost.tenant]
    return [each.name for each in tenants if each.parent == cost.tenant]


def circles(edges: Sequence[Edge], expected: str) -> Iterator[Fault]:
    """Name one circle, if there is any at some instant."""
    if not circle(edges):
        return
    for at_us in sorted({stay.from_us for *_, stay in edges}):
        found = circle(each for each in edges if each[2].from_us <= at_us < each[2].to_us)
        if found:
            locs = {(one, other): stay.loc for one, other, stay in edges}
            text = f"expected {expected}, got {' -> '.join(found)}; remove one of them"
            yield Fault(locs[found[-2], found[-1]], text)
            return


def circle(edges: Iterable[Edge]) -> list[str]:
    """Return the names of a circle, the first again at its end; none: there is no circle.

    >>> stay = Stay(0, 1, ())
    >>> circle([("a", "b", stay), ("b", "a", stay), ("c", "a", stay)])
    ['a', 'b', 'a']
    """
    graph: dict[str, list[str]] = {}
    for one, other, _ in edges:
        graph.setdefault(one, []).append(other)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [*reversed(error.args[1])]
    return []
