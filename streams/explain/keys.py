"""Whose usage is on a line: the keys of the window's sums that it was drawn from. Pure."""

from collections.abc import Iterator

from streams.core.capacity import Capacity, Joined, Metered, Multiple, Opposite, Share
from streams.core.gpu import ACTIVE, HELD_IDLE
from streams.core.held import held_line
from streams.core.lines import Dimensions
from streams.core.metered_lines import WORK
from streams.core.sums import Key
from streams.core.time_lines import BORROWED, TIME_KINDS
from streams.explain.made import Made


def keys_of(made: Made, what: Dimensions) -> set[Key]:
    """Return the keys of a line's own usage; none where it is a part of others' time."""
    own = {each.key for each in made.meters.get(what, ())}
    if what.kind not in {*TIME_KINDS, BORROWED}:
        return own
    held = {key for part in made.lines[what].came for key in metered_in(part) if key.tenant}
    return own | held | callers(made, what)


def metered_in(part: Capacity) -> Iterator[Key]:
    """Yield the keys that a part came from."""
    match part.origin:
        case Metered(key, _):
            yield key
        case Joined(parts):
            for each in parts:
                yield from metered_in(each)
        case Share(whole=whole) | Multiple(whole, _) | Opposite(whole):
            yield from metered_in(whole)


def callers(made: Made, what: Dimensions) -> set[Key]:
    """Return the keys of calls of an endpoint whose time is on a line."""
    lines = {what, *(what._replace(kind=kind) for kind in TIME_KINDS)}
    return {
        key
        for key, entry in made.entries
        for meter in entry.meters
        if meter.name == WORK
        and not lines.isdisjoint({held_line(key, ACTIVE), held_line(key, HELD_IDLE)})
    }
