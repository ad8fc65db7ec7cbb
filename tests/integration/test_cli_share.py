"""`apportion share`: hours shown, published, and found to be as published."""

import json
import time
from pathlib import Path

import pytest

from schemas.records import CostLine
from streams.core.windows import HOUR_US
from streams.replay.share_recent import share_recent
from streams.settings import KafkaSettings, WorkerSettings
from tests.at_rest import database, published, write
from tests.builders.cost_lines import MINUTE_US, line
from tests.command_line import Apportion, runner

pytestmark = pytest.mark.integration

SHARED = """
shared_costs:
  - name: platform team
    tenant: platform
    key: proportional
    among: [acme, globex]
"""


def spent(number: int, tenant: str, cost: str) -> CostLine:
    """Return a final line of three hours ago."""
    start_us = (time.time_ns() // 1000 // HOUR_US - 3) * HOUR_US
    return line(number, cost, tenant=tenant, status="final", window_start_us=start_us,
                window_end_us=start_us + MINUTE_US)  # fmt: skip


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database at rest: the platform team's 3 dollars, acme's 3 and globex's 6."""
    lines = [spent(1, "platform", "3"), spent(2, "acme", "3"), spent(3, "globex", "6")]
    return database(tmp_path, lines, ("catalog", SHARED))


@pytest.fixture
def share(
    kafka: KafkaSettings,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Apportion:
    monkeypatch.chdir(tmp_path)
    run, reach = runner(monkeypatch, capsys), ("--kafka", kafka.bootstrap, "--clickhouse", url)
    return lambda *words: run("share", *words, *reach)


def test_an_hour_is_shown_published_and_then_as_published(
    share: Apportion, kafka: KafkaSettings, url: str
) -> None:
    """3 over 3:6 is 1 and 2."""
    status, out, _ = share("--json")
    [hour] = json.loads(out)["hours"]
    assert (status, hour["new"], published(kafka)) == (0, True, [])
    assert {(each["tenant"], each["cost"]) for each in hour["lines"]} == {
        ("platform", "-3.000000000000"), ("acme", "1.000000000000"), ("globex", "2.000000000000")
    }  # fmt: skip

    status, out, _ = share("--publish")
    assert (status, "1 hours, 0 of them not closed yet, published" in out) == (0, True)
    lines = published(kafka)
    assert {each["pool"] for each in lines} == {"charge:shared"}

    write(url, lines)
    share("--publish")
    assert len(published(kafka)) == len(lines)


def test_a_stack_hands_on_by_itself_once(kafka: KafkaSettings, url: str) -> None:
    settings = WorkerSettings.model_validate({"kafka": kafka, "clickhouse": {"url": url}})
    assert share_recent(settings) == 3
    write(url, published(kafka))
    assert share_recent(settings) == 0
