"""A connection: every handle of this process on one ClickHouse database.

Writing and reading have a handle each, because a handle takes one call at a time and two handles
run side by side. Further ones are opened for streams and for the user's own SQL.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Self

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from clickhouse.address import Embedded, Server, parse_address
from clickhouse.directory import DirectoryLock, lock_directory
from clickhouse.errors import Misconfigured
from clickhouse.faults import translated
from clickhouse.pinned import Settings, pin
from clickhouse.session import Session

CONNECT_TIMEOUT_S = 5  # a server on the same network answers in milliseconds
ANSWER_TIMEOUT_S = 60  # the slowest statement here, a recompute of many hours, takes seconds


class Connection:
    """Handles on one database. Made by `connect`; nothing is opened before it is used."""

    def __init__(
        self, address: Embedded | Server, database: str, lock: DirectoryLock | None
    ) -> None:
        self.address = address
        self.database = database
        self._lock = lock
        self._sessions: list[Session] = []
        self._idle: list[Session] = []  # of those, lent to nobody
        self._guard = threading.Lock()

    @cached_property
    def writer(self) -> Session:
        """The handle for inserts, recomputes and migrations."""
        return self.session()

    @cached_property
    def reader(self) -> Session:
        """The handle for queries of our own."""
        return self.session()

    def session(self, settings: Settings | None = None) -> Session:
        """Open another handle. It is closed with the connection."""
        session = Session(self._client(settings or {}), self.address)
        with self._guard:
            self._sessions.append(session)
        return session

    @contextmanager
    def borrowed(self, settings: Settings | None = None) -> Iterator[Session]:
        """Give a handle that is closed at the end, for a stream or for someone else's SQL."""
        session = self.session(settings)
        try:
            yield session
        finally:
            with self._guard:
                self._sessions = [each for each in self._sessions if each is not session]
            session.close()

    @contextmanager
    def lent(self) -> Iterator[Session]:
        """Give a handle that is kept for whoever asks next: opening one takes a tenth of a second.

        For statements that are answered whole. After an error it is not given again.
        """
        session = None
        with suppress(IndexError):  # popped and appended at once: threads may ask
            session = self._idle.pop()
        session = session or self.session()
        yield session
        self._idle.append(session)

    def on(self, database: str) -> "Connection":
        """Return a connection to another database of the same engine; this one keeps the lock."""
        return Connection(self.address, database, None)

    def close(self) -> None:
        """Close every handle, then free the data directory."""
        with self._guard:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()
        if self._lock:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _client(self, settings: Settings) -> Client:
        with translated(self.address):
            match self.address:
                case Embedded(path):
                    return clickhouse_connect.get_client(
                        interface="chdb",
                        path=str(path),
                        database=self.database,
                        settings=dict(settings),
                        tz_mode="aware",
                    )
                case Server() as server:
                    client = clickhouse_connect.get_client(
                        interface="https" if server.secure else "http",
                        host=server.host,
                        port=server.port,
                        username=server.user,
                        password=server.password,
                        database=self.database,
                        tz_mode="aware",
                        connect_timeout=CONNECT_TIMEOUT_S,
                        send_receive_timeout=ANSWER_TIMEOUT_S,
                        show_clickhouse_errors="scrub",  # without URL and version
                        autogenerate_session_id=False,  # a session admits one query at a time
                    )
                    pin(client, settings)
                    return client


def connect(url: str, database: str = "apportion", lock: DirectoryLock | None = None) -> Connection:
    """Return a connection to `chdb:///abs/dir` or `http://user:password@host:8123`.

    Raises Misconfigured for an address that cannot be one, and DataDirectoryBusy when another
    process, or another connection of this one, holds the directory; to wait for it instead, take
    `lock` from `wait_for_directory`. The database need not exist yet: `migrate` makes it.
    """
    address = parse_address(url)
    _quieten()
    match address:
        case Embedded(path):
            return Connection(address, database, checked(lock, path) or lock_directory(path))
        case Server():
            return Connection(address, database, None)


def _quieten() -> None:
    """Keep the client library from logging what it raises as well."""
    for name in ("clickhouse_connect", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.ERROR)


def checked(lock: DirectoryLock | None, path: Path) -> DirectoryLock | None:
    """Return a given lock. Raises Misconfigured when it is that of another directory."""
    if lock and lock.path != path:
        raise Misconfigured(f"expected the lock of {path}, got that of {lock.path}")
    return lock
