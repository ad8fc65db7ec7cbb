"""The tables of docs/allocation.md are what the code makes of the examples above them."""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.decimals import from_bytes
from schemas.records import CostLine
from streams.config.catalog import load_catalog
from streams.core.money import PICO
from streams.core.price_book import Agreements
from streams.core.windows import HOUR_US
from tests.builders.drawing import agreed, lines, meter, text
from tests.builders.gpu_hours import held, in_repair, unheld, unobserved, worked
from tests.builders.terms import book, gpu_price, override, rules
from tests.builders.usage import Event, call

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "allocation.md"
EXAMPLE = re.compile(r"<!-- example -->\n```yaml\n(.*?)```\n```text\n(.*?)```", re.DOTALL)
EXAMPLES = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
WORK = "Token-Work"
NAMES = 2  # columns of them, then numbers
HEAD = ("tenant", "kind", "GPU-hours", "cost $", "charged $")


def events(usage: list[dict[str, Any]]) -> Iterator[Event]:
    """Yield what an example says was used."""
    for each in usage:
        match each:
            case {"call": endpoint, **rest}:
                yield call(endpoint=endpoint, **rest)
            case {"worked": hours, **who}:
                yield from worked(str(hours), **who)
            case {"held_idle": hours, **who}:
                yield from held(str(hours), **who)
            case {"repair": hours}:
                yield from in_repair(str(hours))
            case {"unobserved": hours}:
                yield from unobserved(str(hours))
            case _:
                yield from unheld(str(each["nobody"]))


def drawn(example: str) -> list[CostLine]:
    """Return the lines of an example that are not nothing."""
    catalog, _, rest = example.partition("---\n")
    said = yaml.safe_load(rest)
    discounts = tuple(
        override(tenant, factor=1 - Fraction(off))
        for tenant, off in said.get("discounts", {}).items()
    )
    prices = book(gpu_price("2"), agreements=Agreements((), discounts))
    under = rules(prices, load_catalog(catalog), HOUR_US)
    partials = [
        partial
        for seq, event in enumerate(events(said["usage"]))
        for partial in meter(under, event, seq=seq).partials
    ]
    return [line for line in lines(partials, agreed(under)) if any(figures(line))]


def figures(line: CostLine) -> list[int]:
    """Return quantity, cost and charge of a priced line, in 1e-12."""
    return [
        from_bytes(each or b"") for each in (line["quantity"], line["cost"], line["billed_cost"])
    ]


def order(line: CostLine) -> tuple[bool, str, int]:
    """Put rows of nobody last, and each tenant's longest time first."""
    return line["tenant"].startswith("__"), line["tenant"], -figures(line)[0]


def table(of: list[CostLine]) -> str:
    """Return lines as the page shows them, and their sum."""
    rows: list[tuple[str, ...]] = [HEAD]
    for line in sorted(of, key=order):
        quantity, *money = figures(line)
        rows.append((line["tenant"], line["kind"], amount(line, quantity), *map(dollars, money)))
    _, *total = map(sum, zip(*map(figures, of), strict=True))
    rows.append(("all", "", "", *map(dollars, total)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(f"{laid_out(row, widths)}\n" for row in rows)


def amount(line: CostLine, quantity: int) -> str:
    """Return GPU-hours, or how many tokens' work it is."""
    return f"{text(quantity)} of work" if line["unit"] == WORK else text(quantity // HOUR_US)


def laid_out(row: tuple[str, ...], widths: list[int]) -> str:
    """Return one row: names to the left, numbers to the right."""
    cells = [
        cell.ljust(width) if place < NAMES else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def dollars(pico: int) -> str:
    return f"{pico / PICO:.2f}" if pico % (PICO // 100) == 0 else text(pico)


def test_there_is_an_example_of_every_policy() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for policy in ("weighted", "even", "reservation", "separate"):
        assert any(f"share: {policy}" in example for example, _ in EXAMPLES), policy
    named = ("unheld_and_held_idle", "lending", "slas", "platform_account", 'gpus: "2"')
    for what in (*named, "unobserved"):
        assert any(what in example for example, _ in EXAMPLES), what
    assert len(EXAMPLES) == page.count("<!-- example -->")


@pytest.mark.parametrize(("example", "shown"), EXAMPLES)
def test_a_table_is_what_the_code_makes_of_the_example(example: str, shown: str) -> None:
    assert table(drawn(example)) == shown


@pytest.mark.parametrize(("example", "_shown"), EXAMPLES)
def test_an_example_sums_to_the_time_there_is_at_two_dollars(example: str, _shown: str) -> None:
    """But for the pool that reports more than it has: 2 GPUs."""
    usage = yaml.safe_load(example.partition("---\n")[2])["usage"]
    kinds = ("worked", "held_idle", "nobody", "repair", "unobserved")
    hours = sum(each.get(kind, 0) for each in usage for kind in kinds)
    there = 2 if 'gpus: "2"' in example else hours
    assert sum(from_bytes(line["cost"] or b"") for line in drawn(example)) == there * 2 * PICO


def test_every_kind_of_line_has_its_row_of_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    section = page.partition("## Kinds of lines\n")[2].partition("\n## ")[0]
    kinds = {line["kind"] for example, _ in EXAMPLES for line in drawn(example)}
    assert kinds == set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
