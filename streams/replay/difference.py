"""Where the lines in force of a window are not what its archive makes. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from streams.core.lines import NO_MONEY, Dimensions, Figures, WindowPool

NOTHING = Figures()


@dataclass(frozen=True, slots=True)
class Difference:
    """One window that is off: by how much money, how many events, and on how many lines.

    `residual_pico` is what the lines in force say less what the archive makes; positive: too much.
    """

    where: WindowPool
    residual_pico: int
    uncounted_events: int
    lines_off: int


def difference(
    where: WindowPool,
    drawn: Mapping[Dimensions, Figures],
    should: Mapping[Dimensions, Figures],
) -> Difference | None:
    """Compare a window's lines with what they should be; None when they are that.

    A line that is not there says zero.
    """
    off = [
        (drawn.get(what, NOTHING), should.get(what, NOTHING))
        for what in {**drawn, **should}
        if drawn.get(what, NOTHING) != should.get(what, NOTHING)
    ]
    if not off:
        return None
    return Difference(
        where,
        sum((is_now.cost or 0) - (ought.cost or 0) for is_now, ought in off),
        sum(ought.events - is_now.events for is_now, ought in off),
        len(off),
    )


class Pricing(Enum):
    """What another price book makes of a window with unpriced usage."""

    NOTHING = "none of that usage gets a price"
    ALONE = "it gets one, and nothing else changes"
    WITH_MORE = "it gets one, and something else changes, too"


def pricing(drawn: Mapping[Dimensions, Figures], should: Mapping[Dimensions, Figures]) -> Pricing:
    """Compare a window's lines with those under another book.

    Lines that have a price are to stay as they are, but for those that say zero. So where one
    thing is on a priced line and on an unpriced one, which would become one line, more changes.
    """
    if unpriced(drawn) == unpriced(should):
        return Pricing.NOTHING
    kept = {what: each for what, each in drawn.items() if each.money and has_any(each)}
    is_kept = all(should.get(what) == figures for what, figures in kept.items())
    is_alone = is_kept and totals(drawn) == totals(should)
    return Pricing.ALONE if is_alone else Pricing.WITH_MORE


def has_any(figures: Figures) -> bool:
    """Whether a line says more than how many events there were."""
    return figures.quantity != 0 or figures.money not in {None, NO_MONEY}


def totals(lines: Mapping[Dimensions, Figures]) -> tuple[Counter[str], int]:
    """Return the quantities by unit, and the events."""
    quantities: Counter[str] = Counter()
    for what, figures in lines.items():
        quantities[what.unit] += figures.quantity
    return +quantities, sum(figures.events for figures in lines.values())


def unpriced(lines: Mapping[Dimensions, Figures]) -> dict[Dimensions, Figures]:
    """Return the lines without a price."""
    return {what: figures for what, figures in lines.items() if figures.money is None}
