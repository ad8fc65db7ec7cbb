"""What differs between two catalogs: entries that come, go, or say something else. Pure."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final, TypeAlias

from streams.core.catalog import Catalog
from streams.prices.catalog_words import Entry, name_of, words

Named: TypeAlias = dict[str, list[Entry]]

SECTIONS: Final = {
    "slas": "tier",
    "tenants": "tenant",
    "pools": "pool",
    "endpoints": "endpoint",
    "shared": "shared cost",
    "sources": "source",
    "owners": "owner rule",
    "job_caps": "job cap",
    "budgets": "budget",
    "routes": "route",
    "alerts": "alert rule",
    "drivers": "driver",
}
ANY_NAME: Final = "any name"


def catalog_difference(old: Catalog, new: Catalog) -> list[str]:
    """Return a line for each entry that changes; none: both say the same."""
    lines = [*_levels(old, new), *_tenants_listed(old, new), *_sources_limited(old, new)]
    listed = {each.entries.tenants is None for each in (old, new)}
    for section, what in SECTIONS.items():
        if section != "tenants" or len(listed) == 1:
            lines += _of_section(what, by_name(old, section), by_name(new, section))
    ordered = ("pools", "owners", "job_caps", "routes", "alerts")
    return [*lines, *(line for each in ordered for line in _order(each, old, new))]


def by_name(catalog: Catalog, section: str) -> Named:
    """Return the entries of a section by name, in the order of the document."""
    found: Named = {}
    entries: Iterable[Entry] = getattr(catalog.entries, section) or ()
    for each in entries:
        found.setdefault(name_of(each), []).append(each)
    return found


def _levels(old: Catalog, new: Catalog) -> Iterator[str]:
    before, after = (" > ".join(each.entries.levels) for each in (old, new))
    if before != after:
        yield f"~ levels: {before} -> {after}"


def _tenants_listed(old: Catalog, new: Catalog) -> Iterator[str]:
    before, after = (
        ANY_NAME if names is None else f"{len({each.name for each in names}):,} names"
        for names in (old.entries.tenants, new.entries.tenants)
    )
    if before != after and ANY_NAME in (before, after):
        yield f"~ tenants: {before} -> {after}"


def _sources_limited(old: Catalog, new: Catalog) -> Iterator[str]:
    before, after = (
        "speak of some tenants" if each.limits_sources else "speak of all tenants"
        for each in (old, new)
    )
    if before != after:
        yield f"~ sources: {before} -> {after}"


def _of_section(what: str, old: Named, new: Named) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        yield from _of_name(f"{what} {name}", old.get(name, []), new.get(name, []))


def _of_name(what: str, old: list[Entry], new: list[Entry]) -> Iterator[str]:
    """Pair the entries of a name that changed, in order."""
    gone = [each for each in old if each not in new]
    come = [each for each in new if each not in old]
    for before, after in zip_longest(gone, come):
        if before is None:
            yield _line("+", what, words(after))
        elif after is None:
            yield _line("-", what, words(before) if len(old) > 1 else "")
        else:
            yield f"~ {what}: {words(before) or 'nothing'} -> {words(after) or 'nothing'}"


def _line(sign: str, what: str, said: str) -> str:
    return f"{sign} {what}: {said}" if said else f"{sign} {what}"


def _order(section: str, old: Catalog, new: Catalog) -> Iterator[str]:
    """Say that the same entries stand in another order, of which the first that fits counts."""
    both = by_name(old, section).keys() & by_name(new, section).keys()
    before, after = (
        [name for name in by_name(each, section) if name in both] for each in (old, new)
    )
    if before != after:
        yield f"~ order of {section.replace('_', ' ')}: {', '.join(before)} -> {', '.join(after)}"
