"""What a replay changes: sums by tenant, model and reason, which add up to new less old. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from streams.core.lines import Dimensions, Figures, Lines

Reason = Literal["late", "tag", "price", "priced", "unpriced"]
UNPRICED = "unpriced"

MEANING: Mapping[Reason, str] = {
    "late": "the archive has batches the lines had not",
    "tag": "another catalog: other tenants, pools or endpoints",
    "price": "other prices, or the sharing of idle capacity that follows from them",
    "priced": "had no price and has one now",
    "unpriced": "had a price and has none now",
}


Sum: TypeAlias = list[int]  # as Money: what it costs, costs by the list, and is billed


class Key(NamedTuple):
    """What changes are summed by."""

    tenant: str
    model: str | None
    reason: Reason


@dataclass(slots=True)
class Change:
    """Sums over the lines that changed, in pico, and how many of them there are."""

    lines: int = 0
    old: Sum = field(default_factory=lambda: [0, 0, 0])
    new: Sum = field(default_factory=lambda: [0, 0, 0])

    def add(self, lines: int, old: Iterable[int], new: Iterable[int]) -> None:
        """Add changes."""
        self.lines += lines
        for into, amounts in ((self.old, old), (self.new, new)):
            for at, amount in enumerate(amounts):
                into[at] += amount


Changes: TypeAlias = dict[Key, Change]


def compare(changes: Changes, before: Lines, after: Lines, reason: Reason) -> None:
    """Add how lines differ. A line that is not there is zero."""
    for what, old, new in differing(before, after):
        key = Key(what.tenant, what.model, why(reason, what, before, after))
        change = changes.get(key)
        if change is None:
            change = changes[key] = Change()
        change.add(1, old.money or (), new.money or ())


def differing(before: Lines, after: Lines) -> Iterator[tuple[Dimensions, Figures, Figures]]:
    """Yield the lines that are not the same, before and after."""
    nothing = Figures()
    for what, new in after.items():
        old = before.get(what, nothing)
        if (old.quantity, old.money, old.events) != (new.quantity, new.money, new.events):
            yield what, old, new
    for what, old in before.items():
        if what not in after and old != nothing:
            yield what, old, nothing


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
