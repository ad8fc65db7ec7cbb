"""What every bench is given, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import TypeAlias

Number: TypeAlias = int | float


@dataclass(frozen=True, slots=True)
class Options:
    """How long each measured run lasts about, how often it is repeated, and the seed."""

    seconds: float
    rounds: int
    seed: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One result: a line for people, the numbers behind it, and what they do not show."""

    name: str
    line: str
    numbers: dict[str, Number]
    not_shown: str
    runs: list[dict[str, Number]] = field(default_factory=list)


Bench: TypeAlias = Callable[[Options], list[Figure]]


def medians(runs: list[dict[str, Number]]) -> dict[str, Number]:
    """Return the median of each number over runs that all have it.

    >>> medians([{"a": 1, "b": 5}, {"a": 3, "b": 5}, {"a": 9, "b": 6}])
    {'a': 3, 'b': 5}
    """
    return {name: median(run[name] for run in runs) for name in runs[0]}
