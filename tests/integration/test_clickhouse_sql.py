"""A person's own SQL: answered as text, and unable to change anything."""

import json

import pytest

from clickhouse.client import Connection
from clickhouse.errors import BadQuery, ClickHouseError
from clickhouse.rows import cost_lines
from clickhouse.sql import run_sql
from clickhouse.writer import Writer
from tests.builders.cost_lines import line

pytestmark = pytest.mark.integration


@pytest.fixture
def filled(database: Connection) -> Connection:
    writer = Writer(database.writer)
    writer.add(cost_lines([line(1, "1.25"), line(2, "2", tenant="globex")]))
    writer.flush()
    writer.recompute()
    return database


def test_the_answer_comes_in_the_format_asked_for(filled: Connection) -> None:
    sql = "SELECT tenant, toString(cost) AS cost FROM cost_current ORDER BY tenant;\n"
    lines = run_sql(filled, sql, "JSONEachRow").splitlines()
    assert [json.loads(each) for each in lines] == [
        {"tenant": "acme", "cost": "1.25"},
        {"tenant": "globex", "cost": "2"},
    ]
    assert "globex" in run_sql(filled, sql)


def test_a_trailing_comment_does_no_harm(filled: Connection) -> None:
    assert run_sql(filled, "SELECT sum(lines) FROM daily -- all of them", "TSV") == "2\n"


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO configs (kind) VALUES ('x')",
        "TRUNCATE TABLE cost_lines",
        "DROP TABLE cost_lines",
        "ALTER TABLE cost_lines DELETE WHERE 1",
        "SET readonly = 0",
        "CREATE TABLE x (a Int8) ENGINE = Log",
    ],
)
def test_nothing_can_be_changed(filled: Connection, sql: str) -> None:
    with pytest.raises(ClickHouseError):
        run_sql(filled, sql)
    assert filled.reader.value("SELECT count() FROM cost_lines") == 2


def test_writing_goes_on_beside_it(filled: Connection) -> None:
    run_sql(filled, "SELECT 1")
    writer = Writer(filled.writer)
    writer.add(cost_lines([line(3)]))
    writer.flush()
    assert filled.reader.value("SELECT count() FROM cost_lines") == 3


def test_wrong_sql_is_said_so(filled: Connection) -> None:
    with pytest.raises(BadQuery) as caught:
        run_sql(filled, "SELEC 1")
    assert caught.value.code == 62  # SYNTAX_ERROR


def test_an_answer_too_long_to_hold_is_refused(filled: Connection) -> None:
    with pytest.raises(BadQuery) as caught:
        run_sql(filled, "SELECT number FROM numbers(1000001)", "TSV")
    assert caught.value.code == 396  # TOO_MANY_ROWS_OR_BYTES


def test_instants_are_aware_and_utc(filled: Connection) -> None:
    text = run_sql(filled, "SELECT DISTINCT window_start FROM cost_current", "TSV")
    assert text == "2026-01-01 00:00:00.000000\n"
