"""Laws of catalog documents: faults name the entries at fault, and what has none holds together."""

import json
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.config.catalog import load_catalog
from streams.config.errors import InvalidDocument
from streams.core.catalog import Catalog
from streams.core.names_in_force import NamesInForce
from streams.core.reserved import PLATFORM
from streams.core.shared_costs import SharedCost
from streams.prices.catalog_difference import catalog_difference

NAMES = st.sampled_from(["a", "b", "c", "d"])
POOLS = st.sampled_from(["p", "q"])
DAYS = st.sampled_from([f"2026-01-0{day}T00:00:00Z" for day in range(1, 5)])
LEVELS = ("corporate", "business_unit", "product_line", "feature")
FAULT = re.compile(r"line \d+, column \d+, (\w+)\.(\d+)")
ACCOUNTS = st.one_of(NAMES, st.just(PLATFORM))


def fields(**said: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw an entry: fields that end in _ must be there, others may be; it may be dated."""
    needed = {name.rstrip("_"): each for name, each in said.items() if name.endswith("_")}
    optional = {name: each for name, each in said.items() if not name.endswith("_")}
    dates = {"effective_from": DAYS, "effective_to": DAYS}
    return st.fixed_dictionaries(needed, optional=optional | dates)


tenants = st.one_of(
    NAMES,
    fields(name_=NAMES, parent=NAMES, level=st.sampled_from(LEVELS), sla=st.just("gold")),
)
pools = fields(
    name_=POOLS,
    platform_account=ACCOUNTS,
    lending=st.fixed_dictionaries({}, optional={"margin_account": ACCOUNTS}),
    reservations=st.lists(fields(tenant_=NAMES, gpus_=st.integers(0, 9)), max_size=2),
)
shared = fields(
    name_=NAMES,
    key_=st.sampled_from(["even", "proportional"]),
    tenant_=NAMES,
    among=st.lists(NAMES, min_size=1, max_size=2),
    level=st.sampled_from(LEVELS),
)
owners = fields(
    name_=NAMES,
    match_=st.just({"node": ["*"]}),
    tenant=NAMES,
    endpoint=NAMES,
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "slas": st.lists(fields(name_=st.just("gold"), multiplier_=st.just("1.5")), max_size=2),
        "tenants": st.lists(tenants, max_size=6),
        "pools": st.lists(pools, max_size=3),
        "endpoints": st.lists(fields(name_=NAMES, pools_=st.lists(POOLS, max_size=2)), max_size=2),
        "shared_costs": st.lists(shared, max_size=3),
        "sources": st.lists(
            fields(sources_=st.lists(NAMES, max_size=2), tenants_=st.lists(NAMES, max_size=1)),
            max_size=2,
        ),
        "owners": st.lists(owners, max_size=3),
        "job_caps": st.lists(
            fields(
                name_=NAMES,
                tenants_=st.lists(NAMES, max_size=1),
                jobs_=st.lists(NAMES, max_size=2),
                limit_=st.sampled_from(["0", "1", "2.5"]),
                currency_=st.just("USD"),
            ),
            max_size=2,
        ),
        "alerts": st.lists(
            fields(
                name_=NAMES,
                tenants=st.lists(NAMES, max_size=1),
                kinds=st.just(["idle_*"]),
                hours=st.just("22:00-04:00"),
                days=st.just(["sat", "fri"]),
                muted=st.booleans(),
                min_per_hour=st.sampled_from(["0", "2.5", "-1"]),
                links=st.just([{"title": "t", "url": "https://x/{tenant}"}]),
            ),
            max_size=3,
        ),
        "budgets": st.lists(
            fields(
                name_=NAMES,
                period_=st.sampled_from(["month", "7 days", "999 days", "year"]),
                limit_=st.sampled_from(["0", "1", "2.5"]),
                currency_=st.just("USD"),
                tenant=NAMES,
                models=st.lists(NAMES, max_size=1),
                warn_at=st.lists(st.sampled_from(["0.5", "0.8", "1"]), max_size=2),
            ),
            max_size=3,
        ),
        "drivers": st.lists(
            fields(
                name_=NAMES,
                tenant=NAMES,
                pool=POOLS,
                factor=st.sampled_from(["0", "1.5"]),
                per_hour=st.just("2.5"),
                currency=st.just("USD"),
                ramp_days=st.just("7"),
                effective_from=st.just("2026-01-01T00:00:00Z"),
            ),
            max_size=3,
        ),
        "notify": st.lists(
            fields(
                name_=NAMES,
                sink_=st.sampled_from(["ops", "print", "Ops"]),
                channel=st.sampled_from(["C024BE91L", "#ops"]),
                tenants=st.lists(NAMES, max_size=1),
                severities=st.just(["critical"]),
                goes_on=st.booleans(),
            ),
            max_size=3,
        ),
    },
)


def mended(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without the entries that it was refused for, and those that need them.

    Fails where a fault names no entry and no place.
    """
    while faults := faults_of(document):
        at_fault = {(found[1], int(found[2])) for found in map(FAULT.match, faults) if found}
        assert len([*filter(FAULT.match, faults)]) == len(faults), faults
        document = {
            section: [each for n, each in enumerate(entries) if (section, n) not in at_fault]
            for section, entries in document.items()
        }
    return document


def faults_of(document: dict[str, Any]) -> list[str]:
    """Return what a document is refused for."""
    try:
        load_catalog(json.dumps(document))
    except InvalidDocument as error:
        return error.faults
    return []


catalogs = documents.map(mended).map(json.dumps).map(load_catalog)


def everywhere(catalog: Catalog) -> Iterator[NamesInForce]:
    """Yield what is in force before, between and after all changes."""
    yield from (catalog.at(at_us) for at_us in (0, *catalog.edges(0, 1 << 61)))


@given(catalog=catalogs)
def test_what_is_named_is_in_force_whenever_it_is_named(catalog: Catalog) -> None:
    for names in everywhere(catalog):
        for endpoint in names.endpoints.values():
            assert set(endpoint.pools) <= names.pools.keys()
        for tenant in (names.tenants or {}).values():
            assert {tenant.parent} - {None} <= (names.tenants or {}).keys()
            assert tenant.sla is None or names.sla(tenant.name) is names.slas[tenant.sla]
        for pool in names.pools.values():
            payers = {pool.platform_account, *(each.tenant for each in pool.reservations)}
            assert names.tenants is None or payers - {PLATFORM} <= names.tenants.keys()
            assert len({each.tenant for each in pool.reservations}) == len(pool.reservations)
        for rule in names.owners:
            assert rule.endpoint is None or rule.endpoint.text in names.endpoints
            payer = rule.tenant and rule.tenant.text
            assert payer is None or names.tenants is None or payer in names.tenants


@given(catalog=catalogs)
def test_nobody_is_above_itself(catalog: Catalog) -> None:
    for names in everywhere(catalog):
        for tenant in names.tenants or {}:
            above = names.ancestors(tenant)
            assert tenant not in above
            levels = [(names.tenants or {})[name].level for name in (tenant, *above)]
            if None not in levels:
                ranks = [LEVELS.index(level or "") for level in levels]
                assert ranks == sorted(set(ranks), reverse=True)


@given(catalog=catalogs)
def test_a_shared_cost_never_comes_back(catalog: Catalog) -> None:
    for names in everywhere(catalog):
        gets = {cost.tenant or "": takers(names, cost) for cost in names.shared}
        for tenant, first in gets.items():
            reached: set[str] = set()
            front = {*first}
            while front - reached:
                reached |= front
                front = {name for each in front for name in gets.get(each, ())}
            assert tenant not in reached


def takers(names: NamesInForce, cost: SharedCost) -> set[str]:
    """Return who gets a part of a tenant's cost."""
    if cost.among:
        return {*cost.among}
    if cost.level:
        return {*names.of_level(cost.level)} - {cost.tenant or ""}
    return {*names.children(cost.tenant or "")}


@given(document=documents)
def test_a_catalog_read_again_is_the_same(document: dict[str, Any]) -> None:
    said = mended(document)
    catalog, again = load_catalog(json.dumps(said)), load_catalog(json.dumps(said, indent=2))
    assert again.version == catalog.version
    assert again.entries == catalog.entries
    assert catalog_difference(catalog, again) == []


@given(one=catalogs, other=catalogs)
def test_two_versions_differ_in_what_they_say(one: Catalog, other: Catalog) -> None:
    assert (catalog_difference(one, other) == []) == (plain(one) == plain(other))


def plain(catalog: Catalog) -> list[object]:
    """Return what a catalog says, sorted where order means nothing: not where the first counts."""
    said = catalog.entries
    listed = (said.slas, said.tenants, said.pools, said.endpoints, said.shared, said.sources)
    tried = (said.pools, said.owners, said.job_caps, said.routes, said.alerts)
    return [
        *([*dict.fromkeys(each.name for each in section)] for section in tried),
        sorted(map(repr, said.owners)),
        sorted(map(repr, said.job_caps)),
        sorted(map(repr, said.routes)),
        sorted(map(repr, said.drivers)),
        sorted(map(repr, said.alerts)),
        sorted(map(repr, said.budgets)),
        *(None if each is None else sorted(map(repr, each)) for each in listed),
    ]
