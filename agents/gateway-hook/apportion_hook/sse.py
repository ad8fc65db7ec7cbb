"""Server-sent events, as they pass by: only what may tell of usage is looked at closely.

Most chunks of an answer are a few words of text; parsing each would cost more than all else here.
Bytes are those of the WHATWG specification (9.2); a JSON text has `"usage"` in it unescaped only
as a member's name.
"""

import re
from collections.abc import Iterator
from typing import Final

from apportion_hook.edges import parsed

LONGEST_LINE: Final = 256 * 1024  # bytes; a longer one is passed over
DONE: Final = b"[DONE]"
# What an event must hold to tell anything but text.
TELLING: Final = re.compile(rb'"usage(?:Metadata)?"(?!\s*:\s*null)|"error"')
LAST: Final = re.compile(
    rb'"type"\s*:\s*"(?:message_stop|response\.(?:completed|incomplete|failed))"'
)
# What a chunk must hold to be cut into lines at all, when whole events come before and after it.
NOTABLE: Final = re.compile(
    rb'"usage(?:Metadata)?"(?!\s*:\s*null)|"error"|\[DONE\]|"message_stop"|"response\.[cif]|\r'
)


class Events:
    """Cuts a stream into its events and yields the ones that tell something."""

    def __init__(self) -> None:
        self._line = bytearray()  # not ended yet
        self._is_too_long = False
        self._data: list[bytes] = []
        self._is_first = True
        self.is_done = False  # the last event came; clients leave then, before the stream ends

    def add(self, chunk: bytes) -> Iterator[dict[str, object]]:
        """Take the next bytes; yield the objects of the events that end in them."""
        if self._is_text(chunk):
            return
        *whole, rest = chunk.replace(b"\r\n", b"\n").split(b"\n")
        for part in whole:
            line = bytes(self._line) + part if self._line else part
            self._line.clear()
            is_whole, self._is_too_long = not self._is_too_long, False
            if is_whole:
                yield from self._end(line.removesuffix(b"\r"))
        if len(self._line) + len(rest) > LONGEST_LINE:
            self._line.clear()
            self._is_too_long = True
        elif not self._is_too_long:
            self._line += rest

    def end(self) -> Iterator[dict[str, object]]:
        """Yield what a stream that stops without an empty line still holds."""
        yield from self.add(b"\n\n")

    def _end(self, line: bytes) -> Iterator[dict[str, object]]:
        if line.startswith(b"data:"):
            self._data.append(line[5:].strip())
        elif not line and self._data:
            data, self._data = b"\n".join(self._data), []
            self.is_done = self.is_done or data == DONE or LAST.search(data) is not None
            if self._tells(data):
                self._is_first = False
                yield parsed(data)

    def _tells(self, data: bytes) -> bool:
        return self._is_first or TELLING.search(data) is not None

    def _is_text(self, chunk: bytes) -> bool:
        """Tell whether a chunk is whole events of nothing but text: nearly all of them are."""
        is_between = not (self._line or self._data or self._is_too_long or self._is_first)
        return is_between and chunk.endswith(b"\n\n") and NOTABLE.search(chunk) is None
