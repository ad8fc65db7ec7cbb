"""Figures read as JSON lines: exact whatever the form numbers come in."""

import json
from decimal import Decimal

from streams.demo.command import figures as printed
from streams.demo.figures import Totals, rows, totals
from streams.demo.session import Outcome
from streams.replay.audit import Audit

ROW = {
    "events": 19_366,
    "input_tokens": "22361870",  # ClickHouse may write 64-bit numbers as text
    "output_tokens": 4_088_665,
    "cache_read_tokens": 0,
    "cost": "96.791325",
    "windows": 60,
    "final_windows": 59,
    "tenants": 12,
    "unpriced_events": 0,
    "dead_letters": 3,
}
TOTALS = Totals(19_366, 22_361_870, 4_088_665, 0, Decimal("96.791325"), 60, 59, 12, 0, 3)


def test_totals_are_read_from_numbers_and_text() -> None:
    assert totals(lambda _: json.dumps(ROW) + "\n") == TOTALS


def test_amounts_with_more_digits_than_a_float_stay_exact() -> None:
    [row] = rows(lambda _: '{"cost": 12345678901234567890.123456789012}\n', "SELECT")
    assert row["cost"] == Decimal("12345678901234567890.123456789012")


def test_parameters_are_put_in_as_numbers() -> None:
    asked: list[str] = []

    def ask(statement: str) -> str:
        asked.append(statement)
        return ""

    rows(ask, "SELECT {since:Int64}, {until:Int64}", since=1, until=2)
    assert asked == ["SELECT toInt64(1), toInt64(2)"]


def test_json_prints_the_promised_names_and_an_exact_cost() -> None:
    clean = Audit(60, 0, 19_366, 0, 3, 0, (), (), ())
    outcome = Outcome(TOTALS, [], clean, 1, 2, 12.345)
    assert printed(outcome) == {
        "events": 19_366,
        "input_tokens": 22_361_870,
        "output_tokens": 4_088_665,
        "cache_read_tokens": 0,
        "cost_usd": "96.791325",
        "residual_pico": 0,
        "windows": 60,
        "final_windows": 59,
        "tenants": 12,
        "unpriced_events": 0,
        "dead_letters": 3,
        "seconds": 12.3,
    }
