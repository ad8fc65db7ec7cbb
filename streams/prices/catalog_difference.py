"""What differs between two catalogs: names that come, go, or mean something else. Pure."""

from collections.abc import Iterable, Mapping

from streams.core.catalog import Catalog
from streams.core.pools import Endpoint, Pool


def catalog_difference(old: Catalog, new: Catalog) -> list[str]:
    """Return a line for each name that changes; none: both say the same."""
    return [
        *_tenants(names(old), names(new)),
        *_named("pool", by_name(old.entries.pools), by_name(new.entries.pools)),
        *_named("endpoint", by_name(old.entries.endpoints), by_name(new.entries.endpoints)),
    ]


def _tenants(old: frozenset[str] | None, new: frozenset[str] | None) -> list[str]:
    if old is None or new is None:
        said = ["any name" if names is None else f"{len(names):,} names" for names in (old, new)]
        return [] if old == new else [f"~ tenants: {said[0]} -> {said[1]}"]
    gone, come = sorted(old - new), sorted(new - old)
    return [*(f"- tenant {name}" for name in gone), *(f"+ tenant {name}" for name in come)]


def _named(what: str, old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    lines = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            lines.append(f"- {what} {name}")
        elif name not in old:
            lines.append(f"+ {what} {name}: {new[name]}")
        elif old[name] != new[name]:
            lines.append(f"~ {what} {name}: {old[name]} -> {new[name]}")
    return lines


def names(catalog: Catalog) -> frozenset[str] | None:
    """Return the names of all tenants there ever are; None: any name."""
    tenants = catalog.entries.tenants
    return None if tenants is None else frozenset(each.name for each in tenants)


def by_name(entries: Iterable[Pool] | Iterable[Endpoint]) -> dict[str, Pool | Endpoint]:
    """Return entries by name."""
    return {each.name: each for each in entries}
