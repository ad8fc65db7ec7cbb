"""What is wrong between entries of a catalog: names taken twice, or that stand for nothing."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Protocol

from streams.config.catalog_dates import Stays, reference, repeated, stays
from streams.config.catalog_pools import Pool
from streams.config.catalog_sections import Sections
from streams.config.catalog_trees import parents_below, parents_in_circles, shared_in_circles
from streams.config.faults import Fault, Loc
from streams.config.price_order import Stay
from streams.core.catalog import DERIVED_MARK
from streams.core.reserved import PLATFORM, RESERVED_PREFIX

PLACE = {"tenants": ()}  # of the name in an entry, which may be all of it


class Named(Protocol):
    """An entry with a name."""

    @property
    def name(self) -> str: ...  # noqa: D102 - see the class
    def stay(self, loc: Loc) -> Stay: ...  # noqa: D102 - see the class


def faults_between(said: Sections, ill: AbstractSet[object]) -> Iterator[Fault]:
    """Name every fault. `ill`: sections of which entries are missing, for faults of their own."""
    known = {
        "tenants": named("tenants", said.tenants or ()),
        "slas": named("slas", said.slas),
        "pools": named("pools", said.pools),
        "endpoints": named("endpoints", said.endpoints),
        "shared_costs": named("shared_costs", said.shared_costs),
        "owners": named("owners", said.owners),
        "job_caps": named("job_caps", said.job_caps),
        "budgets": named("budgets", said.budgets),
        "notify": named("notify", said.notify),
        "alerts": named("alerts", said.alerts),
        "drivers": named("drivers", said.drivers),
    }
    for section, found in known.items():
        yield from repeated(section, found)
    yield from reserved_names(said)
    yield from unknown_levels(said)
    yield from twice_at_once(said)
    references = {
        "pools": pools_named,
        "slas": slas_named,
        "tenants": tenants_named,
        "endpoints": endpoints_named,
    }
    for section, naming in references.items():
        if section not in ill:
            for wanted, name in naming(said):
                yield from reference(section.removesuffix("s"), name, wanted, known[section])
    if "tenants" not in ill:
        yield from parents_below(said)
        yield from parents_in_circles(said)
    if not {"tenants", "shared_costs"} & ill:
        yield from shared_in_circles(said)


def named(section: str, entries: Iterable[Named]) -> Stays:
    """Return when each name of a section holds."""
    place = PLACE.get(section, ("name",))
    return stays(
        (each.name, each.stay((section, number, *place))) for number, each in enumerate(entries)
    )


def reserved_names(said: Sections) -> Iterator[Fault]:
    """Name tenants whose name is not theirs to have, or not a tenant's."""
    for number, tenant in enumerate(said.tenants or ()):
        if tenant.name.startswith(RESERVED_PREFIX):
            text = f"expected a tenant without leading {RESERVED_PREFIX}, got {tenant.name!r}"
            yield Fault(("tenants", number), f"{text}; rename it")
    for wanted, name in mentions(said):
        if name.startswith(RESERVED_PREFIX):
            text = f"expected a tenant, or {PLATFORM} as an account, got {name!r}"
            yield Fault(wanted.loc, f"{text}; correct it")


def unknown_levels(said: Sections) -> Iterator[Fault]:
    """Name levels that come twice, and those that there are not."""
    for number, level in enumerate(said.levels):
        if level in said.levels[:number]:
            yield Fault(("levels", number), f"expected each level once, got {level!r}; remove it")
    named_levels: list[tuple[Loc, str | None]] = [
        *((("tenants", n, "level"), each.level) for n, each in enumerate(said.tenants or ())),
        *((("shared_costs", n, "level"), each.level) for n, each in enumerate(said.shared_costs)),
    ]
    for loc, wanted in named_levels:
        if wanted is not None and wanted not in said.levels:
            text = f"expected one of {', '.join(said.levels)}, got {wanted!r}"
            yield Fault(loc, f"{text}; correct it, or add it to levels")


def twice_at_once(said: Sections) -> Iterator[Fault]:
    """Name what a tenant has reserved twice at once, and costs that are shared twice at once."""
    for number, pool in enumerate(said.pools):
        within = ("pools", number, "reservations")
        yield from repeated(
            "tenants of reservations",
            stays(
                (each.tenant, each.stay((*within, index, "tenant")))
                for index, each in enumerate(pool.reservations)
            ),
        )
    for field in ("pool", "tenant"):
        shared = [
            (getattr(each, field), each.stay(("shared_costs", number, field)))
            for number, each in enumerate(said.shared_costs)
            if getattr(each, field) is not None
        ]
        yield from repeated(f"{field}s of shared_costs", stays(shared))


def pools_named(said: Sections) -> Iterator[tuple[Stay, str]]:
    """Yield each mention of a pool that is to be there."""
    for number, endpoint in enumerate(said.endpoints):
        for loc, name in endpoint.named(("endpoints", number)):
            yield endpoint.stay(loc), name
    for number, cost in enumerate(said.shared_costs):
        if cost.pool is not None and DERIVED_MARK not in cost.pool:
            yield cost.stay(("shared_costs", number, "pool")), cost.pool
    yield from (each for each in drivers_named(said, "pool") if DERIVED_MARK not in each[1])


def drivers_named(said: Sections, field: str) -> Iterator[tuple[Stay, str]]:
    """Yield each mention in a driver: what is planned may begin before it, and outlast it."""
    for number, each in enumerate(said.drivers):
        name = getattr(each, field)
        if name is not None:
            begin_us = each.dates[0]
            yield Stay(begin_us, begin_us, ("drivers", number, field)), name


def endpoints_named(said: Sections) -> Iterator[tuple[Stay, str]]:
    """Yield each mention of an endpoint that is to be there."""
    for number, rule in enumerate(said.owners):
        if rule.endpoint is not None:
            yield rule.stay(("owners", number, "endpoint")), rule.endpoint


def slas_named(said: Sections) -> Iterator[tuple[Stay, str]]:
    """Yield each mention of a tier."""
    for number, tenant in enumerate(said.tenants or ()):
        if tenant.sla is not None:
            yield tenant.stay(("tenants", number, "sla")), tenant.sla


def tenants_named(said: Sections) -> Iterator[tuple[Stay, str]]:
    """Yield each mention of a tenant that is to be there: none where any name is one."""
    if said.tenants is not None:
        for wanted, name in (*mentions(said), *budgeted(said), *drivers_named(said, "tenant")):
            if not name.startswith(RESERVED_PREFIX):
                yield wanted, name


def mentions(said: Sections) -> Iterator[tuple[Stay, str]]:
    """Yield each mention of a tenant."""
    for number, tenant in enumerate(said.tenants or ()):
        if tenant.parent is not None:
            yield tenant.stay(("tenants", number, "parent")), tenant.parent
    for number, pool in enumerate(said.pools):
        yield from payers_of(pool, ("pools", number))
    for number, cost in enumerate(said.shared_costs):
        for loc, name in cost.named(("shared_costs", number)):
            yield cost.stay(loc), name
    for number, rule in enumerate(said.owners):
        if rule.tenant is not None:
            yield rule.stay(("owners", number, "tenant")), rule.tenant


def budgeted(said: Sections) -> Iterator[tuple[Stay, str]]:
    """Yield each mention of a tenant in a budget, which may be a row of nobody's, too."""
    for number, each in enumerate(said.budgets):
        if each.tenant is not None:
            yield each.stay(("budgets", number, "tenant")), each.tenant


def payers_of(pool: Pool, loc: Loc) -> Iterator[tuple[Stay, str]]:
    """Yield each mention of a tenant in a pool."""
    if pool.platform_account != PLATFORM:
        yield pool.stay((*loc, "platform_account")), pool.platform_account
    if pool.lending and pool.lending.margin_account != PLATFORM:
        yield pool.stay((*loc, "lending", "margin_account")), pool.lending.margin_account
    for index, reservation in enumerate(pool.reservations):
        yield reservation.stay((*loc, "reservations", index, "tenant")), reservation.tenant
