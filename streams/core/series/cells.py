"""What a cost line says that series are made of: the least that is kept of it."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

from schemas.decimals import from_bytes
from schemas.records import CostLine
from streams.core.idle import IDLE_SHARE
from streams.core.time_lines import HELD

DERIVED: Final = "charge:"  # pools whose lines settle a month: no cost of their window
TOKENS: Final = "tokens."  # of meters
IDLE_KINDS: Final = frozenset({IDLE_SHARE, HELD})


class Cell(NamedTuple):
    """Dimensions that costs are looked at in. Empty: none."""

    tenant: str
    model: str
    project: str
    pool: str
    currency: str


class Amounts(NamedTuple):
    """Sums of lines: pico, of it for time that nobody worked in, and for tokens; 1e-12 tokens."""

    cost: int = 0
    idle: int = 0
    token_cost: int = 0
    tokens: int = 0

    def plus(self, other: "Amounts") -> "Amounts":
        """Return both together."""
        return Amounts(
            self.cost + other.cost,
            self.idle + other.idle,
            self.token_cost + other.token_cost,
            self.tokens + other.tokens,
        )


NONE: Final = Amounts()
Sums: TypeAlias = Mapping[Cell, Amounts]


def cell_of(line: CostLine) -> Cell | None:
    """Return where a line counts; None where it is no cost of its window."""
    if line["pool"].startswith(DERIVED):
        return None
    project, model = line["project"] or "", line["model"] or ""
    return Cell(line["tenant"], model, project, line["pool"], line["currency"])


def amounts_of(line: CostLine) -> Amounts:
    """Return what a line adds. What has no price adds nothing, its tokens neither."""
    if line["cost"] is None:
        return NONE
    cost = from_bytes(line["cost"])
    if line["meter"].startswith(TOKENS):
        return Amounts(cost, 0, cost, from_bytes(line["quantity"]))
    return Amounts(cost, cost if line["kind"] in IDLE_KINDS else 0)


def summed(each: Iterable[tuple[Cell, Amounts]]) -> dict[Cell, Amounts]:
    """Return amounts by cell."""
    found: dict[Cell, Amounts] = {}
    for cell, amounts in each:
        before = found.get(cell)
        found[cell] = amounts if before is None else before.plus(amounts)
    return found
