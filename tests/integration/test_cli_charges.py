"""`apportion charges`: a month shown, published, and found to be as published."""

import json
from pathlib import Path
from typing import cast

import pytest

from schemas.decimals import from_bytes, to_bytes
from schemas.records import CostLine
from streams.config_topic import CATALOG
from streams.settings import KafkaSettings
from tests.at_rest import database, published, write
from tests.builders.cost_lines import MINUTE_US, line
from tests.builders.usage import T0
from tests.command_line import Apportion, runner

pytestmark = pytest.mark.integration

OCTOBER_US = T0 - 92 * 86_400 * 10**6  # 2025-10-01
BOOK = """
currency: USD
prices: []
overrides:
  - tenant: acme
    meter: tokens.input
    unit: Tokens
    per: 1000000
    volume: [{from: 0, price: "4"}, {from: 1000, price: "2"}]
    effective_from: 2025-01-01T00:00:00Z
    source: contract 7
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database at rest: 1,500 tokens of acme in October, charged at $4 a million: $0.006."""
    return database(tmp_path, [used("final")], ("price-book", BOOK))


def used(status: str) -> CostLine:
    return line(
        1,
        "0.00375",
        window_start_us=OCTOBER_US,
        window_end_us=OCTOBER_US + MINUTE_US,
        quantity=to_bytes(1_500 * 10**12),
        billed_cost=to_bytes(6 * 10**9),
        catalog=CATALOG.version(CATALOG.default(), "test"),
        status=status,
    )


@pytest.fixture
def charges(
    kafka: KafkaSettings,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Apportion:
    monkeypatch.chdir(tmp_path)
    run, reach = runner(monkeypatch, capsys), ("--kafka", kafka.bootstrap, "--clickhouse", url)
    return lambda *words: run("charges", *words, *reach)


def test_a_month_is_shown_published_and_then_as_published(
    charges: Apportion, kafka: KafkaSettings, url: str
) -> None:
    """1,000 x 4 + 500 x 2 = 0.005: a thousandth of a dollar too much was charged."""
    status, out, _ = charges("--month", "2025-10", "--json")
    [row] = (shown := json.loads(out))["adjustments"]
    assert (status, row["quantity"], row["graduated"]) == (0, "1500", "0.005000000000")
    assert (row["adjustment"], row["source"]) == ("-0.001000000000", "contract 7")
    assert (shown["new"], shown["published"], published(kafka)) == (True, False, [])

    status, out, _ = charges("--month", "2025-10", "--publish", "--note", "invoices of October")
    assert (status, "published as generation 1" in out) == (0, True)
    [adjustment] = published(kafka)
    assert from_bytes(adjustment["billed_cost"] or b"") == -(10**9)
    assert (adjustment["kind"], adjustment["note"]) == ("adjustment", "invoices of October")

    write(url, [adjustment])
    status, out, _ = charges("--month", "2025-10", "--publish")
    assert (status, "as it was published, generation 1" in out) == (0, True)
    assert len(published(kafka)) == 1


def test_a_month_with_open_windows_is_shown_and_not_published(
    charges: Apportion, kafka: KafkaSettings, url: str
) -> None:
    late = {**used("provisional"), "line_id": "f" * 32}
    write(url, [cast("CostLine", late)])
    assert charges("--month", "2025-10")[0] == 0
    status, _, err = charges("--month", "2025-10", "--publish")
    assert (status, published(kafka)) == (1, [])
    assert "1 lines are provisional" in err


def test_what_is_no_month_is_misuse(charges: Apportion) -> None:
    status, _, err = charges("--month", "October")
    assert status == 2
    assert "expected a month like 2026-10" in err


def test_a_month_without_such_usage_says_so(charges: Apportion) -> None:
    assert charges("--month", "2025-09")[:2] == (
        0,
        "2025-09: no usage under a graduated price\n",
    )
