"""What a small agent serves over HTTP: GET /metrics for Prometheus, GET /health for a supervisor.

Python's own server in a thread: it costs two megabytes, an event loop's ten. Read-only, on loopback
unless told otherwise. /health answers 200 when the agent does its work and 503 when it does not.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Health = Callable[[], tuple[bool, Mapping[str, object]]]

PATIENCE_S = 10.0  # for a client to send its request


@contextmanager
def served(host: str, port: int, registry: CollectorRegistry, health: Health) -> Iterator[int]:
    """Serve until the block is left; yield the port, any free one for 0. `health` must not block.

    Raises OSError when the port is taken.
    """
    server = _Server((host, port), _handler(registry, health))
    thread = threading.Thread(target=server.serve_forever, name="web", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a client that is slow does not hold a stop


def _handler(registry: CollectorRegistry, health: Health) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE_S

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif self.path == "/health":
                is_ok, detail = health()
                said = json.dumps({"ok": is_ok, **detail}).encode()
                self._answer(200 if is_ok else 503, "application/json", said)
            else:
                self._answer(404, "text/plain", b"expected /metrics or /health\n")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Say nothing: a scrape is no news."""

    return Handler
