"""Handing on what tenants have in common: from who has the cost to who takes it, level by level.

A function of the lines of a stretch of time and of the catalog. Every cost that is handed on is
split by largest remainder and taken back where it was, so that all of it sums to zero. Pools come
before tenants, and a tenant before those that take its cost: what it takes itself goes down, too.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import NamedTuple, TypeAlias

from streams.core.catalog import SHARED_KIND
from streams.core.lines import NO_MONEY, Dimensions, Figures, Lines, Money
from streams.core.money import split
from streams.core.monthly_lines import SHARED
from streams.core.names_in_force import NamesInForce
from streams.core.shared_costs import SharedCost
from streams.core.sharing_keys import weights_of
from streams.core.spent import Spent
from streams.core.takers import known_weights, named_takers

POOL = "charge:shared"
GIVEN = "shared.given"
TAKEN = "shared.taken"

Amounts: TypeAlias = Mapping[str, Money]  # by tenant


class Source(NamedTuple):
    """What is shared: a cost, and the pool or the tenant that has it."""

    cost: SharedCost
    pool: str | None
    tenant: str | None

    @property
    def words(self) -> str:
        """How lines name it."""
        return f"tenant {self.tenant}" if self.pool is None else f"pool {self.pool}"


@dataclass(slots=True)
class Balance:
    """Who has what, and the lines that hand it on."""

    currency: str
    by_tenant: dict[str, Money] = field(default_factory=dict)
    lines: Lines = field(default_factory=dict)

    def move(self, source: Source, given: Amounts, weights: Mapping[str, int]) -> None:
        """Take amounts from who has them and split them by weights."""
        takers = sorted(weights)
        whole = [sum(each) for each in zip(*given.values(), strict=True)]
        parts = [split(amount, [weights[taker] for taker in takers]) for amount in whole]
        for giver, money in given.items():
            self._add(source, GIVEN, giver, Money(*(-amount for amount in money)))
        for taker, *amounts in zip(takers, *parts, strict=True):
            self._add(source, TAKEN, taker, Money(*amounts))

    def _add(self, source: Source, meter: str, tenant: str, money: Money) -> None:
        self.by_tenant[tenant] = plus(self.by_tenant.get(tenant, NO_MONEY), money)
        what = Dimensions(
            tenant, None, SHARED, meter, None, source.cost.name, None, source.words, self.currency
        )
        figures = self.lines.setdefault(what, Figures())
        figures.add(0, money)


def share_out(
    spent: Iterable[Spent], names: NamesInForce, currency: str, balance: Balance | None = None
) -> Lines:
    """Return the lines that hand shared costs on; their costs sum to zero.

    `balance`: an empty one, of who wants to see what is moved.
    """
    spent = list(spent)
    sources = in_order(names)
    pools = frozenset(source.pool for source in sources if source.pool is not None)
    balance = balance or Balance(currency)
    in_pool: dict[str, dict[str, Money]] = defaultdict(dict)
    for each in sorted(spent):
        for amounts in (balance.by_tenant, in_pool[each.pool]):
            amounts[each.tenant] = plus(amounts.get(each.tenant, NO_MONEY), each.money)
    for source in sources:
        given = in_pool[source.pool] if source.pool is not None else own(balance, source)
        weights = weights_of(source.cost, names, spent, pools)
        if given and any(weights.values()):
            balance.move(source, given, weights)
    return balance.lines


def own(balance: Balance, source: Source) -> Amounts:
    """Return what a tenant has by now."""
    tenant = source.tenant or ""
    return {tenant: balance.by_tenant[tenant]} if tenant in balance.by_tenant else {}


def in_order(names: NamesInForce) -> list[Source]:
    """Return what is shared: pools, in the order of the document, then tenants, givers first.

    Monthly amounts that the catalog alone splits are lines of their takers already.
    """
    pools, tenants = [], {}
    for cost in names.shared:
        if cost.tenant is not None:
            tenants[cost.tenant] = Source(cost, None, cost.tenant)
        elif cost.pool is not None:
            pools.append(Source(cost, cost.pool, None))
        elif not known_weights(cost, names):
            pools.append(Source(cost, f"{SHARED_KIND}{cost.name}", None))
    givers = {
        name: [other for other, each in sorted(tenants.items()) if name in takers_of(each, names)]
        for name in sorted(tenants)
    }
    return [*pools, *(tenants[name] for name in TopologicalSorter(givers).static_order())]


def takers_of(source: Source, names: NamesInForce) -> tuple[str, ...]:
    """Return who takes a tenant's cost."""
    return named_takers(source.cost, names)


def plus(one: Money, other: Money) -> Money:
    """Return the sum of two amounts."""
    return Money(*(a + b for a, b in zip(one, other, strict=True)))
