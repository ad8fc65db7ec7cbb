"""What became of dated entries between two lists of them.

Lossless: the first list, without the old sides and with the new sides of all changes, is the
second. The order of the lists does not matter. Pure.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar, cast

Kind: TypeAlias = Literal["added", "removed", "changed", "dates", "source"]


class Dated(Protocol):
    """What holds in [from_us, to_us) by the word of a source."""

    @property
    def from_us(self) -> int:
        """First instant."""

    @property
    def to_us(self) -> int:
        """First instant it holds for no more."""


T = TypeVar("T", bound=Dated)


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """One entry that is not what it was.

    `beside`: of one that was added or removed, what the other list has at its begin. `follows`: its
    end only makes room for those that were added, or takes that of those that were removed.
    """

    kind: Kind
    old: T | None
    new: T | None
    beside: T | None = None
    follows: bool = False

    @property
    def was(self) -> T | None:
        """What held before, where the change begins."""
        return self.old if self.old is not None else self.beside

    @property
    def becomes(self) -> T | None:
        """What holds from then on."""
        return self.new if self.new is not None else self.beside

    @property
    def entry(self) -> T:
        """Either side: what is changed."""
        return cast("T", self.old if self.new is None else self.new)

    @property
    def from_us(self) -> int:
        """From when on something else holds."""
        sides = [each for each in (self.old, self.new) if each is not None]
        if self.kind == "dates" and sides[0].from_us == sides[1].from_us:
            return min(each.to_us for each in sides)
        return min(each.from_us for each in sides)


@dataclass(frozen=True, slots=True)
class Aspects(Generic[T]):
    """What an entry is for, and what it says: entries for the same thing are compared."""

    place: Callable[[T], Hashable]
    worth: Callable[[T], object]


def dated_changes(old: Iterable[T], new: Iterable[T], aspects: Aspects[T]) -> list[Change[T]]:
    """Return the changes that lead from one list to the other, in no order of meaning."""
    was, becomes = Counter(old), Counter(new)
    by_place: dict[Hashable, tuple[list[T], list[T]]] = {}
    for side, entries in enumerate((was - becomes, becomes - was)):
        for each in entries.elements():
            by_place.setdefault(aspects.place(each), ([], []))[side].append(each)
    around = _around(by_place, was, becomes, aspects)
    return [
        change
        for place, (gone, come) in by_place.items()
        for change in _of_place(
            sorted(gone, key=repr), sorted(come, key=repr), around[place], aspects
        )
    ]


def _around(
    places: Iterable[Hashable], was: Iterable[T], becomes: Iterable[T], aspects: Aspects[T]
) -> dict[Hashable, tuple[list[T], list[T]]]:
    """Return all entries of some places, unchanged ones too."""
    around: dict[Hashable, tuple[list[T], list[T]]] = {place: ([], []) for place in places}
    for side, entries in enumerate((was, becomes)):
        for each in entries:
            if found := around.get(aspects.place(each)):
                found[side].append(each)
    return around


def _of_place(
    gone: list[T], come: list[T], around: tuple[list[T], list[T]], aspects: Aspects[T]
) -> Iterator[Change[T]]:
    pairs = [
        *_paired(gone, come, lambda each: each.from_us),
        *_paired(gone, come, aspects.worth),
    ]
    for one, two in pairs:
        kind = _kind(one, two, aspects)
        yield Change(kind, one, two, follows=kind == "dates" and _makes_room(one, two, gone, come))
    for each in gone:
        yield Change("removed", each, None, _at(around[1], each.from_us))
    for each in come:
        yield Change("added", None, each, _at(around[0], each.from_us))


def _paired(gone: list[T], come: list[T], by: Callable[[T], object]) -> list[tuple[T, T]]:
    """Take out of both lists the entries that agree in something, and return them in pairs."""
    pairs = []
    for one in list(gone):
        two = next((each for each in come if by(each) == by(one)), None)
        if two is not None:
            gone.remove(one)
            come.remove(two)
            pairs.append((one, two))
    return pairs


def _kind(one: T, two: T, aspects: Aspects[T]) -> Kind:
    if aspects.worth(one) != aspects.worth(two):
        return "changed"
    if (one.from_us, one.to_us) != (two.from_us, two.to_us):
        return "dates"
    return "source"


def _makes_room(one: Dated, two: Dated, gone: Sequence[Dated], come: Sequence[Dated]) -> bool:
    """Whether an entry ends elsewhere only because others take that time, or have given it back."""
    if one.from_us != two.from_us:
        return False
    if two.to_us < one.to_us:
        return _filled(two.to_us, one.to_us, come)
    return _filled(one.to_us, two.to_us, gone)


def _filled(from_us: int, to_us: int, entries: Sequence[Dated]) -> bool:
    """Whether entries follow one another from one instant to another."""
    ends = {each.from_us: each.to_us for each in entries}
    at_us = from_us
    while at_us < to_us and at_us in ends:
        at_us = ends[at_us]
    return at_us == to_us


def _at(entries: Sequence[T], at_us: int) -> T | None:
    """Return the entry that holds at an instant."""
    holding = [each for each in entries if each.from_us <= at_us < each.to_us]
    return min(holding, key=repr, default=None)
