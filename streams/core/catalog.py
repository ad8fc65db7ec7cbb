"""Who and what there is: tenants, pools, shared endpoints, shared costs, and who may speak of whom.

One version of a catalog answers for every instant, since its entries are dated. Whoever asks for a
window asks for its begin: what holds then holds for the window. Attribution answers with a name in
any case: what nobody knows becomes a row of its own.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from typing import Literal, Protocol, TypeAlias, TypeVar

from schemas.owner_rules import Rule
from streams.core.alert_rules import AlertRule, first_rule
from streams.core.budgets.budget import Budget
from streams.core.forecast.drivers import Driver
from streams.core.job_caps import JobCap
from streams.core.names_in_force import NAMES_KEPT, NamesInForce, first_cap
from streams.core.pools import Endpoint, Pool
from streams.core.reserved import UNATTRIBUTED
from streams.core.routes import Route
from streams.core.shared_costs import SharedCost
from streams.core.tenants import FIRST, LEVELS, Sla, Source, Tenant
from streams.core.timeline import FOREVER

Nobody: TypeAlias = Literal["no_tenant", "unknown_tenant", "source_not_allowed"]

COMMITMENT_KIND = "commitment:"  # and the provider: a resource that is capacity of its API
SHARED_KIND = "shared:"  # and the name: a resource that is time of a shared cost, and its pool
DERIVED_MARK = ":"  # in the names of pools that follow from what was used
STRETCHES_KEPT = 64  # between changes of a catalog, whose names are at hand


class Dated(Protocol):
    """What is in force from one instant until another, half-open."""

    @property
    def from_us(self) -> int: ...  # noqa: D102 - see the class
    @property
    def to_us(self) -> int: ...  # noqa: D102 - see the class


AnyDated = TypeVar("AnyDated", bound=Dated)


@dataclass(frozen=True, slots=True)
class Entries:
    """All a catalog says. Null tenants: any name is one; null sources: any may speak of any."""

    tenants: tuple[Tenant, ...] | None = None
    pools: tuple[Pool, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    slas: tuple[Sla, ...] = ()
    shared: tuple[SharedCost, ...] = ()
    sources: tuple[Source, ...] | None = None
    levels: tuple[str, ...] = LEVELS
    owners: tuple[Rule, ...] = ()
    job_caps: tuple[JobCap, ...] = ()
    routes: tuple[Route, ...] = ()
    alerts: tuple[AlertRule, ...] = ()
    budgets: tuple[Budget, ...] = ()
    drivers: tuple[Driver, ...] = ()  # of forecasts, which look at all of them

    def dated(self) -> Iterable[Dated]:
        """Yield everything that has a begin and an end."""
        yield from self.tenants or ()
        yield from self.pools
        for pool in self.pools:
            yield from pool.reservations
        for entries in (
            self.endpoints,
            self.slas,
            self.shared,
            self.sources or (),
            self.owners,
            self.job_caps,
            self.routes,
            self.alerts,
            self.budgets,
        ):
            yield from entries


NOTHING = Entries()


class Catalog:
    """One immutable version of all names."""

    def __init__(self, version: str, entries: Entries = NOTHING) -> None:
        self.version = version
        self.entries = entries
        dates = {date for each in entries.dated() for date in (each.from_us, each.to_us)}
        self._lesser = [each for each in entries.sources or () if each.precedence > FIRST]
        self._edges = sorted(date for date in dates if 0 < date < FOREVER)
        self._stretch = lru_cache(STRETCHES_KEPT)(self._names)
        self._ever_lesser = lru_cache(NAMES_KEPT)(self._find_lesser)
        self._ever_caps = lru_cache(NAMES_KEPT)(partial(first_cap, entries.job_caps))

    def at(self, at_us: int) -> NamesInForce:
        """Return what is in force at an instant; of a window, ask for its begin."""
        return self._stretch(bisect_right(self._edges, at_us))

    def edges(self, since_us: int, until_us: int) -> list[int]:
        """Return the instants inside (since, until) at which something changes, in order."""
        first, last = bisect_right(self._edges, since_us), bisect_left(self._edges, until_us)
        return self._edges[first:last]

    def said_by(self, source: str) -> "Attribution":
        """Return the names as usage of one source is attributed to them."""
        return Attribution(self, source)

    @property
    def limits_sources(self) -> bool:
        """Whether it matters who says something."""
        return self.entries.sources is not None

    def tenant(self, reported: str | None, at_us: int) -> str:
        """Return the tenant of a name when it is known, else nobody's row."""
        return self.at(at_us).tenant(reported)

    def pool_of_node(self, node: str, at_us: int) -> str:
        """Return the first pool one of whose globs matches a host name."""
        return self.at(at_us).pool_of_node(node)

    def gpu_endpoint(self, name: str | None, at_us: int) -> Endpoint | None:
        """Return the endpoint if its calls are paid by GPU time, None if they are paid by token."""
        return self.at(at_us).gpu_endpoint(name)

    def pool(self, name: str, at_us: int) -> Pool:
        """Return a pool with the reservations in force; one that is not named has the defaults."""
        return self.at(at_us).pool(name)

    def ancestors(self, tenant: str, at_us: int) -> tuple[str, ...]:
        """Return the parent of a tenant, its parent, and so on."""
        return self.at(at_us).ancestors(tenant)

    def sla(self, tenant: str, at_us: int) -> Sla | None:
        """Return the tier of a tenant, or of its nearest ancestor that has one."""
        return self.at(at_us).sla(tenant)

    def shared(self, at_us: int) -> tuple[SharedCost, ...]:
        """Return the shared costs, in the order of the document."""
        return self.at(at_us).shared

    def job_cap(self, tenant: str, job: str, at_us: int) -> JobCap | None:
        """Return the cap of a job; None where it may cost whatever it does."""
        return self.at(at_us).job_cap(tenant, job)

    def alert_rule(self, tenant: str, kind: str, at_us: int) -> AlertRule:
        """Return what is worth an alert of a kind about a tenant."""
        return first_rule(self.at(at_us).alert_rules(tenant, kind), at_us)

    def ever_caps(self, tenant: str, job: str) -> bool:
        """Whether a job has a cap at any time."""
        return self._ever_caps(tenant, job) is not None

    @property
    def ranks_sources(self) -> bool:
        """Whether it ever puts one observer of a call before another."""
        return bool(self._lesser)

    def ever_lesser(self, source: str) -> bool:
        """Whether a source comes after other observers at any time."""
        return self._ever_lesser(source)

    def _find_lesser(self, source: str) -> bool:
        return any(fnmatchcase(source, glob) for each in self._lesser for glob in each.sources)

    def _names(self, stretch: int) -> NamesInForce:
        at_us = self._edges[stretch - 1] if stretch else 0
        said = self.entries
        pools = [
            replace(pool, reservations=tuple(in_force(pool.reservations, at_us)))
            for pool in in_force(said.pools, at_us)
        ]
        return NamesInForce(
            None if said.tenants is None else {t.name: t for t in in_force(said.tenants, at_us)},
            {pool.name: pool for pool in pools},
            {each.name: each for each in in_force(said.endpoints, at_us)},
            {each.name: each for each in in_force(said.slas, at_us)},
            tuple(in_force(said.shared, at_us)),
            None if said.sources is None else tuple(in_force(said.sources, at_us)),
            tuple(in_force(said.owners, at_us)),
            tuple(in_force(said.job_caps, at_us)),
            tuple(in_force(said.routes, at_us)),
            tuple(in_force(said.alerts, at_us)),
            tuple(in_force(said.budgets, at_us)),
        )


@dataclass(frozen=True, slots=True)
class Attribution:
    """A catalog as it holds for what one source says."""

    catalog: Catalog
    source: str

    def at(self, at_us: int) -> NamesInForce:
        """Return what is in force at an instant."""
        return self.catalog.at(at_us)

    def tenant(self, reported: str | None, at_us: int) -> str:
        """Return who pays: the reported tenant if it is known and the source may speak of it."""
        names = self.catalog.at(at_us)
        tenant = names.tenant(reported)
        return tenant if names.may_speak(self.source, tenant) else UNATTRIBUTED

    def precedence(self, at_us: int) -> int:
        """Return which observer of a call the source is, the first being 1."""
        return self.catalog.at(at_us).precedence(self.source) if self.is_ever_lesser else FIRST

    @property
    def is_ever_lesser(self) -> bool:
        """Whether the source comes after other observers at any time."""
        return self.catalog.ever_lesser(self.source)

    def why_nobody(self, reported: str | None, at_us: int) -> Nobody:
        """Return why a reported tenant is not the one that pays."""
        if not reported:
            return "no_tenant"
        is_known = self.catalog.at(at_us).tenant(reported) != UNATTRIBUTED
        return "source_not_allowed" if is_known else "unknown_tenant"


def in_force(entries: Iterable[AnyDated], at_us: int) -> Iterable[AnyDated]:
    """Yield the entries that hold at an instant."""
    return (each for each in entries if each.from_us <= at_us < each.to_us)


def api_pool(provider: str) -> str:
    """Return the pool of a provider's API, which costs exactly what its tokens cost."""
    return f"api{DERIVED_MARK}{provider}"


def resource_pool(kind: str) -> str:
    """Return the pool of a kind of resource, which costs exactly what is metered.

    The time of a commitment is part of what the provider's API costs; that of a shared cost has a
    pool of its own.
    """
    if kind.startswith(COMMITMENT_KIND):
        return api_pool(kind.removeprefix(COMMITMENT_KIND))
    if kind.startswith(SHARED_KIND):
        return kind
    return f"resource{DERIVED_MARK}{kind}"
