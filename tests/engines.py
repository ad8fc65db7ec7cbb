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
def running(folder: Path) -> Iterator[str]:
    """Yield the address of an engine on fresh data; what runs for it is gone afterwards."""
    if not IS_SERVER:
        yield f"chdb://{folder / 'data'}"
        return
    from tests.servers import clickhouse_server  # noqa: PLC0415 - fetched only where it is wanted

    with clickhouse_server.server(folder) as server:
        yield server.dsn
