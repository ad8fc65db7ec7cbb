"""What analysts read: token costs and endpoints by the hour, and the questions of the page."""

import re
from pathlib import Path
from typing import Literal

import pytest

from clickhouse.client import Connection
from clickhouse.rows import alerts, cost_lines
from clickhouse.writer import Writer
from schemas.decimals import to_bytes
from schemas.records import Alert, Contributor, CostLine
from streams.core.alerts import NO_DETAILS
from streams.core.windows import HOUR_US, SECOND_US
from tests.builders.archived import Document, Live, price_book
from tests.builders.cost_lines import MINUTE_US, line
from tests.builders.usage import T0, call, holder, interval

pytestmark = pytest.mark.integration

CATALOG = """
tenants: [acme, globex]
pools: [{name: h100, nodes: ["gpu-node-*"]}]
endpoints: [{name: llama, pool: h100}, {name: silent, pool: h100}, {name: gone, pool: h100}]
"""
COSTS = """
SELECT
    dateDiff('hour', toDateTime('2026-01-01', 'UTC'), hour) AS hour_of_day, tenant, model, endpoint,
    calls, tokens, toString(cost) AS cost, toString(list_cost) AS list_cost,
    toString(cost_per_1k) AS per_1k, toString(list_cost_per_1k) AS list_per_1k,
    unpriced_lines, provisional_lines
FROM token_costs ORDER BY hour, tenant, model, endpoint
"""


def write(database: Connection, *lines: CostLine) -> None:
    writer = Writer(database.session())
    writer.add(cost_lines(lines))
    writer.flush()


@pytest.fixture
def live(database: Connection) -> Connection:
    """Two hours of calls: by token, over endpoints, and without a price."""
    found = Live(database)
    rules = found.publish(Document(price_book({"gpt-4o": "1"}), 1), Document(CATALOG, 1))
    calls = [
        call(input_tokens=3_000, output_tokens=1_000),
        call(input_tokens=100, output_tokens=0, at_us=T0 + HOUR_US),
        call(tenant="globex", endpoint="llama", input_tokens=1_900, output_tokens=100),
        call(tenant="globex", model="new", input_tokens=5, output_tokens=2),
        call(tenant="globex", endpoint="gone", input_tokens=1, output_tokens=1),
    ]
    held = [holder(SECOND_US, endpoint=each) for each in ("llama", "silent")]
    found.send(rules, *calls)
    found.send(rules, interval(*held, start_us=T0, end_us=T0 + 10 * SECOND_US))
    of_llama = {
        "tenant": "globex", "endpoint": "llama", "pool": "h100", "provider": "openai",
        "status": "final",
    }  # fmt: skip
    later = {"window_start_us": T0 + HOUR_US, "window_end_us": T0 + HOUR_US + MINUTE_US}
    listed = {"list_cost": to_bytes(2 * 10**10), "status": "final"}
    write(
        database,
        line(1, "0.010", **listed),
        line(2, "0.002", **of_llama, kind="used", meter="gpu.active"),
        line(3, "0.001", **of_llama, kind="held_idle", meter="gpu.held_idle"),
        line(4, "0.000001", **later),
        line(5, None, tenant="globex", model="new", kind="unpriced", status="final"),
        line(6, "7", kind="idle_share", provider=None, model=None, status="final"),
        line(7, "0", pool="charge:volume", kind="adjustment", status="corrected", generation=1),
    )
    return database


def test_tokens_cost_what_the_lines_of_their_hour_do(live: Connection) -> None:
    """acme: 0.010 / 4 a thousand, 0.020 / 4 by the list; an hour later 0.000001 x 10."""
    rows = [tuple(row.values()) for row in live.reader.rows(COSTS)]
    assert rows == [
        (0, "acme", "gpt-4o", "", 1, 4_000, "0.01", "0.02", "0.0025", "0.005", 0, 0),
        (0, "globex", "gpt-4o", "gone", 1, 2, None, None, None, None, 0, 0),
        (0, "globex", "gpt-4o", "llama", 1, 2_000, "0.003", "0.003", "0.0015", "0.0015", 0, 0),
        (0, "globex", "new", "", 1, 7, None, None, None, None, 1, 0),
        (1, "acme", "gpt-4o", "", 1, 100, "0.000001", "0.000001", "0.00001", "0.00001", 0, 1),
    ]


def test_endpoints_are_counted_by_the_hour_pool_and_node(live: Connection) -> None:
    rows = live.reader.rows("SELECT * FROM endpoint_use ORDER BY endpoint, node")
    assert [tuple(row.values())[1:] for row in rows] == [
        ("gone", "h100", "", 1, 2, 0),
        ("llama", "h100", "", 1, 2_000, 0),
        ("llama", "h100", "gpu-node-1", 0, 0, SECOND_US),
        ("silent", "h100", "gpu-node-1", 0, 0, SECOND_US),
    ]


def test_the_questions_of_the_page_are_answered(live: Connection, root: Path) -> None:
    page = (root / "docs" / "sql.md").read_text(encoding="utf-8")
    questions = dict(re.findall(r"<!-- question: (.*?) -->\n```sql\n(.*?)```", page, re.DOTALL))
    costs = [tuple(row.values()) for row in live.reader.rows(questions["token costs"])]
    assert [(row[0], row[2], row[3], row[5], row[6]) for row in costs][:2] == [
        ("acme", "", 4_100, 0.002439, 0.004878),  # 0.010001 / 4.1 and 0.020001 / 4.1
        ("globex", "llama", 2_000, 0.0015, 0.0015),
    ]
    misfits = [tuple(row.values()) for row in live.reader.rows(questions["endpoints"])]
    assert misfits == [("gone", 1, 0, []), ("silent", 0, 1 / 3600, ["h100"])]


def test_of_an_alert_the_last_that_was_said_is_current(database: Connection) -> None:
    """Inserted in any order, and more than once; what was said before there were revisions, too."""
    said = [
        saying("a", 1, "opened", 3),
        saying("a", 2, "updated", 1),
        saying("a", 3, "resolved", 1),
    ]
    old = [saying("b", 0, "opened", 1), saying("b", 0, "resolved", 1)]
    writer = Writer(database.session())
    for some in (said[1:], old, said[:2]):
        writer.add(alerts(some))
        writer.flush()
    question = """
        SELECT alert_id, revision, state, toString(contributors.excess[1]) AS most
        FROM alerts_current ORDER BY alert_id"""
    most = "0.000000000002"  # 2 pico
    assert database.reader.rows(question) == [
        {"alert_id": "a", "revision": 3, "state": "resolved", "most": most},
        {"alert_id": "b", "revision": 0, "state": "resolved", "most": most},
    ]
    assert database.reader.value("SELECT count() FROM alerts FINAL") == len(said + old)


def saying(
    name: str, revision: int, state: Literal["opened", "updated", "resolved"], minutes: int
) -> Alert:
    """Return one saying of an alert of a model, as of some minutes."""
    of_model: Contributor = {
        "dimension": "model", "value": "gpt-5", "excess": to_bytes(2), "share": 1.0
    }  # fmt: skip
    return {
        **NO_DETAILS, "alert_id": name, "tenant": "acme", "kind": "cost_anomaly", "state": state,
        "since_us": T0, "at_us": T0 + minutes * MINUTE_US, "expected": None, "actual": None,
        "excess": None, "currency": "USD", "summary": "", "severity": "warning",
        "revision": revision or None, "contributors": [of_model],
    }  # fmt: skip
