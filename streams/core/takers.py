"""Who gets a part of a shared cost, and how much of it, as far as the catalog alone says so."""

from typing import TypeAlias

from streams.core.names_in_force import NamesInForce
from streams.core.shared_costs import SharedCost

Weights: TypeAlias = tuple[tuple[str, int], ...]  # by tenant, in the order that decides ties


def named_takers(cost: SharedCost, names: NamesInForce) -> tuple[str, ...]:
    """Return whom the catalog names as takers, sorted; none: everybody who has cost."""
    if cost.key == "fixed":
        found = {share.of for share in cost.shares}
    elif cost.among:
        found = {*cost.among}
    elif cost.level is not None:
        found = {*names.of_level(cost.level)} - {cost.tenant or ""}
    else:
        found = {*names.children(cost.tenant)} if cost.tenant else set()
    return tuple(sorted(found))


def known_weights(cost: SharedCost, names: NamesInForce) -> Weights:
    """Return the weights of a key that does not depend on what anybody used; none: it does."""
    if cost.key == "fixed":
        return tuple(sorted((share.of, share.millionths) for share in cost.shares))
    if cost.key == "even":
        return tuple((taker, 1) for taker in named_takers(cost, names))
    return ()
