"""One gRPC call of one request and one reply, over a unix socket.

Not gRPC in general: no TLS, streams, compression or retries, and a connection per call. grpcio does
all that for 20 MB of memory, of the 80 that the whole agent may have; this takes 4. Blocking,
within its time-out.
"""

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import H2Error

from agents.errors import KubeletSilent

PREFIX: Final = 5  # bytes before a message: whether it is compressed, its length
MAX_REPLY: Final = 16 * 1024 * 1024  # the kubelet's own bound
RECEIVED_AT_ONCE: Final = 65_536
OK: Final = "0"


@dataclass(slots=True)
class Reply:
    """What has come of an answer."""

    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    has_ended: bool = False

    def take(self, event: Event) -> None:
        """Take one event of the stream. Raises KubeletSilent when it breaks off."""
        match event:
            case ResponseReceived() | TrailersReceived():
                self.headers |= {_text(name): _text(value) for name, value in event.headers or ()}
            case DataReceived():
                self.body += event.data or b""
                if len(self.body) > MAX_REPLY:
                    raise KubeletSilent(f"expected at most {MAX_REPLY} bytes, got more")
            case StreamReset() | ConnectionTerminated():
                raise KubeletSilent(f"expected a reply, got HTTP/2 error {event.error_code}")
            case StreamEnded():
                self.has_ended = True

    def message(self) -> bytes:
        """Return the message. Raises KubeletSilent where the call failed."""
        status = self.headers.get("grpc-status")
        if status != OK:
            said = self.headers.get("grpc-message", "no message")
            http = self.headers.get(":status")
            raise KubeletSilent(f"expected gRPC status 0, got {status} (HTTP {http}): {said}")
        length = int.from_bytes(self.body[1:PREFIX], "big")
        if len(self.body) != PREFIX + length or self.body[0]:
            raise KubeletSilent(f"expected one plain message, got {len(self.body)} bytes")
        return bytes(self.body[PREFIX:])


def call(path: Path, method: str, request: bytes, timeout_s: float) -> bytes:
    """Return the reply's message. Raises KubeletSilent for whatever went wrong."""
    until = time.monotonic() + timeout_s
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connected:
            connected.settimeout(timeout_s)
            connected.connect(str(path))
            return exchange(connected, method, request, until)
    except TimeoutError as error:
        raise KubeletSilent(f"{path}: no answer in {timeout_s:g} s") from error
    except OSError as error:
        raise KubeletSilent(f"{path}: {error!r}") from error


def exchange(connected: socket.socket, method: str, request: bytes, until: float) -> bytes:
    """Return the message that answers. Raises KubeletSilent, or OSError of the socket."""
    try:
        return _reply(connected, method, request, until).message()
    except H2Error as error:
        raise KubeletSilent(f"expected gRPC, got {error!r}") from error


def _reply(connected: socket.socket, method: str, request: bytes, until: float) -> Reply:
    protocol = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
    protocol.initiate_connection()
    stream = protocol.get_next_available_stream_id()
    protocol.send_headers(stream, _headers(method))
    protocol.send_data(stream, b"\0" + len(request).to_bytes(4, "big") + request, end_stream=True)
    reply = Reply()
    while not reply.has_ended:
        connected.sendall(protocol.data_to_send())
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connected.settimeout(left_s)
        data = connected.recv(RECEIVED_AT_ONCE)
        if not data:
            raise KubeletSilent("expected a reply, got the end of the connection")
        _take_all(protocol, stream, protocol.receive_data(data), reply)
    return reply


def _take_all(protocol: H2Connection, stream: int, events: Iterable[Event], reply: Reply) -> None:
    for event in events:
        reply.take(event)
        if isinstance(event, DataReceived):  # else the sender stops when its window is used up
            protocol.acknowledge_received_data(event.flow_controlled_length or 0, stream)


def _headers(method: str) -> list[tuple[str, str]]:
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", method),
        (":authority", "localhost"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ]


def _text(said: str | bytes) -> str:
    return said if isinstance(said, str) else said.decode(errors="replace")
