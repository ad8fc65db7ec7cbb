"""What `core` makes of a catalog document."""

from fractions import Fraction

from streams.config import (
    catalog_alerts,
    catalog_budgets,
    catalog_drivers,
    catalog_jobs,
    catalog_notify,
    catalog_pools,
    catalog_shared,
    catalog_tenants,
)
from streams.config.catalog_document import Document
from streams.config.catalog_owners import owner_rule
from streams.config.document import read, version_of
from streams.config.weekly_hours import weekly
from streams.core.alert_rules import AlertRule, LinkTemplate, WeekHours
from streams.core.budgets.budget import Budget
from streams.core.catalog import Catalog, Entries
from streams.core.forecast.drivers import Driver
from streams.core.job_caps import JobCap
from streams.core.money import PICO
from streams.core.pools import (
    GPU_SCALE,
    WEIGHT_SCALE,
    Endpoint,
    IdlePolicy,
    Lending,
    Pool,
    Reservation,
    TokenWeights,
)
from streams.core.routes import Route
from streams.core.shared_costs import Share, SharedCost
from streams.core.tenants import Sla, Source, Tenant
from streams.core.windows import DAY_US, HOUR_US

HOURS_A_DAY = DAY_US // HOUR_US


def load_catalog(text: str) -> Catalog:
    """Return the catalog a YAML document describes. Raises InvalidDocument with every fault."""
    document = read(Document, text, "catalog")
    return Catalog(version_of(document), entries_of(document))


def entries_of(document: Document) -> Entries:
    """Return what a document says, as `core` has it."""
    tenants = document.tenants
    return Entries(
        None if tenants is None else tuple(map(tenant, tenants)),
        tuple(map(pool, document.pools)),
        tuple(map(endpoint, document.endpoints)),
        tuple(Sla(each.name, Fraction(each.multiplier), *each.dates) for each in document.slas),
        tuple(map(shared_cost, document.shared_costs)),
        tuple(map(source, document.sources)) or None,
        document.levels,
        tuple(map(owner_rule, document.owners)),
        tuple(map(job_cap, document.job_caps)),
        tuple(map(route, document.notify)),
        tuple(map(alert_rule, document.alerts)),
        tuple(map(budget, document.budgets)),
        tuple(map(driver, document.drivers)),
    )


def tenant(of: catalog_tenants.Tenant) -> Tenant:
    """Return a tenant."""
    return Tenant(of.name, of.parent, of.level, of.sla, *of.dates)


def source(of: catalog_tenants.Source) -> Source:
    """Return producers that may speak of tenants."""
    return Source(of.sources, of.tenants, *of.dates, of.precedence)


def pool(of: catalog_pools.Pool) -> Pool:
    """Return a pool with what is reserved of it."""
    return Pool(
        of.name,
        of.nodes,
        IdlePolicy(of.idle.basis, of.idle.share),
        of.platform_account,
        None if of.lending is None else lending(of.lending),
        tuple(
            Reservation(each.tenant, of.name, int(each.gpus * GPU_SCALE), *each.dates)
            for each in of.reservations
        ),
        None if of.gpus is None else int(of.gpus * GPU_SCALE),
        *of.dates,
    )


def lending(of: catalog_pools.Lending) -> Lending:
    """Return terms of lending."""
    return Lending(Fraction(of.burst), Fraction(of.credit), of.margin_account)


def endpoint(of: catalog_pools.Endpoint) -> Endpoint:
    """Return an endpoint."""
    return Endpoint(of.name, of.every, of.basis, weights(of.weights), *of.dates)


def weights(of: catalog_pools.Weights) -> TokenWeights:
    """Return weights in thousandths."""
    return TokenWeights(
        int(of.input * WEIGHT_SCALE),
        int(of.output * WEIGHT_SCALE),
        int(of.cache_read * WEIGHT_SCALE),
    )


def shared_cost(of: catalog_shared.SharedCost) -> SharedCost:
    """Return a shared cost."""
    return SharedCost(
        of.name,
        of.key,
        of.pool,
        of.tenant,
        None if of.monthly is None else int(of.monthly * PICO),
        of.currency,
        of.among,
        of.level,
        shares(of.shares),
        shares(of.drivers),
        *of.dates,
        of.source,
    )


def job_cap(of: catalog_jobs.JobCap) -> JobCap:
    """Return a cap of jobs."""
    return JobCap(of.name, of.tenants, of.jobs, int(of.limit * PICO), of.currency, *of.dates)


def budget(of: catalog_budgets.Budget) -> Budget:
    """Return a budget."""
    return Budget(
        of.name,
        of.period,
        int(of.limit * PICO),
        of.currency,
        of.tenant,
        of.projects,
        of.models,
        of.jobs,
        of.pools,
        tuple(sorted(map(Fraction, of.warn_at))),
        *of.dates,
    )


def route(of: catalog_notify.Route) -> Route:
    """Return a route of alerts."""
    return Route(
        of.name,
        of.sink,
        of.channel,
        of.tenants,
        of.severities,
        of.kinds,
        of.goes_on,
        *of.dates,
    )


def alert_rule(of: catalog_alerts.AlertRule) -> AlertRule:
    """Return what is worth an alert."""
    said = " ".join(filter(None, [of.hours, *(of.days or ())]))
    return AlertRule(
        of.name,
        of.tenants,
        of.kinds,
        WeekHours(weekly(of.hours, of.days), said),
        of.muted,
        int(of.min_per_hour * PICO),
        int(of.min_total * PICO),
        int(of.critical_per_hour * PICO),
        tuple(LinkTemplate(each.title, each.url) for each in of.links),
        *of.dates,
    )


def driver(of: catalog_drivers.Driver) -> Driver:
    """Return a driver of forecasts."""
    hourly = None if of.per_hour is None else of.per_hour * HOURS_A_DAY
    daily = hourly if of.per_day is None else of.per_day
    return Driver(
        of.name,
        of.tenant,
        of.pool,
        None if daily is None else int(daily * PICO),
        of.currency,
        None if of.factor is None else Fraction(of.factor),
        int(of.ramp_days * DAY_US),
        *of.dates,
    )


def shares(of: catalog_shared.Percents) -> tuple[Share, ...]:
    """Return percents as parts of the whole."""
    return tuple(Share(name, catalog_shared.millionths(part)) for name, part in of.items())
