"""`apportion forecast` over a database at rest: spent exactly, the rest forecast, plans apart."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from clickhouse.client import connect
from clickhouse.rollups import recompute
from schemas.records import CostLine
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US
from tests.at_rest import database
from tests.builders.cost_lines import line
from tests.builders.usage import T0
from tests.command_line import Apportion, runner

pytestmark = pytest.mark.integration

HOURS = 40 * 24  # January, and nine days of February
CATALOG = """
tenants: [acme, globex, newcomer, late]
pools: [{name: h100}]
drivers:
  - {name: comes, tenant: newcomer, per_day: "24", currency: USD, effective_from: 2026-02-20T00:00Z}
  - {name: leaves, tenant: globex, factor: "0", effective_from: 2026-02-15T00:00Z}
  - {name: euro, tenant: acme, per_day: "9", currency: EUR, effective_from: 2026-03-20T00:00Z}
  - {name: cheaper, pool: h100, factor: "0.5", effective_from: 2026-02-15T00:00Z}
  - {name: march, tenant: late, per_day: "1", currency: USD, effective_from: 2026-03-20T00:00Z}
"""


def lines() -> Iterator[CostLine]:
    """Yield a line an hour: acme 1.00 in an API's pool, globex 2.00 in h100; one settlement."""
    for hour in range(HOURS):
        begin_us = T0 + hour * HOUR_US + 59 * MINUTE_US
        within = {"window_start_us": begin_us, "window_end_us": begin_us + MINUTE_US}
        yield line(2 * hour, "1", status="final", **within)
        yield line(2 * hour + 1, "2", tenant="globex", pool="h100", **within)
    begin_us = T0 + 31 * DAY_US
    yield line(
        2 * HOURS,
        "-0.000000000001",
        pool="charge:volume",
        kind="adjustment",
        window_start_us=begin_us,
        window_end_us=begin_us + 28 * DAY_US,
    )


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    made = database(tmp_path_factory.mktemp("forecast"), list(lines()), ("catalog", CATALOG))
    with connect(made) as connection:
        recompute(connection.writer, [T0 + hour * HOUR_US for hour in range(HOURS)])
    return made


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Apportion:
    return runner(monkeypatch, capsys)


def said(run: Apportion, url: str, *words: str) -> dict[str, dict[str, Any]]:
    status, out, err = run("forecast", "--clickhouse", url, "--json", *words)
    assert status == 0, err
    return {each.get("tenant") or each["pool"]: each for each in json.loads(out)["forecasts"]}


def test_a_month_is_what_was_spent_and_what_goes_on(run: Apportion, url: str) -> None:
    """216 hours of 672 are over on the tenth; globex leaves after another 120 of them."""
    found = said(run, url, "--at", "2026-02-10T00:30Z")
    assert list(found)[-1] == "newcomer"
    acme, globex, newcomer = (found[name] for name in ("acme", "globex", "newcomer"))
    assert acme["spent"] == "215.999999999999"
    assert float(acme["expected"]) == pytest.approx(672)
    assert [*map(float, acme["by_95"])] == pytest.approx([672, 672])
    assert (acme["drivers"], acme["provisional_lines"]) == ([], 1)
    [leaves] = globex["drivers"]
    assert leaves["name"] == "leaves"
    assert float(leaves["amount"]) == pytest.approx(-672)
    assert float(globex["expected"]) == pytest.approx(2 * (216 + 120))
    assert (newcomer["spent"], newcomer["rest"]) == ("0.000000000000", "0.000000000000")
    assert float(newcomer["expected"]) == pytest.approx(9 * 24)


def test_a_pool_is_forecast_as_a_tenant_is(run: Apportion, url: str) -> None:
    """h100: 432 by the tenth, 240 more by the fifteenth, then half of 672."""
    found = said(run, url, "--at", "2026-02-10", "--pool", "h100")
    assert list(found) == ["h100"]
    assert found["h100"]["spent"] == "432.000000000000"
    assert float(found["h100"]["expected"]) == pytest.approx(432 + 240 + 336)
    assert set(said(run, url, "--at", "2026-02-10", "--pools")) >= {"h100", "api:openai"}


def test_a_month_that_is_over_and_one_to_come(run: Apportion, url: str) -> None:
    over = said(run, url, "--at", "2026-02-10", "--month", "2026-01", "--tenant", "acme")
    assert over["acme"]["expected"] == over["acme"]["spent"] == "744.000000000000"
    to_come = said(run, url, "--at", "2026-02-10", "--month", "2026-03", "--tenant", "late")
    assert float(to_come["late"]["expected"]) == pytest.approx(12)


def test_people_get_a_table_with_plans_below(run: Apportion, url: str) -> None:
    status, out, err = run("forecast", "--clickhouse", url, "--at", "2026-02-10")
    assert status == 0, err
    head, columns, *rows, newcomer, comes = out.splitlines()
    assert head == "2026-02, as known until 2026-02-10T00:00:00.000000Z"
    assert columns.split()[:4] == ["tenant", "spent", "rest", "expected"]
    [acme] = [row.split() for row in rows if row.startswith("acme")]
    assert acme[:4] == ["acme", "216.00", "456.00", "672.00"]
    assert newcomer.split()[0] == "newcomer"
    assert comes.split() == ["planned:", "comes", "216.00", "USD"]


def test_what_no_forecast_reaches_is_refused(run: Apportion, url: str) -> None:
    asked = ("forecast", "--clickhouse", url, "--at", "2026-02-10", "--month")
    status, _, err = run(*asked, "2026-12")
    assert status == 2
    assert "expected a month that ends within 100 days" in err
    status, _, err = run(*asked, "2026-2")
    assert status == 2
    assert "expected a month like 2026-10" in err


def test_before_the_first_line_nothing_is_known(run: Apportion, url: str) -> None:
    status, out, err = run("forecast", "--clickhouse", url, "--at", "2025-12-01")
    assert (status, out) == (0, "no cost\n"), err
