"""Catalogs with budgets, and cost lines that count in them."""

import zlib

from schemas.records import CostLine
from streams.core.windows import MINUTE_US
from tests.builders.cost_lines import line
from tests.builders.usage import T0

TREE = """tenants:
  - {name: corp, level: corporate}
  - {name: retail, level: business_unit, parent: corp}
  - {name: search, level: product_line, parent: retail}
  - {name: shop, level: product_line, parent: retail}
  - {name: risk, level: business_unit, parent: corp}
"""


def budget(name: str, limit: str, period: str = "month", **more: str) -> str:
    """Return an entry of the section `budgets`, in dollars."""
    rest = "".join(f", {field}: {value}" for field, value in more.items())
    return f"  - {{name: {name}, period: {period}, limit: '{limit}', currency: USD{rest}}}\n"


def budgets(*entries: str, tree: str = TREE) -> str:
    """Return a catalog with budgets over a small hierarchy."""
    return f"{tree}budgets:\n{''.join(entries)}"


def spent(minute: int, cost: str | None, tenant: str = "search", thing: int = 0,
          **changes: object) -> CostLine:  # fmt: skip
    """Return a line of a minute; `thing` tells several of one minute apart."""
    named = zlib.crc32(f"{tenant}/{changes.get('pool')}".encode())
    fixed = {
        "tenant": tenant,
        "window_start_us": T0 + minute * MINUTE_US,
        "window_end_us": T0 + (minute + 1) * MINUTE_US,
    }
    return line(named * 10**9 + minute * 1000 + thing, cost, **fixed | changes)
