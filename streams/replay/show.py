"""What a replay found, for people and as JSON: exact to the last pico."""

import json
from collections.abc import Iterator, Mapping

from schemas.decimals import to_decimal
from streams.core.lines import Money
from streams.replay.changes import MEANING, Change, Changes, Key
from streams.replay.chunk import Outcome

COST = 0  # of the sums of a change
COLUMNS = ("tenant", "model", "reason", "lines", "old", "new", "change")


def selected(changes: Changes, tenant: str | None) -> list[tuple[Key, Change]]:
    """Return changes, of one tenant if named, the largest first."""
    rows = [
        (key, change) for key, change in changes.items() if tenant is None or key.tenant == tenant
    ]
    return sorted(rows, key=lambda row: (-abs(difference(row[1]).cost), row[0].tenant, str(row[0])))


def difference(change: Change) -> Money:
    """Return new less old."""
    return Money(*(new - old for old, new in zip(change.old, change.new, strict=True)))


def to_json(outcome: Outcome, asked: Mapping[str, object], tenant: str | None) -> str:
    """Return everything as one JSON object; money as exact decimal strings."""
    rows = selected(outcome.changes, tenant)
    return json.dumps(
        {
            **asked,
            "windows": outcome.windows,
            "changed_windows": outcome.changed,
            "open_windows": outcome.open_windows,
            "windows_behind": outcome.behind,
            "events": outcome.events,
            "changes": [{**key._asdict(), **figures(change)} for key, change in rows],
            "total": figures(total(rows)),
        }
    )


def figures(change: Change) -> dict[str, object]:
    """Return a change in JSON's types."""
    moved = difference(change)
    return {
        "lines": change.lines,
        "old_cost": exact(change.old[COST]),
        "new_cost": exact(change.new[COST]),
        "cost": exact(moved.cost),
        "list_cost": exact(moved.listed),
        "billed_cost": exact(moved.billed),
    }


def total(rows: list[tuple[Key, Change]]) -> Change:
    """Return the sum of changes."""
    whole = Change()
    for _, change in rows:
        whole.add(change.lines, change.old, change.new)
    return whole


def exact(pico: int) -> str:
    """Return pico as a decimal, every digit of it.

    >>> exact(1_500_000_000_000), exact(-1)
    ('1.500000000000', '-0.000000000001')
    """
    return f"{to_decimal(pico):.12f}"


def to_text(outcome: Outcome, tenant: str | None) -> Iterator[str]:
    """Yield a report for people, line by line."""
    yield (
        f"{outcome.windows} closed windows replayed, {outcome.changed} would change; "
        f"{outcome.open_windows} still open"
    )
    if outcome.behind:
        yield f"{outcome.behind} windows left as they are: the archive lacks batches they count"
    rows = selected(outcome.changes, tenant)
    if not rows:
        yield "no difference"
        return
    cells = [COLUMNS, *(row_cells(key, change) for key, change in rows)]
    cells.append(row_cells(Key("total", None, "price"), total(rows), reason=""))
    widths = [max(len(row[at]) for row in cells) for at in range(len(COLUMNS))]
    for row in cells:
        yield "  ".join(
            cell.ljust(width) if at < len(Key._fields) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
    for reason in sorted({key.reason for key, _ in rows}):
        yield f"  {reason}: {MEANING[reason]}"


def row_cells(key: Key, change: Change, reason: str | None = None) -> tuple[str, ...]:
    """Return the cells of one row."""
    return (
        key.tenant,
        key.model or "",
        key.reason if reason is None else reason,
        str(change.lines),
        exact(change.old[COST]),
        exact(change.new[COST]),
        exact(difference(change).cost),
    )
