"""What the store processor stands on: a migrated database, two writers, and SQL on a socket.

Embedded, one process holds the data directory. A second store waits for it as a hot standby and
joins its group only when it is the one.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from clickhouse import rows
from clickhouse.client import Connection, connect
from clickhouse.directory import DirectoryLock, wait_for_directory
from clickhouse.errors import DataDirectoryBusy
from clickhouse.migrate import migrate
from clickhouse.writer import Writer
from schemas.records import Config
from streams import sql_socket
from streams.replay.report import reports
from streams.settings import WorkerSettings
from streams.sql import read_only

LOG = structlog.get_logger()


@asynccontextmanager
async def opened(
    settings: WorkerSettings, book: Config, catalog: Config
) -> AsyncIterator[tuple[Writer, Writer]]:
    """Yield two writers on a database that has this release's tables and the rules in force.

    Waits while another process holds the embedded engine's directory.
    """
    lock = await _lock(settings)
    connection = await asyncio.to_thread(_connect, settings, lock)
    try:
        writers = Writer(connection.writer), Writer(connection.session())
        await asyncio.to_thread(_prepare, writers[0], book, catalog)
        if settings.sql_socket is None:
            yield writers
        else:
            reader = read_only(connection)
            async with sql_socket.serve(settings.sql_socket, reader, reports(connection)):
                yield writers
    finally:
        await asyncio.to_thread(connection.close)


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


def _connect(settings: WorkerSettings, lock: DirectoryLock | None) -> Connection:
    connection = connect(settings.clickhouse.dsn, settings.clickhouse.database, lock)
    for done in migrate(connection):
        LOG.info("migrated", migration=done.name)
    return connection


def _prepare(writer: Writer, book: Config, catalog: Config) -> None:
    writer.recover()
    writer.add(rows.configs("price-book", [book]), rows.configs("catalog", [catalog]))
    writer.flush()
