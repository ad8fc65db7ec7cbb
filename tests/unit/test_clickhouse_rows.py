"""Records as rows: the version that decides which line is in force, and nothing lost."""

import random
from decimal import Decimal
from typing import cast

import pytest

from clickhouse.columns import TABLES, column_types
from clickhouse.errors import BadRow
from clickhouse.rows import (
    GENERATION_BITS,
    alerts,
    budget_states,
    configs,
    cost_lines,
    dead_letters,
    edition_of,
    late_partials,
    version,
)
from schemas.decimals import to_bytes
from schemas.records import Alert, BudgetState, CostLine, DeadLetter, LatePartial, LineStatus
from tests.builders.cost_lines import line
from tests.builders.usage import T0

ASCENDING: list[tuple[int, int, LineStatus]] = [
    (0, 0, "provisional"),
    (0, 0, "final"),
    (0, 1, "provisional"),
    (0, 2**38 - 1, "final"),
    (1, 0, "corrected"),
    (1, 1, "corrected"),
    (2**24 - 1, 2**38 - 1, "corrected"),
]
LETTER: DeadLetter = {
    "topic": "usage.gpu.v1",
    "partition": 3,
    "offset": 17,
    "index": -1,
    "source": None,
    "epoch": None,
    "seq": None,
    "reason": "not_avro",
    "detail": "expected Avro",
    "at_us": T0,
    "payload": b"\xff\x00",
}
LATE: LatePartial = {
    "window_start_us": T0,
    "window_end_us": T0 + 60_000_000,
    "pool": "h100",
    "source": "node-1",
    "epoch": 5,
    "seq": 6,
    "events": 7,
    "closed_through_us": T0 + 1,
    "reason": "window_closed",
}
ALERT: Alert = {
    "alert_id": "a",
    "tenant": "acme",
    "kind": "budget",
    "state": "opened",
    "since_us": T0,
    "at_us": T0 + 1,
    "expected": b"\x05",
    "actual": b"\x07",
    "excess": None,
    "currency": "USD",
    "budget_id": None,
    "job": None,
    "summary": "look",
    "severity": "critical",
    "revision": 3,
    "expected_low": b"\x03",
    "expected_high": b"\x06",
    "excess_per_hour": b"\x02",
    "model": "gpt-5",
    "pool": None,
    "project": "search",
    "source": None,
    "contributors": [
        {"dimension": "model", "value": "gpt-5", "excess": b"\x02", "share": 1.0},
        {"dimension": "project", "value": "search", "excess": b"\x01", "share": 0.5},
    ],
    "links": [{"title": "runbook", "url": "https://wiki/runbook"}],
    "query": "SELECT 1",
    "group": None,
}


def test_generation_counts_before_revision_and_revision_before_status() -> None:
    versions = [version(*each) for each in ASCENDING]
    assert versions == sorted(set(versions))
    assert versions[-1] < 2**64


@pytest.mark.parametrize(
    ("generation", "revision"), [(2**24, 0), (-1, 0), (0, 2**38), (0, -1)], ids=str
)
def test_a_version_that_does_not_fit_is_refused_not_wrapped(generation: int, revision: int) -> None:
    with pytest.raises(BadRow):
        version(generation, revision, "final")


def test_a_line_keeps_every_field() -> None:
    given = line(255, "2.5", project="p", job="j", endpoint="e", generation=1, revision=9)
    rows = cost_lines([given])
    row = dict(zip(rows.names, (column[0] for column in rows.columns), strict=True))
    # 2.5 USD are 2.5e12 pico, 1,000 tokens are 1e15 pico of a token
    assert row.pop("cost") == 2_500_000_000_000
    assert row.pop("quantity") == 1_000_000_000_000_000
    assert row.pop("version") == version(1, 9, "provisional")
    assert row.pop("window_start") == given["window_start_us"]
    assert row.pop("window_end") == given["window_end_us"]
    assert row.pop("lines_of_generation") == given["lines"]
    assert row.pop("edition") == edition_of(given)
    rest = {key: value for key, value in given.items() if key in row}
    assert row == rest
    assert len(row) == len(given) - 5


def test_streamed_lines_are_edition_0_whatever_their_revision() -> None:
    assert {edition_of(line(revision=n, price_book=f"b{n}")) for n in range(3)} == {0}


def test_a_correction_that_does_not_count_its_lines_is_the_only_edition_of_its_number() -> None:
    assert [edition_of(line(generation=n, revision=n)) for n in (1, 2)] == [1, 2]


@pytest.mark.parametrize(
    "changed", [{"generation": 2}, {"revision": 9}, {"price_book": "b"}, {"catalog": "c"},
                {"lines": 4}], ids=str,
)  # fmt: skip
def test_contents_published_under_one_number_are_editions_apart(changed: dict[str, object]) -> None:
    terms = {"generation": 1, "revision": 8, "price_book": "a", "catalog": "a", "lines": 3}
    first = edition_of(line(1, "2", **terms))
    assert first == edition_of(line(2, "77", **terms, tenant="globex"))
    assert first != edition_of(line(1, "2", **(terms | changed)))
    assert first > 2**GENERATION_BITS  # never that of a correction that does not count


def test_an_unpriced_line_has_no_cost() -> None:
    rows = cost_lines([line(cost=None)])
    assert list(rows.columns[rows.names.index("cost")]) == [None]


@pytest.mark.parametrize("column", ["quantity", "cost"])
@pytest.mark.parametrize("amount", [10**38, -(10**38), 2**200])
def test_an_amount_of_more_than_38_digits_is_refused(column: str, amount: int) -> None:
    given = [line(1), line(2, None), cast("CostLine", {**line(3), column: to_bytes(amount)})]
    with pytest.raises(BadRow, match="expected at most 38 digits") as caught:
        cost_lines(given)
    assert (caught.value.table, caught.value.column) == ("cost_lines", column)


def test_the_largest_amounts_are_taken() -> None:
    largest = 10**38 - 1
    given = [{**line(n), "cost": to_bytes(sign * largest)} for n, sign in enumerate((1, -1))]
    rows = cost_lines(cast("list[CostLine]", given))
    assert list(rows.columns[rows.names.index("cost")]) == [largest, -largest]


def test_a_dead_letter_keeps_its_bytes() -> None:
    rows = dead_letters([LETTER])
    assert dict(zip(rows.names, (column[0] for column in rows.columns), strict=True)) == {
        **{key: value for key, value in LETTER.items() if key not in {"index", "at_us"}},
        "event_index": -1,
        "at": T0,
    }


def test_amounts_of_an_alert_are_pico_and_may_be_missing() -> None:
    rows = alerts([ALERT])
    row = dict(zip(rows.names, (column[0] for column in rows.columns), strict=True))
    assert (row["expected"], row["actual"], row["excess"]) == (5, 7, None)
    assert (row["expected_low"], row["expected_high"], row["excess_per_hour"]) == (3, 6, 2)
    assert row["contributors.value"] == ["gpt-5", "search"]
    # 1 pico is the least that the column holds
    assert row["contributors.excess"] == [Decimal("2e-12"), Decimal("1e-12")]
    assert (row["severity"], row["revision"], row["links.title"]) == ("critical", 3, ["runbook"])


def test_an_alert_of_before_there_were_revisions_is_the_first_said() -> None:
    rows = alerts([{**ALERT, "severity": None, "revision": None}])
    row = dict(zip(rows.names, (column[0] for column in rows.columns), strict=True))
    assert (row["severity"], row["revision"]) == ("", 0)


STATE: BudgetState = {
    "budget_id": "job:acme:train-7",
    "period_start_us": T0,
    "period_end_us": T0 + 1,
    "limit": to_bytes(7),
    "spent": to_bytes(5),
    "forecast": None,
    "burn_rate": None,
    "currency": "USD",
    "stage": "ok",
    "positions": {"0": 3},
    "price_book": "book-1",
    "said_at_us": T0 + 2,
    "revision": 1,
    "tenants": ["acme"],
    "projects": [],
    "models": [],
    "jobs": ["train-7"],
    "pools": [],
}


def test_amounts_of_a_state_are_pico_and_the_last_said_is_the_greatest() -> None:
    rows = budget_states([STATE, {**STATE, "said_at_us": None}])
    columns = dict(zip(rows.names, rows.columns, strict=True))
    assert (list(columns["spend_limit"]), list(columns["spent"])) == ([7, 7], [5, 5])
    assert list(columns["said_at"]) == [T0 + 2, 0]


def test_every_block_names_columns_of_its_table() -> None:
    published = configs(
        "catalog", [{"version": "v", "published_at_us": T0, "body": "a: 1", "note": None}]
    )
    for rows in (
        cost_lines([line()]),
        dead_letters([LETTER]),
        late_partials([LATE]),
        alerts([ALERT]),
        budget_states([STATE]),
        published,
    ):
        assert set(rows.names) == set(TABLES[rows.table])
        assert len(column_types(rows.table, rows.names)) == len(rows.columns)
        assert rows.row_count == 1


def test_rows_are_in_the_order_of_the_records() -> None:
    numbers = list(range(50))
    random.Random(4).shuffle(numbers)
    rows = cost_lines([line(number) for number in numbers])
    assert list(rows.columns[0]) == [f"{number:032x}" for number in numbers]
