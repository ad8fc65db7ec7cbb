"""One fault of a document: where it is, and what was expected there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

Loc: TypeAlias = tuple[str | int, ...]  # ("prices", 0, "price"), as pydantic writes it
Mark: TypeAlias = tuple[int, int]  # line and column, both from 1 on

SAID_OF_A_PART = 60  # a key may be as long as the document
OF_A_KEY = "[key]"  # at the end of a place: its key is meant, not its value


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault. `other`: the place it is in conflict with. `mark`: where it is in the text."""

    loc: Loc
    text: str
    other: Loc | None = None
    mark: Mark | None = None

    def at(self, mark: Mark) -> "Fault":
        """Return the fault with its place in the text."""
        return replace(self, mark=mark)

    def moved(self, kept: Mapping[str, Sequence[int]]) -> "Fault":
        """Return the fault of a document that had more items: `kept` are those it still has."""
        other = None if self.other is None else moved(self.other, kept)
        return replace(self, loc=moved(self.loc, kept), other=other)

    def said(self, other: Mark | None = None) -> str:
        """Return it as a line for people: place in the text, path, what is wrong.

        >>> Fault(("prices", 0, "per"), "expected a number greater than 0, got 0").at((3, 7)).said()
        'line 3, column 7, prices.0.per: expected a number greater than 0, got 0'
        """
        place = f"line {self.mark[0]}, column {self.mark[1]}" if self.mark else ""
        where = ", ".join(filter(None, (place, path(self.loc))))
        beside = f"; the other is at line {other[0]}, column {other[1]}" if other else ""
        return f"{where}: {self.text}{beside}" if where else f"{self.text}{beside}"


def path(loc: Loc) -> str:
    """Return a place as people write it.

    >>> path(("prices", 0, "pirce", OF_A_KEY))
    'prices.0.pirce'
    """
    parts = loc[:-1] if loc[-1:] == (OF_A_KEY,) else loc
    return ".".join(str(part)[:SAID_OF_A_PART] for part in parts)


def moved(loc: Loc, kept: Mapping[str, Sequence[int]]) -> Loc:
    """Return a place in the document that had more items.

    >>> moved(("prices", 1, "price"), {"prices": [0, 7]})
    ('prices', 7, 'price')
    """
    match loc:
        case (str() as name, int() as index, *rest) if name in kept:
            return (name, kept[name][index], *rest)
    return loc
