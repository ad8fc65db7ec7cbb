"""Where the data is, in a form that other processes can be told, so that all of them may ask."""

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from clickhouse.client import connect
from clickhouse.errors import Unavailable
from streams import sql_socket
from streams.errors import StoreUnavailable
from streams.replay.ask import Asker, Direct, OverSocket
from streams.replay.report import reports
from streams.settings import WorkerSettings
from streams.sql import read_only


@dataclass(frozen=True, slots=True)
class Server:
    """A ClickHouse server, and the database in it."""

    dsn: str
    database: str


Place: TypeAlias = Server | Path  # or the socket of a store


@cache
def asker_of(place: Place) -> Asker:
    """Return who answers for a place, once a process. Raises StoreUnavailable."""
    if isinstance(place, Path):
        return OverSocket(place)
    try:
        return Direct(connect(place.dsn, place.database))
    except Unavailable as error:
        raise StoreUnavailable(error.detail) from error


def is_served(settings: WorkerSettings) -> bool:
    """Whether a store that runs answers for an embedded engine."""
    socket = settings.sql_socket
    return bool(socket and socket.exists() and sql_socket.answers(socket))


@contextmanager
def place_of(settings: WorkerSettings) -> Iterator[Place]:
    """Give the place of the data that settings mean; one at rest is opened here, and served.

    Raises StoreUnavailable when there is none.
    """
    socket, directory = settings.sql_socket, settings.clickhouse.embedded
    if socket and is_served(settings):
        yield socket
    elif directory is None:
        yield Server(settings.clickhouse.dsn, settings.clickhouse.database)
    elif not directory.is_dir():
        raise StoreUnavailable(
            f"expected data in {directory}, got nothing; start `apportion up`, or name the "
            "directory with --data"
        )
    else:
        with served(settings.clickhouse.dsn, settings.clickhouse.database) as path:
            yield path


@contextmanager
def served(dsn: str, database: str) -> Iterator[Path]:
    """Open the directory of an embedded engine and answer for it on a socket, from a thread."""
    with (
        tempfile.TemporaryDirectory(prefix="apportion-") as folder,
        connect(dsn, database) as connection,
    ):
        path = Path(folder, "sql.sock")
        ready = threading.Event()
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()

        async def serve() -> None:
            try:
                async with sql_socket.serve(path, read_only(connection), reports(connection)):
                    ready.set()
                    await stop.wait()
            finally:
                ready.set()

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
        thread.start()
        ready.wait()
        try:
            yield path
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()
