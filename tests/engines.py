"""The ClickHouse that tests run on: the embedded engine, or a server under `make test-kafka`.

Unlike the embedded engine, a server is set up by other people: it has users, and a time zone and
settings of its own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHOICE = "APPORTION_TEST_CLICKHOUSE"
IS_SERVER = os.environ.get(CHOICE) == "server"


@contextmanager
def server(folder: Path) -> Iterator[str | None]:
    """Yield the address of a fresh server that is gone afterwards; None: tests run embedded."""
    if not IS_SERVER:
        yield None
        return
    from tests.servers import clickhouse_server  # noqa: PLC0415 - fetched only where it is wanted

    with clickhouse_server.server(folder) as found:
        yield found.dsn


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Yield the address of an engine on fresh data."""
    with server(folder) as found:
        yield found or f"chdb://{folder / 'data'}"
