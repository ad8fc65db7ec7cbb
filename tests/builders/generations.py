"""Generations of one (window, pool): lines that differ from one generation to the next."""

from schemas.records import CostLine
from tests.builders.cost_lines import MINUTE_US, line
from tests.builders.usage import T0


def streamed(*costs: str, pool: str = "h100", minute: int = 0, **changes: object) -> list[CostLine]:
    """Return final lines of generation 0, one of each cost, of a tenant each."""
    return lines_of(0, costs, pool, minute, {"status": "final"} | changes)


def corrected(
    generation: int, *costs: str, pool: str = "h100", minute: int = 0, **changes: object
) -> list[CostLine]:
    """Return all lines of a higher generation, one of each cost, that say how many they are."""
    fixed = {"status": "corrected", "generation": generation, "lines": len(costs), "note": "late"}
    return lines_of(generation, costs, pool, minute, fixed | changes)


def lines_of(
    generation: int, costs: tuple[str, ...], pool: str, minute: int, changes: dict[str, object]
) -> list[CostLine]:
    """Return lines; the first has the identity of the other generations' first, and so on."""
    fixed = {
        "pool": pool,
        "window_start_us": T0 + minute * MINUTE_US,
        "window_end_us": T0 + (minute + 1) * MINUTE_US,
        "generation": generation,
    } | changes
    first = minute * 1_000 + sum(map(ord, pool)) * 1_000_000
    return [
        line(first + number, cost, tenant=f"t{number}", **fixed)
        for number, cost in enumerate(costs)
    ]
