"""SQL over the documented views that shows what an alert is about, by the minute."""

from typing import Final

from streams.core.series.cells import DERIVED
from streams.core.series.keys import SeriesKey, Subject
from streams.core.windows import HOUR_US

BEFORE_US: Final = 2 * HOUR_US  # of what was usual is shown, too
IDLE: Final = "kind IN ('held_idle', 'idle_share')"
SHOWN: Final[dict[Subject, tuple[str, ...]]] = {
    "price": ("tenant", "meter"),
    "tenant": ("model", "project", "pool"),
    "model": ("project", "pool"),
    "unit": ("project", "meter"),
    "idle": ("tenant", "kind"),
}


def query_of(key: SeriesKey, since_us: int, until_us: int) -> str:
    """Return the query of an alert."""
    shown = ", ".join(SHOWN[key.subject])
    quantity = "sum(quantity) AS quantity, " if key.subject in {"price", "unit"} else ""
    conditions = [
        *conditions_of(key),
        f"window_start >= fromUnixTimestamp64Micro({since_us - BEFORE_US}, 'UTC')",
        f"window_start < fromUnixTimestamp64Micro({until_us}, 'UTC')",
    ]
    return (  # names go through `literal`, all else is ours
        f"SELECT toStartOfMinute(window_start) AS minute, {shown}, "  # noqa: S608
        f"{quantity}sum(cost) AS total, currency "
        f"FROM cost_current WHERE {' AND '.join(conditions)} "
        f"GROUP BY minute, {shown}, currency ORDER BY minute, total DESC"
    )


def conditions_of(key: SeriesKey) -> list[str]:
    """Return which lines a series is made of."""
    found = [
        f"{name} = {literal(value)}"
        for name, value in (("tenant", key.tenant), ("model", key.model), ("pool", key.pool))
        if value
    ]
    if key.subject == "idle":
        found.append(IDLE)
    if key.is_price:
        found.append("(startsWith(meter, 'tokens.') OR startsWith(meter, 'call.'))")
    if key.subject == "unit":
        found.append("startsWith(meter, 'tokens.')")
    return [
        *found,
        f"NOT startsWith(pool, {literal(DERIVED)})",
        f"currency = {literal(key.currency)}",
    ]


def literal(text: str) -> str:
    r"""Return a text as SQL has it.

    >>> literal("it's")
    "'it\\'s'"
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
