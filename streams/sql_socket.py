"""SQL over a unix socket, because the embedded engine admits one process: the store.

POST / with the statement as the body and ?format=; answers text, or 400 with what the engine said.
Read-only, mode 0600: only the user who runs the store gets in, and that user may read every file
the engine could show anyway. One statement at a time, beside at most a few reports (audit, repair).
"""

import asyncio
import http.client
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeAlias
from urllib.parse import urlencode

from aiohttp import web

from clickhouse.errors import ClickHouseError
from streams.errors import SqlRefused, StoreLost, StoreUnavailable
from streams.replay.errors import ReplayError

PATH_BYTES = 102  # macOS's sun_path is 104 (Linux's 108): its end, and the dot of the draft
STATEMENT_BYTES = 1024 * 1024
ANSWER_S = 300.0  # the longest statement a client waits for
REPORT_S = 3600.0  # the longest report; one that nobody waits for any longer is made all the same
SHUTDOWN_S = 0.5


Report: TypeAlias = Callable[[Mapping[str, str]], str]  # of what it is asked for, makes text


class Reader(Protocol):
    """Answers statements; `clickhouse.session.Session` is one. Blocks."""

    def text(self, sql: str, form: str) -> str:
        """Return a result in one of ClickHouse's formats."""


@asynccontextmanager
async def serve(path: Path, reader: Reader, reports: Mapping[str, Report]) -> AsyncIterator[None]:
    """Answer SQL on a socket until the block is left. A socket left by a dead store is replaced.

    `reader` must be read-only and used by nobody else (see `streams.sql.read_only`). A report is
    text that only the process that holds the data can make; it may take minutes and block.
    """
    if len(os.fsencode(path)) > PATH_BYTES:
        raise StoreUnavailable(f"expected a socket path of at most {PATH_BYTES} bytes, got {path}")
    with ThreadPoolExecutor(1, thread_name_prefix="sql") as thread:
        runner = web.AppRunner(
            _app(reader, thread, reports), access_log=None, shutdown_timeout=SHUTDOWN_S
        )
        await runner.setup()
        try:
            await web.SockSite(runner, _private_socket(path)).start()
            yield
        finally:
            _remove(path)
            await runner.cleanup()


def ask(path: Path, sql: str, form: str) -> str:
    """Send a statement to the store behind a socket. Blocks.

    Raises StoreUnavailable when none listens, StoreLost when it ends before it has answered,
    SqlRefused with what the engine said, or when there is no answer in time.
    """
    return _post(path, f"/?{urlencode({'format': form})}", sql.encode(), ANSWER_S)


def report(path: Path, name: str, asked: Mapping[str, str], within_s: float = REPORT_S) -> str:
    """Have the store behind a socket make a report. Blocks.

    Raises StoreUnavailable when none listens, StoreLost when it ends before it has answered,
    SqlRefused with what went wrong, or when there is no answer in time.
    """
    return _post(path, f"/report/{name}", json.dumps(dict(asked)).encode(), within_s)


def answers(path: Path) -> bool:
    """Whether a store listens on a socket; one that died may have left it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        return client.connect_ex(str(path)) == 0


def _post(path: Path, target: str, body: bytes, within_s: float) -> str:
    connection = _UnixConnection(path, within_s)
    try:
        _reach(connection, path)
        connection.request("POST", target, body)
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
    except TimeoutError as error:
        text = f"expected an answer of the store within {within_s:g} s, got none"
        raise SqlRefused(f"{text}; it is busy, ask later") from error
    except (OSError, http.client.HTTPException) as error:
        text = f"expected an answer of the store on {path}, but it ended before it had one"
        raise StoreLost(f"{text}; ask again once it runs") from error
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise SqlRefused(text.strip())
    return text


def _reach(connection: http.client.HTTPConnection, path: Path) -> None:
    try:
        connection.connect()
    except TimeoutError:  # it listens, and has more to answer than it can
        raise
    except OSError as error:
        raise StoreUnavailable(f"no store answers on {path}: {error}") from error


def _app(
    reader: Reader, thread: ThreadPoolExecutor, reports: Mapping[str, Report]
) -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        sql = await request.text()
        form = request.query.get("format", "TabSeparatedWithNames")
        loop = asyncio.get_running_loop()
        try:
            return web.Response(text=await loop.run_in_executor(thread, reader.text, sql, form))
        except ClickHouseError as error:
            return web.Response(text=error.detail, status=400)

    async def make(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in reports:
            return web.Response(text=f"expected one of {sorted(reports)}, got {name}", status=404)
        asked: dict[str, str] = await request.json()
        try:
            return web.Response(text=await asyncio.to_thread(reports[name], asked))
        except (ClickHouseError, ReplayError) as error:
            return web.Response(text=str(error), status=400)

    app = web.Application(client_max_size=STATEMENT_BYTES)
    app.router.add_post("/", answer)
    app.router.add_post("/report/{name}", make)
    return app


def _private_socket(path: Path) -> socket.socket:
    """Bind under a private name, restrict it, then move it into place: never open to others."""
    draft = path.with_name(f".{path.name}")
    _remove(draft)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(draft))
    draft.chmod(0o600)
    draft.replace(path)
    return listener


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, within_s: float) -> None:
        super().__init__("localhost", timeout=within_s)
        self._path = path

    def connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(self.timeout)
        try:
            sock.connect(str(self._path))
        except OSError:
            sock.close()
            raise
        self.sock = sock
