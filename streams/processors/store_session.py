"""What the store processor stands on: a migrated database, two writers, and SQL on a socket.

Embedded, one process holds the data directory. A second store waits for it as a hot standby and
joins its group only when it is the one. Opening takes about as long as joining: both go on at once.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from clickhouse import rows
from clickhouse.client import Connection, connect
from clickhouse.directory import DirectoryLock, wait_for_directory
from clickhouse.errors import DataDirectoryBusy
from clickhouse.migrate import migrate
from clickhouse.writer import Writer
from schemas.records import Config
from streams import sql_socket
from streams.processors.store_patience import Patience
from streams.replay.report import reports
from streams.settings import WorkerSettings
from streams.sql import read_only

LOG = structlog.get_logger()
Writers: TypeAlias = tuple[Writer, Writer]
STARTING = "opening ClickHouse"


@dataclass(frozen=True, slots=True)
class Opening:
    """A database being opened: two writers to come, and why they have not yet."""

    writers: asyncio.Future[Writers]
    patience: Patience


@asynccontextmanager
async def opening(
    settings: WorkerSettings, book: Config, catalog: Config
) -> AsyncIterator[Opening]:
    """Yield what ends with two writers, once this process may open the database.

    The database then has this release's tables and the rules in force. Waits while another process
    holds the embedded engine's directory, and while a server is down; ends with Misconfigured when
    it cannot be used.
    """
    connection = connect(
        settings.clickhouse.dsn, settings.clickhouse.database, await _lock(settings)
    )
    patience = Patience(STARTING)
    async with AsyncExitStack() as served:
        served.push_async_callback(asyncio.to_thread, connection.close)
        task = asyncio.create_task(_open(connection, settings, (book, catalog), patience, served))
        try:
            yield Opening(task, patience)
        finally:
            patience.end_in(0.0)
            await asyncio.wait({task})  # what is half open cannot be closed
            task.exception()  # whoever waited for it has been told


async def _open(
    connection: Connection,
    settings: WorkerSettings,
    documents: tuple[Config, Config],
    patience: Patience,
    served: AsyncExitStack,
) -> Writers:
    writers = await patience.tried(lambda: _prepared(connection, *documents))
    if settings.sql_socket is not None:
        reader = read_only(connection)
        server = sql_socket.serve(settings.sql_socket, reader, reports(connection))
        await served.enter_async_context(server)
    return writers


async def _lock(settings: WorkerSettings) -> DirectoryLock | None:
    directory = settings.clickhouse.embedded
    if directory is None:
        return None
    stop = threading.Event()
    try:
        return await asyncio.to_thread(wait_for_directory, directory, _say_standby, stop)
    finally:
        stop.set()  # ends the thread when this task is cancelled


def _say_standby(busy: DataDirectoryBusy) -> None:
    LOG.info("standing_by", directory=str(busy.path), holder_pid=busy.holder_pid)


def _prepared(connection: Connection, book: Config, catalog: Config) -> Writers:
    for done in migrate(connection):
        LOG.info("migrated", migration=done.name)
    writers = Writer(connection.writer), Writer(connection.session())
    writers[0].recover()
    writers[0].add(rows.configs("price-book", [book]), rows.configs("catalog", [catalog]))
    writers[0].flush()
    return writers
