"""GET requests to the Kubernetes API: lists page by page, watches line by line.

The stable REST paths over the standard library. Clients made for it cost 24 MB (lightkube) to 36 MB
(kr8s, kubernetes) of the 80 that the agent may have. Token and authority are read again for each
request, since both are replaced on disk. Blocking.
"""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode, urlsplit

from agents.errors import ApiServerSilent

Object: TypeAlias = dict[str, Any]  # JSON of Kubernetes

SECRETS: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
LIST_TIMEOUT_S: Final = 15.0
WATCH_S: Final = 300  # after which the server ends a watch by itself
GRACE_S: Final = 30.0  # that it may be late with it
MAX_LINE: Final = 8 * 1024 * 1024  # an object has at most 1.5 MiB in etcd
MAX_BODY: Final = 64 * 1024 * 1024
SAID: Final = 200  # bytes of a refusal that are repeated
KEEPALIVE: Final = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))


@dataclass(frozen=True, slots=True)
class Address:
    """Where the API is, and how to be let in. Null: no token, the system's authorities."""

    url: str  # e.g. https://10.96.0.1:443
    token: Path | None = SECRETS / "token"
    authority: Path | None = SECRETS / "ca.crt"


@dataclass(frozen=True, slots=True)
class Collection:
    """Objects of one kind, as a request asks for them."""

    path: str  # e.g. /api/v1/pods
    selector: str | None = None  # of fields
    is_metadata_only: bool = False

    def accept(self) -> str:
        """Return what to ask for."""
        plain = "application/json"
        partial = f"{plain};as=PartialObjectMetadata{{}};g=meta.k8s.io;v=v1"
        return (
            f"{partial.format('List')},{partial.format('')},{plain}"
            if self.is_metadata_only
            else plain
        )


class ApiServer:
    """One API server. Raises ApiServerSilent for whatever goes wrong."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._open: set[http.client.HTTPConnection] = set()
        self._is_closed = False

    def page(self, of: Collection, limit: int, token: str) -> Object:
        """Return one page of a list; `token` is what the page before said as `continue`."""
        query = {"limit": str(limit), **({"continue": token} if token else {})}
        with self._get(of, query, LIST_TIMEOUT_S) as response:
            return parsed(response.read(MAX_BODY))

    def watch(self, of: Collection, version: str) -> Iterator[Object]:
        """Yield what happens after a version, until the server ends the watch."""
        query = {
            "watch": "1",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_S),
        }
        with self._get(of, query, WATCH_S + GRACE_S) as response:
            yield {}  # the server has agreed; nothing has happened yet
            while line := response.readline(MAX_LINE):
                yield parsed(line)

    def close(self) -> None:
        """End the requests that are under way in other threads, and refuse new ones."""
        self._is_closed = True
        for connection in [*self._open]:
            with suppress(OSError, AttributeError):  # its own thread was faster
                connection.sock.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _get(
        self, of: Collection, query: Mapping[str, str], timeout_s: float
    ) -> Iterator[http.client.HTTPResponse]:
        asked = {**query, **({"fieldSelector": of.selector} if of.selector else {})}
        connection: http.client.HTTPConnection | None = None
        try:
            headers = self._headers(of)
            connection = self._connected(timeout_s)
            self._open.add(connection)
            if self._is_closed:  # after it was added: whoever closes saw it, or it sees this
                raise ApiServerSilent("closed")
            connection.request("GET", f"{of.path}?{urlencode(asked)}", headers=headers)
            response = connection.getresponse()
            if response.status != HTTPStatus.OK:
                said = response.read(SAID).decode(errors="replace")
                raise ApiServerSilent(
                    f"{of.path}: expected HTTP 200, got {response.status}: {said}", response.status
                )
            yield response
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ApiServerSilent(f"{self._address.url}{of.path}: {error!r}") from error
        finally:
            if connection is not None:
                self._open.discard(connection)
                connection.close()

    def _connected(self, timeout_s: float) -> http.client.HTTPConnection:
        url = urlsplit(self._address.url)
        host = url.hostname or ""
        connection: http.client.HTTPConnection
        if url.scheme == "https":
            trusted = ssl.create_default_context(cafile=self._address.authority)
            connection = http.client.HTTPSConnection(
                host, url.port, timeout=LIST_TIMEOUT_S, context=trusted
            )
        else:
            connection = http.client.HTTPConnection(host, url.port, timeout=LIST_TIMEOUT_S)
        connection.connect()
        connection.sock.settimeout(timeout_s)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE:
            connection.sock.setsockopt(socket.IPPROTO_TCP, option, value)
        return connection

    def _headers(self, of: Collection) -> dict[str, str]:
        headers = {"Accept": of.accept(), "User-Agent": "apportion-gpu-agent"}
        if self._address.token is not None:
            token = self._address.token.read_text(encoding="ascii").strip()
            headers["Authorization"] = f"Bearer {token}"
        return headers


def parsed(text: bytes) -> Object:
    """Return an object. Raises ApiServerSilent for what is none."""
    try:
        said = json.loads(text)
    except ValueError as error:
        raise ApiServerSilent(f"expected JSON, got {error}") from error
    if not isinstance(said, dict):
        raise ApiServerSilent(f"expected an object, got a {type(said).__name__}")
    return said
