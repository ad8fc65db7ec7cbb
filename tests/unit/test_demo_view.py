"""What the demo shows: numbers whole on a narrow terminal, a line now and then without one."""

import io
from decimal import Decimal

from rich.console import Console

from streams.demo.figures import Tenant, Totals
from streams.demo.screen import LogScreen, screen
from streams.demo.table import View, log_line, table

TOTALS = Totals(243_723, 1, 2, 3, Decimal("2135.369588670855"), 4_464, 4_460, 14, 17, 44)
TENANTS = [
    Tenant("__unattributed__", Decimal("1214.204"), Decimal("64.44"), Decimal("102.2"),
           Decimal("1254.2"), Decimal(148), 363_123_456, Decimal("0.01234"), Decimal("2783.044")),
    Tenant("search", *(Decimal(0),) * 3, Decimal("1.005"), Decimal(0), 0, None, Decimal("1.005")),
]  # fmt: skip
VIEW = View(1_791_270_000_000_000, 256_164, TOTALS, TENANTS, "$0.000000")


def drawn(width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(table(VIEW))
    return out.getvalue()


def test_the_table_fits_eighty_columns_with_every_number_whole() -> None:
    text = drawn(80)
    assert max(len(line) for line in text.splitlines()) <= 80
    for number in ("1,214.20", "64.44", "102.20", "1,254.20", "148.00", "363.1M", "0.0123",
                   "2,783.04"):  # fmt: skip
        assert number in text
    assert "__unattributed__" in text


def test_the_last_row_sums_the_columns_exactly_and_rounds_once() -> None:
    [last] = [line for line in drawn(100).splitlines() if line.strip().startswith("all")]
    # 1214.204 + 0 | 64.44 | 102.2 | 1254.2 + 1.005 = 1255.205 -> even cent .20 | ... | 2784.049
    assert last.split() == ["all", "1,214.20", "64.44", "102.20", "1,255.20", "148.00", "363.1M",
                            "2,784.05"]  # fmt: skip


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
