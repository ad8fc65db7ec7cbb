"""Which source may speak of which tenants: the section `sources` of the catalog, and no more of it.

`apportion catalog check` names a catalog's faults; an entry that is not understood here grants
nothing. Without the section any source may speak of any tenant, and of nobody anyone may.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from functools import lru_cache

from agents.catalog_text import sections
from agents.errors import CatalogUnreadable

SECTION = "sources"
FOREVER_US = 2**63 - 1
SECOND_US = 1_000_000
NAMES_KEPT = 100_000  # whose answer is at hand


@dataclass(frozen=True, slots=True)
class Grant:
    """Sources, by globs, that may name these tenants, by globs, for a while."""

    sources: tuple[str, ...]
    tenants: tuple[str, ...]
    from_us: int
    to_us: int

    def holds(self, source: str, tenant: str) -> bool:
        """Tell whether it is about a source and a tenant."""
        return fits(source, self.sources) and fits(tenant, self.tenants)


class Grants:
    """What one catalog grants. None: it limits nobody."""

    def __init__(self, grants: tuple[Grant, ...] | None) -> None:
        self._grants = grants
        self._about = lru_cache(NAMES_KEPT)(self._find)

    def may_speak(self, source: str, tenant: str | None, at_us: int) -> bool:
        """Tell whether a source may say what a tenant used at an instant."""
        if self._grants is None or tenant is None:
            return True
        return any(each.from_us <= at_us < each.to_us for each in self._about(source, tenant))

    def _find(self, source: str, tenant: str) -> tuple[Grant, ...]:
        return tuple(each for each in self._grants or () if each.holds(source, tenant))


def grants_in(text: str, source: str, _version: str) -> Grants:
    """Return what a catalog grants. Raises CatalogUnreadable for what is no catalog."""
    section = sections(text, source).get(SECTION)
    if section is None or section == []:
        return Grants(None)
    if not isinstance(section, list):
        kind = type(section).__name__
        raise CatalogUnreadable(source, f"expected {SECTION} as a list, got a {kind}")
    return Grants(tuple(understood(section)))


def understood(section: list[object]) -> Iterator[Grant]:
    """Yield the entries that are understood."""
    for said in section:
        if not isinstance(said, Mapping) or set(said) - FIELDS:
            continue
        sources, tenants = names(said.get("sources")), names(said.get("tenants"))
        since, until = (
            instant(said.get("effective_from"), 0),
            instant(said.get("effective_to"), FOREVER_US),
        )
        if sources and tenants and since is not None and until is not None:
            yield Grant(sources, tenants, since, until)


# All that an entry may say; `precedence` is about whose word counts, not about who may speak.
FIELDS = {"sources", "tenants", "effective_from", "effective_to", "precedence"}


def names(said: object) -> tuple[str, ...]:
    """Return globs; none where one is no text."""
    is_names = isinstance(said, list) and all(isinstance(each, str) for each in said)
    return tuple(said) if is_names and isinstance(said, list) else ()


def instant(said: object, without: int) -> int | None:
    """Return an instant in UTC microseconds; None where it is not understood."""
    if said is None:
        return without
    try:
        at = datetime.fromisoformat(said) if isinstance(said, str) else said
    except ValueError:
        return None
    if isinstance(at, date) and not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day, tzinfo=UTC)
    if not isinstance(at, datetime):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return int(at.timestamp()) * SECOND_US + at.microsecond


def fits(name: str, globs: tuple[str, ...]) -> bool:
    """Tell whether one of the globs fits a name."""
    return any(fnmatchcase(name, glob) for glob in globs)
