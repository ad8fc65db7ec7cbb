"""The names of a catalog between two of its changes."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache, partial

from schemas.owner_rules import Rule
from streams.core.alert_rules import AlertRule
from streams.core.budgets.budget import Budget
from streams.core.job_caps import JobCap
from streams.core.pools import Endpoint, Pool
from streams.core.reserved import RESERVED_PREFIX, UNATTRIBUTED, UNMAPPED
from streams.core.routes import Route, taking
from streams.core.shared_costs import SharedCost
from streams.core.tenants import FIRST, Sla, Source, Tenant

NAMES_KEPT = 100_000  # whose answer is at hand: producers choose them


class NamesInForce:
    """What there is at an instant. Null tenants: any name is one; null sources: any may speak."""

    def __init__(  # noqa: PLR0913, PLR0917 - a section of the catalog each
        self,
        tenants: Mapping[str, Tenant] | None,
        pools: Mapping[str, Pool],
        endpoints: Mapping[str, Endpoint],
        slas: Mapping[str, Sla],
        shared: tuple[SharedCost, ...],
        sources: tuple[Source, ...] | None,
        owners: tuple[Rule, ...],
        job_caps: tuple[JobCap, ...],
        routes: tuple[Route, ...],
        alerts: tuple[AlertRule, ...],
        budgets: tuple[Budget, ...],
    ) -> None:
        self.tenants = tenants
        self.pools = pools
        self.endpoints = endpoints
        self.slas = slas
        self.shared = shared
        self.sources = sources
        self.owners = owners
        self.job_caps = job_caps
        self.routes = routes
        self.alerts = alerts
        self.budgets = budgets
        every = (tenants or {}).values()
        self._by_parent = grouped((each.parent, each.name) for each in every)
        self._by_level = grouped((each.level, each.name) for each in every)
        self._pool_of_node = lru_cache(NAMES_KEPT)(self._find_pool)
        self._may_speak = lru_cache(NAMES_KEPT)(self._find_permission)
        self._precedence = lru_cache(NAMES_KEPT)(self._find_precedence)
        self._alert_rules = lru_cache(NAMES_KEPT)(self._find_alert_rules)
        self._job_cap = lru_cache(NAMES_KEPT)(partial(first_cap, job_caps))

    def tenant(self, reported: str | None) -> str:
        """Return the tenant of a name when it is known, else nobody's row."""
        if not reported or reported.startswith(RESERVED_PREFIX):
            return UNATTRIBUTED
        if self.tenants is not None and reported not in self.tenants:
            return UNATTRIBUTED
        return reported

    def may_speak(self, source: str, tenant: str) -> bool:
        """Whether a source may say what a tenant used; of nobody anyone may."""
        return self.sources is None or tenant == UNATTRIBUTED or self._may_speak(source, tenant)

    def precedence(self, source: str) -> int:
        """Return which observer of a call a source is: the greatest number that any entry says."""
        return self._precedence(source)

    def pool_of_node(self, node: str) -> str:
        """Return the first pool one of whose globs matches a host name."""
        return self._pool_of_node(node)

    def gpu_endpoint(self, name: str | None) -> Endpoint | None:
        """Return the endpoint if its calls are paid by GPU time, None if they are paid by token."""
        endpoint = self.endpoints.get(name) if name else None
        return endpoint if endpoint and endpoint.basis == "gpu_time" else None

    def pool(self, name: str) -> Pool:
        """Return a pool; one that the catalog does not name has the defaults."""
        return self.pools.get(name) or Pool(name)

    def ancestors(self, tenant: str) -> tuple[str, ...]:
        """Return the parent of a tenant, its parent, and so on."""
        found: list[str] = []
        each = (self.tenants or {}).get(tenant)
        while each and each.parent:
            found.append(each.parent)
            each = (self.tenants or {}).get(each.parent)
        return tuple(found)

    def children(self, tenant: str) -> tuple[str, ...]:
        """Return the tenants whose parent one is, in the order of the document."""
        return self._by_parent.get(tenant, ())

    def of_level(self, level: str) -> tuple[str, ...]:
        """Return the tenants of a level, in the order of the document."""
        return self._by_level.get(level, ())

    def sla(self, tenant: str) -> Sla | None:
        """Return the tier of a tenant, or of its nearest ancestor that has one."""
        for name in (tenant, *self.ancestors(tenant)):
            each = (self.tenants or {}).get(name)
            if each and each.sla:
                return self.slas.get(each.sla)
        return None

    def job_cap(self, tenant: str, job: str) -> JobCap | None:
        """Return the cap of a job: the first that fits it."""
        return self._job_cap(tenant, job)

    def routes_of(self, tenant: str, severity: str, kind: str) -> tuple[Route, ...]:
        """Return the routes that take an alert of a tenant; none: nobody is told."""
        tenants = (tenant, *self.ancestors(tenant))
        return tuple(taking(self.routes, tenants, severity, kind))

    def alert_rules(self, tenant: str, kind: str) -> tuple[AlertRule, ...]:
        """Return the rules for alerts of a kind about a tenant, at whatever hour, in order."""
        return self._alert_rules(tenant, kind)

    def _find_alert_rules(self, tenant: str, kind: str) -> tuple[AlertRule, ...]:
        tenants = (tenant, *self.ancestors(tenant))
        return tuple(each for each in self.alerts if each.fits(tenants, kind))

    def _find_pool(self, node: str) -> str:
        for pool in self.pools.values():
            if any(fnmatchcase(node, glob) for glob in pool.nodes):
                return pool.name
        return UNMAPPED

    def _find_permission(self, source: str, tenant: str) -> bool:
        return any(
            any(fnmatchcase(source, glob) for glob in each.sources)
            and any(fnmatchcase(tenant, glob) for glob in each.tenants)
            for each in self.sources or ()
        )

    def _find_precedence(self, source: str) -> int:
        said = (
            each.precedence
            for each in self.sources or ()
            if any(fnmatchcase(source, glob) for glob in each.sources)
        )
        return max(said, default=FIRST)


def first_cap(caps: Iterable[JobCap], tenant: str, job: str) -> JobCap | None:
    """Return the first of some caps that fits a job.

    >>> cap = JobCap("runs", ("research",), ("train-*",), 5, "USD")
    >>> first_cap([cap], "research", "train-7") is cap, first_cap([cap], "search", "train-7")
    (True, None)
    """
    fitting = (
        each
        for each in caps
        if any(fnmatchcase(tenant, glob) for glob in each.tenants)
        and any(fnmatchcase(job, glob) for glob in each.jobs)
    )
    return next(fitting, None)


def grouped(named: Iterable[tuple[str | None, str]]) -> dict[str | None, tuple[str, ...]]:
    """Return names by what they have in common, in their order."""
    found: dict[str | None, list[str]] = {}
    for common, name in named:
        found.setdefault(common, []).append(name)
    return {common: tuple(names) for common, names in found.items()}
