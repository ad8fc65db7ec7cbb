"""Server-sent events of a stream that has passed: only what may tell of usage is looked at closely.

Most events of an answer are a few words of text; parsing each would cost more than all else here.
Lines and fields are those of the WHATWG specification (9.2); a JSON text has `"usage"` in it
unescaped only as a member's name.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from apportion_hook.edges import Edges, parsed

HEAD_BYTES: Final = 4 * 1024  # the first event is read for id, model and Anthropic's input
MARK: Final = b"\xef\xbb\xbf"  # of UTF-8, at most once, at the begin
DONE: Final = b"[DONE]"
USAGE: Final = b'"usage"'
ERROR: Final = b'"error"'
NOT_NULL: Final = re.compile(rb'"usage"(?!\s*:\s*null)')
LAST: Final = re.compile(
    rb'"type"\s*:\s*"(?:message_stop|response\.(?:completed|incomplete|failed))"'
)
LAST_EVENTS: Final = 4  # pings and comments may follow the last that tells


def stream_edges(tail_bytes: int) -> Edges:
    """Return what keeps a stream: whole while it is small, then its begin and its end."""
    return Edges(HEAD_BYTES + tail_bytes, HEAD_BYTES, tail_bytes)


def events(edges: Edges) -> Iterator[bytes]:
    """Yield the events that came whole, each as its lines; the last may lack its empty line."""
    head, tail = edges.ends()
    first = lines_of(head.removeprefix(MARK)).split(b"\n\n")
    yield from first if tail is None else first[:-1]
    if tail is not None:
        yield from lines_of(tail).split(b"\n\n")[1:]


def lines_of(text: bytes) -> bytes:
    """Return lines that all end in the same way."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def data_of(event: bytes) -> bytes:
    """Return the data of an event; of a comment, or of nothing but a name, there is none."""
    lines = event.split(b"\n")
    return b"\n".join(line[5:].strip() for line in lines if line.startswith(b"data:"))


def telling(found: Sequence[bytes]) -> Iterator[dict[str, object]]:
    """Yield the objects of the first event with data, and of those that tell more than text."""
    is_first = True
    for event in found:
        if is_first or ERROR in event or (USAGE in event and NOT_NULL.search(event)):
            data = data_of(event)
            is_first = is_first and not data
            if data:
                yield parsed(data)


def is_done(found: Sequence[bytes]) -> bool:
    """Tell whether the last event came; clients leave then, before the stream ends."""
    last = (data_of(event) for event in found[-LAST_EVENTS:])
    return any(data == DONE or LAST.search(data) for data in last)
