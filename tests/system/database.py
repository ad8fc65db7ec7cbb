"""What an analyst reads from ClickHouse, through the running store, against what the topics say."""

from collections.abc import Iterator
from decimal import Decimal

from schemas.decimals import from_bytes, to_decimal
from schemas.records import CostLine
from tests.system.stack import Stack

COUNTS = """
SELECT
    (SELECT count() FROM usage_events FINAL) AS events,
    (SELECT count() FROM late_partials FINAL) AS late,
    (SELECT countIf(status = 'provisional') FROM cost_current) AS provisional,
    (SELECT uniqExact(window_start, pool) FROM cost_current) AS windows
"""
LINES = """
SELECT line_id, tenant, toString(cost) AS cost, toString(quantity) AS quantity, events,
    revision, generation, status
FROM cost_current
"""
ROLLUPS = """
SELECT
    (SELECT sum(cost) FROM cost_current) AS lines,
    (SELECT sum(cost_final) FROM hourly) AS hours,
    (SELECT sum(cost_final) FROM daily) AS days,
    lines = hours AND lines = days AS equal
"""


def counts(stack: Stack) -> dict[str, int]:
    """Return how much the database holds; empty while it does not answer."""
    rows = stack.rows(COUNTS)
    return {name: int(str(value)) for name, value in rows[0].items()} if rows else {}


def wrong_database(stack: Stack, lines: list[tuple[bytes, CostLine]]) -> Iterator[str]:
    """Yield where the lines in force are not the final ones of the topic."""
    finals = {line["line_id"]: line for _, line in lines if line["status"] == "final"}
    rows = stack.rows(LINES)
    if rows is None:
        yield "the database does not answer"
        return
    held = {str(row["line_id"]): row for row in rows}
    if held.keys() != finals.keys():
        missing, unexpected = finals.keys() - held.keys(), held.keys() - finals.keys()
        yield f"{len(missing)} lines missing, {len(unexpected)} unexpected"
    for line_id in held.keys() & finals.keys():
        yield from wrong_row(held[line_id], finals[line_id])


def wrong_row(row: dict[str, object], line: CostLine) -> Iterator[str]:
    """Yield a row that is not its line."""
    cost = None if line["cost"] is None else to_decimal(from_bytes(line["cost"]))
    same = (
        (None if row["cost"] is None else Decimal(str(row["cost"]))) == cost
        and Decimal(str(row["quantity"])) == to_decimal(from_bytes(line["quantity"]))
        and int(str(row["events"])) == line["events"]
        and int(str(row["revision"])) == line["revision"]
        and int(str(row["generation"])) == 0
        and row["status"] == "final"
    )
    if not same:
        yield f"row {row} is not line {line}"


def is_rolled_up(stack: Stack) -> bool:
    """Tell whether hours and days sum to the lines; the store sees to it every few seconds."""
    [sums] = stack.rows(ROLLUPS) or [{}]
    return bool(sums.get("equal"))
