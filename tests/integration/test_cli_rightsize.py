"""`apportion rightsize` over an archive at rest: what is worked too little, and what it costs."""

import json
from typing import Any, cast

import pytest

from clickhouse.client import connect
from clickhouse.usage_rows import Attributed, Position, UsageBatch, Versions, usage_rows
from clickhouse.writer import Writer
from schemas.records import GpuInterval
from streams.core.windows import HOUR_US, SECOND_US
from tests.at_rest import database
from tests.builders.usage import T0, batch, holder, interval
from tests.command_line import Apportion, runner

pytestmark = pytest.mark.integration

DAY = 24
S = SECOND_US
TWO_DOLLARS = 2 * 10**12
STRETCH = ("--from", "2026-01-01", "--to", "2026-01-02")


def day_of(device: str, active_s: int, **changes: object) -> list[GpuInterval]:
    """Return a GPU held for a day by an endpoint, of which so many seconds of each hour worked."""
    return [
        interval(
            holder(3000 * S, active_s * S, endpoint="llama"),
            start_us=T0 + hour * HOUR_US,
            end_us=T0 + (hour + 1) * HOUR_US,
            device=device,
            **changes,
        )
        for hour in range(DAY)
    ]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two GPUs at 2.00 an hour, one that idles and one that is worn; and one without a price."""
    made = database(tmp_path_factory.mktemp("rightsize"), [])
    events = [*day_of("GPU-idle", 360), *day_of("GPU-worn", 3000, out_of_service_us=300 * S)]
    attributed = [Attributed("h100", None, TWO_DOLLARS)] * len(events)
    events += day_of("GPU-new", 0, node="l40-1")
    attributed += [Attributed("l40", None, None)] * DAY
    rows = usage_rows(
        "GpuUsageBatch",
        cast("UsageBatch", batch(*events, source="node")),
        attributed,
        Position("usage.gpu.v1", 0, 0),
        Versions("b", "c", "USD"),
    )
    with connect(made) as connection:
        writer = Writer(connection.writer)
        writer.add(*rows, *rows)  # delivered twice
        writer.flush()
    return made


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Apportion:
    return runner(monkeypatch, capsys)


def said(run: Apportion, url: str, *words: str) -> list[dict[str, Any]]:
    status, out, err = run("rightsize", "--clickhouse", url, *STRETCH, "--json", *words)
    assert status == 0, err
    found: list[dict[str, Any]] = json.loads(out)["rightsize"]
    return found


def test_each_gpu_is_judged_by_the_time_it_was_there(run: Apportion, url: str) -> None:
    """Idle: 360 s of 3,600, 90 % of 48.00. Worn: 3,000 of the 3,300 s in service, over 90 %.

    A sixth and five sixths of 2.00 are each rounded down: 1e-12 less an hour.
    """
    idle, worn, _ = said(run, url, "--by", "gpu")
    assert (idle["device"], idle["kind"], idle["hours"]) == ("GPU-idle", "rightsize_low", DAY)
    assert (idle["cost"], idle["unworked_cost"]) == ("47.999999999976", "43.199999999976")
    assert (worn["device"], worn["kind"]) == ("GPU-worn", "rightsize_high")
    assert (worn["seen_us"], worn["active_us"]) == (DAY * 3300 * S, DAY * 3000 * S)
    assert worn["busiest_hour_us"] == 3000 * S


def test_a_pool_may_be_well_while_its_gpus_are_not(run: Apportion, url: str) -> None:
    """3,360 s of 6,900 are 49 %: nothing, unless more than that is asked for."""
    assert [each["pool"] for each in said(run, url)] == ["l40"]
    pool, _ = said(run, url, "--low", "50")
    assert (pool["pool"], pool["endpoint"], pool["node"]) == ("h100", None, None)


def test_an_endpoint_is_judged_by_what_it_holds(run: Apportion, url: str) -> None:
    """3,360 s of 6,000 held are 56 %. In another pool it is another."""
    assert [each["pool"] for each in said(run, url, "--by", "endpoint")] == ["l40"]
    endpoint, _ = said(run, url, "--by", "endpoint", "--low", "57")
    assert (endpoint["endpoint"], endpoint["seen_us"]) == ("llama", DAY * 6000 * S)


def test_what_has_no_price_is_said_and_costs_nothing_that_is_known(
    run: Apportion, url: str
) -> None:
    [pool] = said(run, url)
    assert (pool["unworked_cost"], pool["unpriced_us"]) == ("0.000000000000", pool["seen_us"])
    _, out, _ = run("rightsize", "--clickhouse", url, *STRETCH)
    assert "partly unpriced" in out


def test_a_day_less_than_asked_for_is_no_signal(run: Apportion, url: str) -> None:
    assert said(run, url, "--by", "gpu", "--hours", "25") == []


def test_people_get_a_table(run: Apportion, url: str) -> None:
    status, out, err = run("rightsize", "--clickhouse", url, *STRETCH, "--by", "gpu")
    assert status == 0, err
    head, idle, *_ = out.splitlines()
    assert head.split()[:2] == ["worked", "pool"]
    assert idle.split()[:5] == ["too", "little", "h100", "gpu-node-1", "GPU-idle"]
    assert "10.0 %" in idle
    assert "43.199999999976" in idle
    status, out, _ = run("rightsize", "--clickhouse", url, *STRETCH, "--hours", "25")
    assert (status, out) == (0, "nothing is worked too little or too much\n")


def test_what_is_gone_for_as_long_is_no_signal_any_more(run: Apportion, url: str) -> None:
    """All end at midnight: a day later they may come back, an hour after that they are gone."""
    later = ("rightsize", "--clickhouse", url, "--json", "--from", "2026-01-01", "--to")
    _, out, _ = run(*later, "2026-01-03")
    assert len(json.loads(out)["rightsize"]) == 1
    _, out, _ = run(*later, "2026-01-03T01:00Z")
    assert json.loads(out)["rightsize"] == []


def test_limits_that_cross_are_refused(run: Apportion, url: str) -> None:
    status, _, err = run("rightsize", "--clickhouse", url, "--low", "70", "--high", "60")
    assert status == 2
    assert "expected less than --high 60, got 70" in err
