"""Observers of one call over a ClickHouse server, and over Apache Kafka under `make test-kafka`."""

import asyncio
from pathlib import Path

import pytest

from tests import brokers
from tests.e2e.test_up_observers import WITHIN_S, observe
from tests.servers import clickhouse_server
from tests.servers.clickhouse_server import PASSWORD, WRITER

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(WITHIN_S)]


def test_each_call_is_billed_once_on_servers_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPORTION_CLICKHOUSE__USERNAME", WRITER)
    monkeypatch.setenv("APPORTION_CLICKHOUSE__PASSWORD", PASSWORD)
    with (
        brokers.running(tmp_path) as kafka,
        clickhouse_server.server(tmp_path / "server") as server,
    ):
        asyncio.run(observe(tmp_path / "data", kafka, server.url))
