"""One call as it passes by: the messages of an ASGI application, read and never changed.

On the request path its bytes are kept, at most the two ends of a long answer; they are read when it
is over, beside the path. Only what is compressed is unpacked as it comes.
"""

import time
from collections.abc import MutableMapping
from typing import Any, Final, TypeAlias

from agents.gateway.normalise.reading import name
from agents.gateway.normalise.status import status_of_code
from agents.gateway.normalise.usage import Answer
from apportion_hook.edges import Edges, parsed
from apportion_hook.routes import Route, Stream
from apportion_hook.sse import events, is_done, stream_edges, telling
from apportion_hook.unpacking import PLAIN, Unpacking, unpacking

REQUEST_BYTES: Final = 16 * 1024  # of a request, read for its model when the answer names none
STREAM: Final = b"text/event-stream"

Message: TypeAlias = MutableMapping[str, Any]  # as ASGI has it


class Exchange:
    """A request and its answer."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self.started_ns = time.time_ns()
        self.first_ns: int | None = None
        self.code: int | None = None
        self.is_stream = False
        self.has_left = False  # the client
        self._is_over = False  # the last message of the answer was sent
        self._request: bytearray | None = bytearray()  # None: too large
        self._unpacking: Unpacking | None = None
        self._is_readable = False
        self._edges = Edges()
        self._stream: Stream | None = None

    def received(self, message: Message) -> None:
        """Look at what the client sends."""
        if message["type"] == "http.disconnect":
            self.leave()
        elif message["type"] == "http.request" and self._request is not None:
            self._request += message.get("body", b"")
            if len(self._request) > REQUEST_BYTES:
                self._request = None

    def sent(self, message: Message) -> None:
        """Look at what was just sent to the client."""
        if message["type"] == "http.response.body":
            data = message.get("body", b"")
            if data:
                if self.first_ns is None:
                    self.first_ns = time.time_ns()
                if self._unpacking is not None:
                    data = self._unpacking.add(data)
                if self._is_readable:
                    self._edges.add(data)
            self._is_over = not message.get("more_body", False)
        elif message["type"] == "http.response.start":
            self._start(message)

    def leave(self) -> None:
        """Note that the client has gone: before it had the whole answer, or after."""
        self.has_left = self.has_left or not self.is_complete

    @property
    def is_complete(self) -> bool:
        """Whether all was sent, or what says that no more comes."""
        return self._is_over or (self._stream is not None and is_done([*events(self._edges)]))

    def answer(self) -> Answer:
        """Return what the answer told, as far as it came. Raises Unfit."""
        if self._stream is None:
            members = self._edges.members()
            return self.route.answer(members) if members else Answer()
        for event in telling([*events(self._edges)]):
            self._stream.add(event)
        return self._stream.answer()

    def requested_model(self) -> str | None:
        """Return the model that was asked for, where the request is small enough to look."""
        return name(parsed(bytes(self._request or b"")), "model")

    def status(self, answer: Answer) -> str:
        """Return how the attempt ended."""
        if self.has_left:
            return "client_disconnect"
        if not self.is_complete or answer.error_type is not None:
            by_code = status_of_code(self.code)
            return by_code if by_code not in {None, "ok"} else "error"
        return status_of_code(self.code) or "error"

    def _start(self, message: Message) -> None:
        self.code = message["status"]
        headers = {bytes(k).lower(): bytes(v) for k, v in message.get("headers", ())}
        encoding = headers.get(b"content-encoding", b"").strip().lower()
        self._unpacking = unpacking(encoding)
        self._is_readable = encoding in PLAIN or self._unpacking is not None
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind == STREAM:
            self.is_stream = True
            if self.route.stream is not None:
                self._stream = self.route.stream()
                self._edges = stream_edges(self.route.tail_bytes)
