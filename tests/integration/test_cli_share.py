"""`apportion share`: hours shown, published, and found to be as published."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias, cast

import pytest

from clickhouse.client import connect
from clickhouse.migrate import migrate
from clickhouse.rows import ConfigKind, configs, cost_lines
from clickhouse.writer import Writer
from schemas import topics
from schemas.codec import Codec
from schemas.records import CostLine
from streams.__main__ import main
from streams.config_topic import CATALOG, PRICES
from streams.core.windows import HOUR_US
from streams.kafka import create_topics, read_to_end
from streams.replay.share_recent import share_recent
from streams.settings import KafkaSettings, WorkerSettings
from tests import brokers
from tests.builders.cost_lines import MINUTE_US, line

pytestmark = pytest.mark.integration

Apportion: TypeAlias = Callable[..., tuple[int, str, str]]

SHARED = """
shared_costs:
  - name: platform team
    tenant: platform
    key: proportional
    among: [acme, globex]
"""


def documents() -> Iterator[tuple[str, dict[str, object]]]:
    bodies = ((PRICES, "price-book", PRICES.default()), (CATALOG, "catalog", SHARED))
    for kind, name, body in bodies:
        version = kind.version(body, "test")
        yield name, {"version": version, "published_at_us": 1, "body": body, "note": None}


def spent(number: int, tenant: str, cost: str) -> CostLine:
    """Return a final line of three hours ago."""
    start_us = (time.time_ns() // 1000 // HOUR_US - 3) * HOUR_US
    return line(number, cost, tenant=tenant, status="final", window_start_us=start_us,
                window_end_us=start_us + MINUTE_US)  # fmt: skip


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database at rest: the platform team's 3 dollars, acme's 3 and globex's 6."""
    found = f"chdb://{tmp_path / 'clickhouse'}"
    write(found, [spent(1, "platform", "3"), spent(2, "acme", "3"), spent(3, "globex", "6")])
    with connect(found) as connection:
        writer = Writer(connection.writer)
        for name, document in documents():
            writer.add(configs(cast("ConfigKind", name), [document]))  # type: ignore[list-item]  # of the fields it has
        writer.flush()
    return found


def write(url: str, lines: list[CostLine]) -> None:
    with connect(url) as connection:
        migrate(connection)
        writer = Writer(connection.writer)
        writer.add(cost_lines(lines))
        writer.flush()


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[KafkaSettings]:
    with brokers.running(tmp_path) as found:
        settings = KafkaSettings(bootstrap=found)
        create_topics(settings)
        yield settings


@pytest.fixture
def share(
    kafka: KafkaSettings,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Apportion:
    """Run the command in this process; return its status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        reach = ("--kafka", kafka.bootstrap, "--clickhouse", url)
        monkeypatch.setattr(sys, "argv", ["apportion", "share", *arguments, *reach])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


def published(kafka: KafkaSettings) -> list[CostLine]:
    codec = Codec()
    return [
        cast("CostLine", codec.decode(entry.value)[1])
        for entry in read_to_end(kafka, topics.COST_LINE.name)
        if entry.value is not None
    ]


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
