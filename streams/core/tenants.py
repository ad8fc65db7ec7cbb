"""Tenants as a catalog has them: each may have a parent, a level of the hierarchy, and a tier."""

from dataclasses import dataclass
from fractions import Fraction

from streams.core.timeline import FOREVER

FIRST = 1  # precedence of a source of which nothing else is said
LEVELS = ("corporate", "business_unit", "product_line", "feature")  # the highest first


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who pays. Null parent: the top of a tree; null sla: its nearest ancestor's."""

    name: str
    parent: str | None = None
    level: str | None = None
    sla: str | None = None
    from_us: int = 0
    to_us: int = FOREVER


@dataclass(frozen=True, slots=True)
class Sla:
    """A tier of service: what the charge is multiplied by, never the cost."""

    name: str
    multiplier: Fraction
    from_us: int = 0
    to_us: int = FOREVER


@dataclass(frozen=True, slots=True)
class Source:
    """Producers, by globs of their names, that may name these tenants, by globs of theirs.

    `precedence`: which observer of a call counts, the least first; see `streams.core.observers`.
    """

    sources: tuple[str, ...]
    tenants: tuple[str, ...]
    from_us: int = 0
    to_us: int = FOREVER
    precedence: int = FIRST
