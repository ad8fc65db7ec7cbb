"""What the README shows of the demo is what its day costs, worked out without a stack."""

import io
import re
from pathlib import Path

from rich.console import Console

from streams.demo.figures import Totals
from streams.demo.money import exact
from streams.demo.plan import Plan
from streams.demo.table import View, table
from tests.builders.whole_day import whole_day

BLOCK = re.compile(
    r"<!-- demo-result:begin .*?-->\n```text\n(.*?)```\n<!-- demo-result:end -->", re.DOTALL
)
WIDTH = 80


def test_the_readme_shows_what_the_day_costs(root: Path) -> None:
    [shown] = BLOCK.findall((root / "README.md").read_text(encoding="utf-8"))
    day = whole_day(Plan())
    tenants = day.tenants()
    totals = Totals(day.events, 0, 0, 0, day.cost, day.windows, day.windows, 12, 0, 0)
    out = io.StringIO()
    Console(file=out, width=WIDTH).print(table(View(1, 0, totals, tenants, "0 pico")))
    drawn = {line.rstrip() for line in out.getvalue().splitlines()}
    rows, _, said = shown.partition("\n\n")
    for row in rows.splitlines():
        assert row.rstrip() in drawn or row.strip() == "...", row
    assert f"{day.events:,} events became ${exact(day.cost)} for 12 tenants" in said
    assert f"Audit: {day.windows:,} windows" in said
