"""Lines that hand shared costs on, and their steps: what was handed on, and by what it was split.

They follow from the lines in force of their hour, not from usage.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from streams.core.catalog import Catalog
from streams.core.lines import NO_MONEY, Dimensions, Figures, Lines, Money, WindowPool
from streams.core.money import split
from streams.core.sharing import GIVEN, Amounts, Balance, Source, share_out
from streams.core.spent import Spent
from streams.explain.amounts import money
from streams.explain.step import AMOUNTS, Amount, Step, total
from streams.replay.ask import Asker

BY = {
    "even": "the same for each",
    "fixed": "as the catalog says",
    "proportional": "by what each costs",
    "drivers": "by what each used",
}


class Move(NamedTuple):
    """A cost that was handed on: what each had of it, and the weights of who takes it."""

    source: Source
    given: Amounts
    weights: Mapping[str, int]


@dataclass(slots=True)
class RecordedBalance(Balance):
    """A balance that remembers what was moved."""

    moves: list[Move] = field(default_factory=list)

    def move(self, source: Source, given: Amounts, weights: Mapping[str, int]) -> None:
        """Move amounts, and remember it."""
        self.moves.append(Move(source, dict(given), dict(weights)))
        Balance.move(self, source, given, weights)


@dataclass(frozen=True, slots=True)
class Shared:
    """What an hour hands on, and each move of it."""

    lines: Lines
    moves: list[Move]


def shared_of(asker: Asker, catalog: Catalog, where: WindowPool, currency: str) -> Shared:
    """Return what an hour hands on, under the catalog of its lines. Blocks."""
    found = Shared({}, [])
    edges = [where.start_us, *catalog.edges(where.start_us, where.end_us), where.end_us]
    for since_us, until_us in pairwise(edges):
        rows = asker.rows("spent", {"since": since_us, "until": until_us})
        balance = RecordedBalance(currency)
        share_out((Spent(*row[:-2]) for row in rows), catalog.at(since_us), currency, balance)
        found.moves.extend(balance.moves)
        for what, figures in balance.lines.items():
            found.lines.setdefault(what, Figures()).add(0, figures.money or NO_MONEY)
    return found


def shared_steps(shared: Shared, what: Dimensions) -> list[Step]:
    """Return the steps of a line. Raises where they miss it: a bug here."""
    wanted = shared.lines[what].money or NO_MONEY
    amounts = dict(zip(AMOUNTS, wanted, strict=True))
    names = [name for name in AMOUNTS if name == "cost" or amounts[name] != wanted.cost]
    mine = [
        m for m in shared.moves if (m.source.cost.name, m.source.words) == (what.model, what.job)
    ]
    steps = [step for name in names for move in mine for step in _steps(move, what, name)]
    if total(steps) != wanted:
        raise AssertionError(f"expected steps to make {wanted} of {what}, explained {total(steps)}")
    return steps


def _steps(move: Move, what: Dimensions, name: Amount) -> Iterator[Step]:
    whole = sum(_amount(each, name) for each in move.given.values())
    if what.meter == GIVEN:
        if what.tenant in move.given:
            pico = _amount(move.given[what.tenant], name)
            words = f"{name}: what it has of {move.source.words}, handed on to others"
            yield Step(words, f"0 - {money(pico)} = {money(-pico)}", name, -pico)
        return
    takers = sorted(move.weights)
    if what.tenant not in takers:
        return
    weights = [move.weights[taker] for taker in takers]
    part = split(whole, weights)[takers.index(what.tenant)]
    ratio = Fraction(move.weights[what.tenant], sum(weights))
    said = f"{money(whole)} x {ratio.numerator} / {ratio.denominator} = {money(part)}"
    if whole * ratio != part:
        said += ", rounded so that the shares sum to the whole"
    count = sum(1 for weight in weights if weight)
    by = f"{BY[move.source.cost.key]}, of {count} takers"
    yield Step(f"{name}: its share of {move.source.words}, {by}", said, name, part)


def _amount(of: Money, name: Amount) -> int:
    return {"cost": of.cost, "list": of.listed, "billed": of.billed}[name]
