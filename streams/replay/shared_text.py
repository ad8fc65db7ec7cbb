"""What shared costs are handed on, for people and as JSON: exact to the last pico."""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta

from streams.core.lines import Dimensions, Figures
from streams.core.monthly import EPOCH
from streams.core.windows import HOUR_US
from streams.replay.sharing import SharedHour
from streams.replay.show import exact

COLUMNS = ("hour", "shared", "from", "tenant", "cost", "billed")  # as in `row`


def to_json(hours: Iterable[SharedHour], closed_us: int, *, published: bool) -> str:
    """Return everything as one JSON object; money as exact decimal strings."""
    found = [
        {
            "hour": instant(hour.start_us),
            "generation": hour.generation,
            "new": bool(hour.records),
            "open_lines": hour.open_lines,
            "closed": hour.start_us + HOUR_US <= closed_us,
            "lines": [dict(zip(COLUMNS[1:], each[1:], strict=True)) for each in rows(hour)],
        }
        for hour in hours
    ]
    return json.dumps({"published": published, "hours": found})


def to_text(hours: Iterable[SharedHour], closed_us: int, *, published: bool) -> str:
    """Return a table for people."""
    hours = list(hours)
    cells = [COLUMNS, *(row for hour in hours for row in rows(hour))]
    if len(cells) == 1:
        return "nothing is shared"
    widths = [max(len(cell[at]) for cell in cells) for at in range(len(COLUMNS))]
    table = ["  ".join(map(str.ljust, each, widths)).rstrip() for each in cells]
    open_ = sum(not hour.is_settled or hour.start_us + HOUR_US > closed_us for hour in hours)
    state = "published" if published else "not published; --publish does that"
    return "\n".join([*table, f"{len(hours)} hours, {open_} of them not closed yet, {state}"])


def rows(hour: SharedHour) -> Iterator[tuple[str, ...]]:
    """Yield the lines of an hour as text; what is taken back is negative."""
    for what, figures in sorted(hour.lines.items(), key=by_cost):
        money = figures.money
        if money is not None:
            yield (
                instant(hour.start_us),
                what.model or "",
                what.job or "",
                what.tenant,
                exact(money.cost),
                exact(money.billed),
            )


def by_cost(line: tuple[Dimensions, Figures]) -> tuple[str, int, str]:
    """Order lines: each cost together, who gives before who takes."""
    what, figures = line
    return what.model or "", figures.cost or 0, what.tenant


def instant(at_us: int) -> str:
    """Return an instant as ISO 8601."""
    return (EPOCH + timedelta(microseconds=at_us)).strftime("%Y-%m-%dT%H:%MZ")
