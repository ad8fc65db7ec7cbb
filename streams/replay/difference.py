"""Where the lines in force of a window are not what its archive makes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.core.lines import Dimensions, Figures, WindowPool

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
