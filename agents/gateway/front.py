"""What listens: uvicorn, with bounds on connections and on how long a head may take.

uvicorn bounds how long an idle connection stays open, but not how slowly a head may come, nor how
large it may get; and its own limit of connections answers 503 to everybody once it is reached.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agents.gateway.settings import LimitSettings, ListenSettings

HEAD_BYTES = 64 * 1024
DRAIN_S = 10  # for requests that are being answered
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class Bounded(HttpToolsProtocol):
    """A connection whose heads are bounded in time and size. Subclassed with its bounds."""

    head_s: float
    most: int  # connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        """Take a connection, or turn it away when there are too many."""
        super().connection_made(transport)
        self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        if len(self.connections) > self.most:
            transport.write(FULL)
            transport.close()
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline with the connection."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head that has not ended."""
        if self.transport.is_closing():
            return
        if self._deadline is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._deadline is not None and self._head_bytes > HEAD_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a head."""
        super().on_message_begin()
        if self._deadline is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Have a head."""
        self._head_came()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._deadline = self.loop.call_later(self.head_s, self.transport.close)

    def _head_came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process has its own, which drain."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        return int(self.servers[0].sockets[0].getsockname()[1])


def front(app: Starlette, listen: ListenSettings, limits: LimitSettings) -> Server:
    """Return the server that gateways push to."""
    bounds = {"head_s": limits.head_s, "most": limits.connections}
    return Server(
        uvicorn.Config(
            app,
            host=listen.host,
            port=listen.port,
            http=type("BoundedHttp", (Bounded,), bounds),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nothing here depends on the address of a client
            timeout_keep_alive=limits.idle_s,
            timeout_graceful_shutdown=DRAIN_S,
            ssl_certfile=None if listen.tls_cert is None else str(listen.tls_cert),
            ssl_keyfile=None if listen.tls_key is None else str(listen.tls_key),
        )
    )
