"""One step of how a line came to be, and the sum that steps are held to. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from streams.core.lines import Money

Amount: TypeAlias = Literal["cost", "list", "billed"]
AMOUNTS: Final[tuple[Amount, ...]] = ("cost", "list", "billed")


@dataclass(frozen=True, slots=True)
class Step:
    """What was done, in plain words, and its arithmetic; empty where nothing is computed.

    `pico`: what it adds to an amount of the line; `adds` None: nothing by itself. `notes`: more
    words. A line whose list or billed amount has no steps lists or bills what it costs.
    """

    what: str
    arithmetic: str = ""
    adds: Amount | None = None
    pico: int = 0
    notes: tuple[str, ...] = ()


def added(steps: Iterable[Step], amount: Amount) -> int | None:
    """Return what steps add to an amount, in pico; None where none does."""
    parts = [step.pico for step in steps if step.adds == amount]
    return sum(parts) if parts else None


def total(steps: Iterable[Step]) -> Money:
    """Return what steps make of a line."""
    steps = list(steps)
    cost = added(steps, "cost") or 0
    listed, billed = added(steps, "list"), added(steps, "billed")
    return Money(cost, cost if listed is None else listed, cost if billed is None else billed)
