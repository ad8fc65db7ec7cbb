"""A catalog for people: what is in force at an instant, section by section. Pure."""

from collections.abc import Iterator

from streams.core.catalog import Catalog
from streams.core.names_in_force import NamesInForce
from streams.core.tenants import Tenant
from streams.prices.catalog_words import Entry, name_of, words

INDENT = "  "


def catalog_list(catalog: Catalog, at_us: int) -> Iterator[str]:
    """Yield lines of all that is in force."""
    names = catalog.at(at_us)
    yield from _tenants(names)
    sections: dict[str, tuple[Entry, ...]] = {
        "tiers": tuple(names.slas.values()),
        "pools": tuple(names.pools.values()),
        "endpoints": tuple(names.endpoints.values()),
        "shared costs": names.shared,
        "sources": names.sources or (),
        "owners": names.owners,
        "job caps": names.job_caps,
        "budgets": names.budgets,
        "routes": names.routes,
        "alert rules": names.alerts,
        "drivers": tuple(each for each in catalog.entries.drivers if at_us < each.to_us),
    }
    for title, entries in sections.items():
        if entries:
            yield f"{title}: {len(entries):,}"
            yield from (f"{INDENT}{line}" for line in map(_line, entries))
    if names.sources is None:
        yield "sources: all may speak of all tenants"


def _tenants(names: NamesInForce) -> Iterator[str]:
    """Yield tenants, each below its parent."""
    if names.tenants is None:
        yield "tenants: any name"
        return
    yield f"tenants: {len(names.tenants):,}"
    tops = [each for each in names.tenants.values() if not each.parent]
    yield from _below(names, tops, INDENT)


def _below(names: NamesInForce, tenants: list[Tenant], indent: str) -> Iterator[str]:
    for each in tenants:
        yield indent + _line(each)
        children = [names.tenants[name] for name in names.children(each.name) if names.tenants]
        yield from _below(names, children, indent + INDENT)


def _line(entry: Entry) -> str:
    said = words(entry)
    return f"{name_of(entry)}: {said}" if said else name_of(entry)
