"""The windows of a stretch as their lines in force say they are."""

from dataclasses import dataclass, field

from streams.core.lines import Dimensions, Figures, Lines, Money, WindowPool
from streams.replay.ask import Asker, Params, Row
from streams.replay.span import Span


@dataclass(slots=True)
class DrawnWindow:
    """The lines in force of one (window, pool), and the terms they were drawn under."""

    where: WindowPool
    price_book: str
    catalog: str
    generation: int = 0
    revision: int = 0
    is_open: bool = False
    newest_generation: int = 0  # of lines that are there, though perhaps not all of them
    lines: Lines = field(default_factory=dict)


def drawn_windows(asker: Asker, span: Span, pool: str = "") -> dict[WindowPool, DrawnWindow]:
    """Return the windows that begin in a span and have lines. `pool` empty: of all pools."""
    params: Params = {
        "since": span.since_us,
        "until": span.until_us,
        "window": span.window_us,
        "pool": pool,
    }
    found: dict[WindowPool, DrawnWindow] = {}
    for row in asker.rows("replay_lines", params):
        where = WindowPool(*row[:3])
        window = found.get(where)
        if window is None:
            window = found[where] = DrawnWindow(where, *row[3:7])
        window.is_open = window.is_open or bool(row[7])
        window.lines[Dimensions(*row[8:19])] = figures(row)
    for start_us, name, generation in asker.rows("newest_generations", params):
        window = found.get(WindowPool(start_us, start_us + span.window_us, name))
        if window:
            window.newest_generation = generation
    return found


def figures(row: Row) -> Figures:
    """Return the figures of a line. Those drawn by 0.1 list and bill what they cost."""
    quantity, cost, listed, billed, events = row[19:]
    if cost is None:
        return Figures(quantity, None, events)
    money = Money(cost, cost if listed is None else listed, cost if billed is None else billed)
    return Figures(quantity, money, events)
