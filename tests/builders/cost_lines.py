"""The smallest valid cost line; each keyword replaces one field."""

from decimal import Decimal
from typing import cast

from schemas.decimals import to_bytes, to_pico
from schemas.records import CostLine
from tests.builders.usage import T0, replaced

MINUTE_US = 60_000_000

LINE = {
    "line_id": "0" * 32,
    "window_start_us": T0,
    "window_end_us": T0 + MINUTE_US,
    "pool": "api:openai",
    "tenant": "acme",
    "project": None,
    "kind": "tokens.input",
    "meter": "tokens.input",
    "provider": "openai",
    "model": "gpt-4o",
    "endpoint": None,
    "job": None,
    "unit": "Tokens",
    "quantity": to_bytes(to_pico(Decimal(1000))),
    "cost": None,
    "currency": "USD",
    "events": 1,
    "price_book": "book-1",
    "catalog": "catalog-1",
    "generation": 0,
    "revision": 1,
    "status": "provisional",
    "region": None,
    "service_tier": None,
    "list_cost": None,
    "billed_cost": None,
    "lines": None,
    "note": None,
}


def line(number: int = 0, cost: str | None = "0.0025", **changes: object) -> CostLine:
    """Return a provisional line of 1,000 input tokens of acme for $0.0025; `number` is its id."""
    fixed = {
        "line_id": f"{number:032x}",
        "cost": None if cost is None else to_bytes(to_pico(Decimal(cost))),
    }
    return cast("CostLine", replaced(LINE, changes) | fixed)
