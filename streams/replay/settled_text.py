"""A settled month for people, and as JSON: exact to the last pico."""

import json

from streams.core.meters import TOKEN_METERS
from streams.core.price import GPU_METER
from streams.core.volume import Settled
from streams.replay.month import Month
from streams.replay.show import exact
from streams.replay.volume import Settlement

COLUMNS = (
    "tenant",
    "meter",
    "model",
    "provider",
    "quantity",
    "graduated",
    "charged",
    "adjustment",
)  # as in `row`


def to_json(found: Settlement, month: Month, *, published: bool) -> str:
    """Return everything as one JSON object; money as exact decimal strings."""
    return json.dumps(
        {
            "month": str(month),
            "published": published,
            "new": bool(found.lines),
            "generation": found.generation,
            "open_lines": found.open_lines,
            "adjustments": [row(each) for each in found.settled],
            "total": exact(sum(each.missing for each in found.settled)),
        }
    )


def row(one: Settled) -> dict[str, str | None]:
    """Return one agreement of one tenant in JSON's types. Quantities are in their unit."""
    override = one.override
    return {
        "tenant": one.tenant,
        "meter": override.meter,
        "model": override.model,
        "provider": override.provider,
        "source": override.source,
        "unit": one.unit,
        "quantity": quantity(one),
        "graduated": exact(one.graduated),
        "charged": exact(one.billed),
        "adjustment": exact(one.missing),
    }


def quantity(one: Settled) -> str:
    """Return the quantity of a month in its unit."""
    is_whole = one.override.meter == GPU_METER or one.override.meter in TOKEN_METERS
    return str(one.quantity) if is_whole else exact(one.quantity)


def to_text(found: Settlement, month: Month, *, published: bool) -> str:
    """Return a report for people."""
    rows = [row(each) for each in found.settled]
    if not rows:
        return f"{month}: no usage under a graduated price"
    cells = [COLUMNS, *([str(each[name] or "any") for name in COLUMNS] for each in rows)]
    widths = [max(len(cell[at]) for cell in cells) for at in range(len(COLUMNS))]
    table = ["  ".join(map(str.ljust, each, widths)).rstrip() for each in cells]
    total = exact(sum(each.missing for each in found.settled))
    return "\n".join([*table, f"{month}: {total} to adjust, {state(found, published=published)}"])


def state(found: Settlement, *, published: bool) -> str:
    """Say whether the adjustments are in force."""
    if not found.lines:
        return f"as it was published, generation {found.generation}"
    return f"published as generation {found.generation}" if published else "not published"
