"""What the demo shows: numbers whole on a narrow terminal, a line now and then without one."""

import io
from dataclasses import replace
from decimal import Decimal

from rich.console import Console

from streams.demo.figures import KINDS, Tenant, Totals
from streams.demo.screen import LogScreen, screen
from streams.demo.table import COLUMNS, View, log_line, table

TOTALS = Totals(243_723, 1, 2, 3, Decimal("2135.369588670855"), 4_464, 4_460, 14, 17, 44)
ZERO = dict.fromkeys(KINDS, Decimal(0))
OF_NOBODY = {
    "used": Decimal("1214.204"), "held idle": Decimal("64.44"), "idle share": Decimal("102.2"),
    "API tokens": Decimal("1254.2"), "storage and egress": Decimal(148),
}  # fmt: skip
TENANTS = [
    Tenant("__unattributed__", ZERO | OF_NOBODY, 363_123_456, Decimal("0.01234"),
           Decimal("2783.044")),
    Tenant("search", ZERO | {"API tokens": Decimal("1.005")}, 0, None, Decimal("1.005")),
]  # fmt: skip
LENDING = [
    Tenant("research", ZERO | {"reserved idle": Decimal(5), "lent": Decimal(-3)}, 0, None,
           Decimal(2)),
    Tenant("support-bot", ZERO | {"borrowed": Decimal(3), "shared": Decimal("4.17")}, 0, None,
           Decimal("7.17")),
    Tenant("__platform__", ZERO | {"out of service": Decimal("1.5"), "unobserved": Decimal("0.25"),
           "adjustments": Decimal("-0.75")}, 0, None, Decimal("1.5")),
]  # fmt: skip
VIEW = View(1_791_270_000_000_000, 256_164, TOTALS, TENANTS, "$0.000000")


def drawn(width: int, view: View = VIEW) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(table(view))
    return out.getvalue()


def test_the_table_fits_eighty_columns_with_every_number_whole() -> None:
    text = drawn(80)
    assert max(len(line) for line in text.splitlines()) <= 80
    for number in ("1,214.20", "64.44", "102.20", "1,254.20", "148.00", "0.0123", "2,783.04"):
        assert number in text
    assert "__unattributed__" in text


def test_the_last_row_sums_the_columns_exactly_and_rounds_once() -> None:
    [last] = [line for line in drawn(100).splitlines() if line.strip().startswith("all")]
    # 1214.204 + 0 | 64.44 | 102.2 | 1254.2 + 1.005 = 1255.205 -> even cent .20 | ... | 2784.049
    assert last.split() == ["all", "1,214.20", "64.44", "102.20", "1,255.20", "148.00",
                            "2,784.05"]  # fmt: skip


def test_lending_and_shared_costs_are_columns_where_there_are_some() -> None:
    """Lent is borrowed with a minus. Held and reserved idle time are one column, told below."""
    view = replace(VIEW, tenants=LENDING + TENANTS)
    assert max(len(line) for line in drawn(80, view).splitlines()) <= 80
    text = drawn(100, view)
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}
    used, own_idle, share, borrowed, tokens, shared, other, per_1k, total = rows["research"]
    assert (used, own_idle, share, borrowed) == ("0.00", "5.00", "0.00", "-3.00")
    assert (tokens, shared, other, per_1k, total) == ("0.00", "0.00", "0.00", "-", "2.00")
    assert rows["support-bot"][3:6] == ["3.00", "0.00", "4.17"]
    assert rows["__platform__"][6:] == ["1.50", "-", "1.50"]  # 1.5 + 0.25 - 0.75, 0.5 of no name
    assert rows["all"][3] == "0.00"  # what is lent is borrowed
    assert (
        "held idle 64.44, reserved idle 5.00, borrowed 3.00, lent -3.00, storage and egress "
        "148.00, out of service 1.50, unobserved 0.25, adjustments -0.75, anything else 0.50"
    ) in " ".join(text.split())
    assert "bor-" not in drawn(80)
    assert "shared" not in drawn(80)


def test_rows_of_nothing_are_left_out() -> None:
    view = replace(VIEW, tenants=[*TENANTS, Tenant("__idle__", ZERO, 0, None, Decimal(0))])
    assert drawn(100, view) == drawn(100)


def test_the_columns_of_every_row_sum_to_its_total() -> None:
    for tenant in LENDING + TENANTS:
        assert sum(of(tenant) for _, of in COLUMNS) == tenant.cost


def test_the_header_says_time_windows_and_residual() -> None:
    assert (
        "2026-10-06 07:00 event time | windows: 4,460 final, 4 provisional | residual: $0.000000"
    ) in " ".join(drawn(120).split())


def test_a_tenant_without_tokens_has_no_unit_price() -> None:
    [row] = [line for line in drawn(100).splitlines() if line.strip().startswith("search")]
    assert row.split()[-2] == "-"


def test_without_a_terminal_a_line_comes_every_few_seconds() -> None:
    out = io.StringIO()
    now_s = [0.0]
    shown = LogScreen(Console(file=out, width=40), lambda: now_s[0])
    for _ in range(12):  # a view a second
        shown.show(VIEW)
        now_s[0] += 1.0
    assert out.getvalue().splitlines() == [log_line(VIEW)] * 3  # at 0, 5 and 10 s, not wrapped


def test_a_console_that_is_no_terminal_gets_lines() -> None:
    with screen(Console(file=io.StringIO())) as shown:
        assert isinstance(shown, LogScreen)


def test_a_terminal_gets_a_live_table() -> None:
    out = io.StringIO()
    with screen(Console(file=out, force_terminal=True, width=100)) as shown:
        shown.say("ready")
        shown.show(VIEW)
    assert "ready" in out.getvalue()
    assert "1,255.20" in out.getvalue()
