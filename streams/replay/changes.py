"""What a replay changes: sums by tenant, model and reason, which add up to new less old. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from streams.core.lines import NO_MONEY, Dimensions, Figures, Lines, Money

Reason = Literal["late", "tag", "price", "priced", "unpriced"]
UNPRICED = "unpriced"

MEANING: Mapping[Reason, str] = {
    "late": "the archive has batches the lines had not",
    "tag": "another catalog: other tenants, pools or endpoints",
    "price": "other prices, or the sharing of idle capacity that follows from them",
    "priced": "had no price and has one now",
    "unpriced": "had a price and has none now",
}


class Key(NamedTuple):
    """What changes are summed by."""

    tenant: str
    model: str | None
    reason: Reason


@dataclass(slots=True)
class Change:
    """Sums over the lines that changed, in pico, and how many of them there are."""

    lines: int = 0
    old: Money = NO_MONEY
    new: Money = NO_MONEY

    def add(self, lines: int, old: Money, new: Money) -> None:
        """Add changes."""
        self.lines += lines
        self.old = plus(self.old, old)
        self.new = plus(self.new, new)


Changes: TypeAlias = dict[Key, Change]


def plus(one: Money, other: Money) -> Money:
    """Return the sum of two amounts, each of its kind."""
    return Money(*(mine + more for mine, more in zip(one, other, strict=True)))


def compare(changes: Changes, before: Lines, after: Lines, reason: Reason) -> None:
    """Add how lines differ. A line that is not there is zero."""
    for what, old, new in differing(before, after):
        key = Key(what.tenant, what.model, why(reason, what, before, after))
        money = (old.money or NO_MONEY, new.money or NO_MONEY)
        changes.setdefault(key, Change()).add(1, *money)


def differing(before: Lines, after: Lines) -> Iterator[tuple[Dimensions, Figures, Figures]]:
    """Yield the lines that are not the same, before and after."""
    nothing = Figures()
    for what in {**before, **after}:
        old, new = before.get(what, nothing), after.get(what, nothing)
        if old != new:
            yield what, old, new


def why(reason: Reason, what: Dimensions, before: Lines, after: Lines) -> Reason:
    """Return the reason of one line: where a price came or went it is that."""
    if reason != "price":
        return reason
    if what.kind == UNPRICED:
        is_gone = what not in after or not after[what].quantity
        return "priced" if is_gone else "unpriced"
    without = what._replace(kind=UNPRICED)
    if without in before and without not in after:
        return "priced"
    if without in after and without not in before:
        return "unpriced"
    return reason
