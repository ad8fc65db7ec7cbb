"""The REST paths of the Kubernetes API that the agent asks for, over HTTP, with what goes wrong.

List (pages, field selectors) and watch (bookmarks, 410 Gone, resets) as the API conventions say.
"""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]
POLL_S = 0.02


def pod(name: str, uid: str, *, phase: str = "Running", **more: Any) -> Object:  # noqa: ANN401 - JSON
    """Return a pod of node-1 in namespace ml."""
    meta = {"name": name, "namespace": "ml", "uid": uid, "labels": more.get("labels", {})}
    containers = more.get("containers", {})
    statuses = [{"name": n, "containerID": f"containerd://{i}"} for i, n in containers.items()]
    return {
        "metadata": meta | {"annotations": more.get("annotations", {})},
        "spec": {"nodeName": more.get("node", "node-1")},
        "status": {"phase": phase, "containerStatuses": statuses},
    }


def namespace(name: str, **labels: str) -> Object:
    """Return a namespace."""
    return {"metadata": {"name": name, "uid": f"ns-{name}", "labels": labels}}


def node(name: str, *, is_cordoned: bool) -> Object:
    """Return a node."""
    spec = {"unschedulable": True} if is_cordoned else {}
    return {"metadata": {"name": name, "uid": f"node-{name}"}, "spec": spec}


@dataclass
class KubernetesSays:
    """What there is, what happened to it, and what the next requests meet."""

    objects: dict[str, dict[str, Object]] = field(default_factory=dict)  # by path and uid
    events: list[tuple[int, str, str, Object]] = field(default_factory=list)
    version: int = 100
    oldest: int = 0  # the first version that can still be followed
    bookmark: int = 0  # told to who follows an older version
    token: str | None = None
    is_away: bool = False
    requests: list[str] = field(default_factory=list)
    resets: int = 0  # counts up: watches that began before break off
    ends: int = 0  # as resets, but in an orderly way
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, path: str, of: Object, kind: str | None = None) -> None:
        """Add, change or (kind DELETED) take away an object."""
        with self.lock:
            self.version += 1
            known = self.objects.setdefault(path, {})
            of = {**of, "metadata": {**of["metadata"], "resourceVersion": str(self.version)}}
            uid = of["metadata"]["uid"]
            self.events.append(
                (self.version, kind or ("MODIFIED" if uid in known else "ADDED"), path, of)
            )
            known[uid] = of
            if kind == "DELETED":
                del known[uid]

    def expire(self) -> None:
        """Forget all events: whoever follows an older version has to list again."""
        with self.lock:
            self.version += 1
            self.oldest = self.version


def fits(of: Object, selector: str) -> bool:
    """Whether an object is selected."""
    name, _, wanted = selector.partition("=")
    part: Any = of
    for step in name.split(".") if name else ():
        part = part.get(step, {})
    return not name or part == wanted


class Handler(BaseHTTPRequestHandler):
    """Answers one request as `says` would."""

    says: ClassVar[KubernetesSays]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.says.requests.append(self.path)
        if self.says.is_away:
            self.close_connection = True
        elif self.says.token and self.headers["Authorization"] != f"Bearer {self.says.token}":
            self._answer(401, {"message": "Unauthorized"})
        elif "watch" in query:
            self._watch(url.path, query)
        else:
            self._list(url.path, query)

    def _answer(self, status: int, said: Object) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _list(self, path: str, query: dict[str, str]) -> None:
        with self.says.lock:
            every = [
                each
                for each in self.says.objects.get(path, {}).values()
                if fits(each, query.get("fieldSelector", ""))
            ]
            meta = {"resourceVersion": str(self.says.version)}
        first, limit = int(query.get("continue", "0")), int(query["limit"])
        if first + limit < len(every):
            meta["continue"] = str(first + limit)
        self._answer(200, {"metadata": meta, "items": every[first : first + limit]})

    def _watch(self, path: str, query: dict[str, str]) -> None:
        after, resets, ends = int(query["resourceVersion"]), self.says.resets, self.says.ends
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while (resets, ends) == (self.says.resets, self.says.ends) and not self.says.is_away:
            with self.says.lock:
                is_gone = after < self.says.oldest
                news = [each for each in self.says.events if each[0] > after and each[2] == path]
            if is_gone:
                self._send("ERROR", {"code": 410, "message": "too old resource version"})
                break
            if after < self.says.bookmark:
                after = self.says.bookmark
                self._send("BOOKMARK", {"metadata": {"resourceVersion": str(after)}})
            for version, kind, _, of in news:
                after = version
                if fits(of, query.get("fieldSelector", "")):
                    self._send(kind, of)
            threading.Event().wait(POLL_S)
        if resets != self.says.resets or self.says.is_away:
            self.close_connection = True  # in the middle of a chunked body
            return
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, kind: str, of: Object) -> None:
        line = json.dumps({"type": kind, "object": of}).encode() + b"\n"
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    """Answers each connection in a thread, by TLS where it was told how."""

    trust: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; its own thread shakes hands."""
        accepted, address = super().get_request()
        if self.trust is not None:
            accepted = self.trust.wrap_socket(
                accepted, server_side=True, do_handshake_on_connect=False
            )
        return accepted, address

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that trust somebody else."""


@contextmanager
def running(says: KubernetesSays, certificate: Path | None = None) -> Iterator[str]:
    """Serve until the block ends, and yield the address. With a certificate (and key): by TLS."""

    handler = type("Handler", (Handler,), {"says": says})
    server = Server(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if certificate is not None:
        server.trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.trust.load_cert_chain(certificate)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,))
    thread.start()
    try:
        yield f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
    finally:
        says.is_away = True
        server.shutdown()
        server.server_close()
        thread.join()
