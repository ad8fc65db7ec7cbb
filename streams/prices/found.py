"""What an importer finds in a price map: prices, uplifts, and what became of every field."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]  # from a model's entry down to one value; list items by number


@dataclass(frozen=True, slots=True)
class Stretch:
    """Hours of some days, UTC: [begin, end) in minutes of the day, on days 0 (Monday) to 6."""

    days: tuple[int, ...]
    begin_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class Thing:
    """What a price is of. `above_tokens`: of calls whose prompt has more tokens; None: of all."""

    provider: str
    model: str
    region: str | None
    tier: str | None
    above_tokens: int | None
    hours: Stretch | None
    meter: str
    unit: str


@dataclass(frozen=True, slots=True)
class Found:
    """A price of one unit, as the map's key and field say it."""

    thing: Thing
    price: Decimal
    key: str
    path: Path


@dataclass(frozen=True, slots=True)
class Raise:
    """A factor on a model's prices where it is served in a region, a glob."""

    provider: str
    model: str
    region: str
    factor: Decimal
    key: str
    path: Path


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of the map that speaks of money, as it was written."""

    key: str
    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A field that became prices or uplifts."""

    leaf: Leaf
    prices: tuple[Found, ...] = ()
    raises: tuple[Raise, ...] = ()


@dataclass(frozen=True, slots=True)
class Aside:
    """A field that is understood, and is no price of ours: why not."""

    leaf: Leaf
    why: str


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A field that speaks of money, and nobody here knows what it says: why not."""

    leaf: Leaf
    why: str


Fate: TypeAlias = Taken | Aside | NotUnderstood


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole map: the fate of every field, and of those taken what is left to be prices."""

    fates: tuple[Fate, ...]
    prices: tuple[Found, ...] = ()
    raises: tuple[Raise, ...] = ()
    conflicts: tuple["Conflict", ...] = ()
    twice: tuple[str, ...] = field(default=())

    def taken(self) -> Iterator[Taken]:
        """Yield the fields that became prices."""
        return (fate for fate in self.fates if isinstance(fate, Taken))

    def aside(self) -> Iterator[Aside]:
        """Yield the fields that are no prices of ours."""
        return (fate for fate in self.fates if isinstance(fate, Aside))

    def not_understood(self) -> Iterator[NotUnderstood]:
        """Yield the fields that nobody understood."""
        return (fate for fate in self.fates if isinstance(fate, NotUnderstood))


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two keys of the map that price one thing differently: which counts."""

    kept: Found
    dropped: Found
