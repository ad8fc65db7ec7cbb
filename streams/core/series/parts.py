"""What a cost is made of, and which part of an extra cost is whose.

What was expected is taken to be in the mix that is usual, so that parts of an extra cost sum to it.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from streams.core.money import split
from streams.core.series.cells import Amounts, Cell, Sums
from streams.core.series.keys import SeriesKey, Subject
from streams.core.series.points import series_with

MEMORY: Final = 60  # stretches: what is usual is so many of them, the old ones forgotten bit by bit
KEPT: Final = 64  # parts that one series remembers
SHOWN: Final = 6  # parts of an extra cost that are told
MAIN_RATIO: Final = 0.5  # of an extra cost: a part with more of it is taken for its cause
ORDER: Final = ("model", "project", "pool", "tenant", "meter")
DIMENSIONS: Final[Mapping[Subject, tuple[str, ...]]] = {  # of prices see `prices`
    "tenant": ("model", "project", "pool"),
    "model": ("project", "pool"),
    "idle": ("tenant",),
    "unit": ("project",),
}


class Part(NamedTuple):
    """A name in one dimension. An empty name: what has none."""

    dimension: str
    name: str


class Contribution(NamedTuple):
    """Extra cost of a part in pico, and its share of all of it."""

    part: Part
    excess: int
    share: float


Parts: TypeAlias = dict[Part, int]  # pico


def parts_of(sums: Sums) -> dict[SeriesKey, Parts]:
    """Return what the cost of each series is made of."""
    found: dict[SeriesKey, Parts] = {}
    for cell, amounts in sums.items():
        for key in series_with(cell, amounts):
            parts = found.setdefault(key, {})
            pico = counted(key.subject, amounts)
            for part in _parts(key.subject, cell):
                parts[part] = parts.get(part, 0) + pico
    return found


def counted(subject: Subject, amounts: Amounts) -> int:
    """Return what of a cell's cost a series is about."""
    if subject == "idle":
        return amounts.idle
    return amounts.token_cost if subject == "unit" else amounts.cost


class Mix:
    """What a series' cost is usually made of: forgetting means, of the greatest parts only."""

    __slots__ = ("_means", "_seen")

    def __init__(self) -> None:
        self._means: dict[Part, float] = {}
        self._seen = 0

    def learn(self, parts: Parts) -> None:
        """Take in what one usual stretch was made of."""
        self._seen += 1
        rate = 1 / min(self._seen, MEMORY)
        for part in self._means.keys() | parts.keys():
            mean = self._means.get(part, 0.0)
            self._means[part] = mean + rate * (parts.get(part, 0) - mean)
        if len(self._means) > KEPT:
            least = sorted(self._means, key=lambda part: (self._means[part], part))
            for part in least[: len(self._means) - KEPT]:
                del self._means[part]

    def contributions(self, parts: Parts, expected: int) -> list[Contribution]:
        """Return who has which part of an extra cost, the greatest first.

        In each dimension they sum to it; what has no name there, or costs less than usual where
        the whole costs more, is left out, and so is what comes after the first few.
        """
        found: list[Contribution] = []
        for dimension in dict.fromkeys(part.dimension for part in parts):
            found += self._along(dimension, parts, expected)
        told = [each for each in found if each.part.name and each.share > 0]
        return sorted(told, key=_greatest_first)[:SHOWN]

    def _along(self, dimension: str, parts: Parts, expected: int) -> Iterator[Contribution]:
        known = self._means.keys() | parts.keys()
        names = sorted(part for part in known if part.dimension == dimension)
        weights = [round(max(0.0, self._means.get(part, 0.0))) for part in names]
        usual = split(max(0, expected), weights) if any(weights) else [0] * len(names)
        extra = [parts.get(part, 0) - mean for part, mean in zip(names, usual, strict=True)]
        total = sum(extra)
        if total:
            yield from (
                Contribution(part, each, each / total)
                for part, each in zip(names, extra, strict=True)
            )


def _greatest_first(each: Contribution) -> tuple[float, int, str]:
    """Order by shares as people see them; of equal ones a model says more than a pool."""
    return -round(each.share, 2), ORDER.index(each.part.dimension), each.part.name


def _parts(subject: Subject, cell: Cell) -> Iterator[Part]:
    for dimension in DIMENSIONS[subject]:
        yield Part(dimension, str(getattr(cell, dimension)))
