"""The sections of a catalog document, whatever is to be checked in them."""

from collections.abc import Iterator

from pydantic import Field

from streams.config.catalog_alerts import AlertRule
from streams.config.catalog_budgets import Budget
from streams.config.catalog_dates import Lasting
from streams.config.catalog_drivers import Driver
from streams.config.catalog_jobs import JobCap
from streams.config.catalog_notify import Route
from streams.config.catalog_owners import OwnerRule
from streams.config.catalog_pools import Endpoint, Pool
from streams.config.catalog_shared import SharedCost
from streams.config.catalog_tenants import NamedTenant, Sla, Source
from streams.config.document import Whole
from streams.config.faults import Loc
from streams.config.fields import Name
from streams.core.tenants import LEVELS

SECTIONS = (
    *("slas", "tenants", "pools", "endpoints", "shared_costs", "sources", "owners"),
    "job_caps",
    "budgets",
    *("notify", "alerts"),
    "drivers",
)


class Sections(Whole):
    """What a catalog has, entry by entry."""

    levels: tuple[Name, ...] = Field(
        default=LEVELS, description="Levels that tenants may have, the highest first."
    )
    slas: tuple[Sla, ...] = Field(default=(), description="Tiers of service.")
    tenants: tuple[NamedTenant, ...] | None = Field(
        default=None,
        description="Every tenant; usage of others goes to __unattributed__. Left out: any name.",
    )
    pools: tuple[Pool, ...] = Field(default=(), description="Capacity that is paid for.")
    endpoints: tuple[Endpoint, ...] = Field(default=(), description="Deployments that are shared.")
    shared_costs: tuple[SharedCost, ...] = Field(
        default=(), description="Costs that tenants have in common."
    )
    sources: tuple[Source, ...] = Field(
        default=(),
        description="Which producers may speak of which tenants; what another says of one is for "
        "__unattributed__. Left out: all of all.",
    )
    owners: tuple[OwnerRule, ...] = Field(
        default=(),
        description="Who pays for what runs on GPU nodes: the first rule in force that fits. What "
        "none fits is for __unattributed__.",
    )
    job_caps: tuple[JobCap, ...] = Field(
        default=(), description="What jobs may cost; the first that fits a job counts."
    )
    alerts: tuple[AlertRule, ...] = Field(
        default=(),
        description="From which extra cost on something is said; the first that fits holds.",
    )
    budgets: tuple[Budget, ...] = Field(
        default=(), description="What may be spent in a period, by whom and on what."
    )
    notify: tuple[Route, ...] = Field(
        default=(), description="Who is told of alerts, in order. Left out: nobody."
    )

    drivers: tuple[Driver, ...] = Field(
        default=(), description="Changes of spend that are planned, for forecasts."
    )

    def lasting(self) -> Iterator[tuple[Loc, Lasting]]:
        """Yield every entry that may be dated, and where it is said."""
        for section in SECTIONS:
            for number, each in enumerate(getattr(self, section) or ()):
                yield (section, number), each
        for number, pool in enumerate(self.pools):
            for index, reservation in enumerate(pool.reservations):
                yield ("pools", number, "reservations", index), reservation
