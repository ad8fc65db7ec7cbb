"""What differs between two catalogs: names that come, go, or mean something else. Pure."""

from collections.abc import Mapping

from streams.core.catalog import Catalog


def catalog_difference(old: Catalog, new: Catalog) -> list[str]:
    """Return a line for each name that changes; none: both say the same."""
    return [
        *_tenants(old.tenants, new.tenants),
        *_named("pool", old.pools, new.pools),
        *_named("endpoint", old.endpoints, new.endpoints),
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
