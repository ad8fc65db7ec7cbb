"""By what a shared cost is split: evenly, as written, by what takers cost, or by what they used.

What a tenant costs or used counts for the taker that is nearest above it, itself included: a
business unit weighs what its products do. Rows of nobody take nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from math import prod
from typing import TypeAlias

from streams.core.monthly_lines import SHARED
from streams.core.names_in_force import NamesInForce
from streams.core.reserved import RESERVED_PREFIX
from streams.core.shared_costs import SharedCost
from streams.core.spent import Spent
from streams.core.takers import known_weights, named_takers

Weights: TypeAlias = Mapping[str, int]


def weights_of(
    cost: SharedCost, names: NamesInForce, spent: Iterable[Spent], shared_pools: Collection[str]
) -> Weights:
    """Return the weight of each taker; all zero, or none: nobody can take it.

    `shared_pools`: what they cost is handed on, and is nobody's weight.
    """
    known = known_weights(cost, names)
    if known:
        return dict(known)
    taker_of = nearest(cost, names)
    if cost.key == "drivers":
        return by_drivers(cost, spent, taker_of)
    costs: dict[str, int] = defaultdict(int)
    for each in spent:
        taker = taker_of(each.tenant)
        if taker and each.kind != SHARED and each.pool not in shared_pools:
            costs[taker] += each.cost
    if cost.key == "even":
        return {taker: 1 for taker, amount in costs.items() if amount > 0}
    return {taker: max(0, amount) for taker, amount in costs.items()}


def nearest(cost: SharedCost, names: NamesInForce) -> Callable[[str], str | None]:
    """Return what finds the taker that a tenant counts for, if there is one."""
    takers = frozenset(named_takers(cost, names))

    def taker_of(tenant: str) -> str | None:
        if tenant.startswith(RESERVED_PREFIX) or tenant == cost.tenant:
            return None
        if not takers:
            return tenant
        return next((each for each in (tenant, *names.ancestors(tenant)) if each in takers), None)

    return taker_of


def by_drivers(
    cost: SharedCost, spent: Iterable[Spent], taker_of: Callable[[str], str | None]
) -> Weights:
    """Return weights that mix each taker's part of several drivers.

    A driver that nobody used leaves its weight to the others. Whole numbers: each part is brought
    to the product of all drivers' totals.
    """
    used = [
        (share.millionths, driven(share.of, spent, taker_of))
        for share in cost.drivers
        if share.millionths
    ]
    used = [(weight, quantities) for weight, quantities in used if sum(quantities.values())]
    totals = [sum(quantities.values()) for _, quantities in used]
    product = prod(totals)
    weights: dict[str, int] = defaultdict(int)
    for (weight, quantities), total in zip(used, totals, strict=True):
        for taker, quantity in quantities.items():
            weights[taker] += weight * quantity * (product // total)
    return weights


def driven(glob: str, spent: Iterable[Spent], taker_of: Callable[[str], str | None]) -> Weights:
    """Return what each taker used of the meters of a driver.

    Quantities in one unit are compared as they are; where units differ, by what they cost.
    """
    found = [each for each in spent if each.is_usage and fnmatchcase(each.meter, glob)]
    is_one_unit = len({each.unit for each in found}) == 1
    used: dict[str, int] = defaultdict(int)
    for each in found:
        taker = taker_of(each.tenant)
        if taker:
            used[taker] += each.quantity if is_one_unit else max(0, each.cost)
    return used
