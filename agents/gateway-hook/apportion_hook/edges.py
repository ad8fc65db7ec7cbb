"""The two ends of a body; and the members of a JSON object that is too large to parse. Pure.

An answer with a thousand embeddings is megabytes; its id and model stand at its begin, its usage at
its end. What is taken is proved to be a member of the object itself: from there on, what follows
closes it. Anything else yields nothing.
"""

import json
import re
from typing import Final

WHOLE_BYTES: Final = 32 * 1024  # up to this, an answer is parsed as a whole: about 0.1 ms
HEAD_BYTES: Final = 2 * 1024
TAIL_BYTES: Final = 8 * 1024
WANTED: Final = re.compile(rb'(?<!\\)"(?:id|model|service_tier|usage)"\s*:')
TRIES: Final = 16  # places at which the last members may begin
SCALAR: Final = re.compile(
    rb'\s*,?\s*"([A-Za-z_]\w{0,63})"\s*:\s*'
    rb'("[^"\\]{0,256}"|-?\d{1,20}|null|true|false)\s*(?=[,}])'
)


class Edges:
    """Keeps a body whole while it is small, then only its two ends."""

    __slots__ = ("_head", "_head_bytes", "_tail", "_tail_bytes", "_whole_bytes")

    def __init__(
        self,
        whole_bytes: int = WHOLE_BYTES,
        head_bytes: int = HEAD_BYTES,
        tail_bytes: int = TAIL_BYTES,
    ) -> None:
        self._whole_bytes = whole_bytes
        self._head_bytes = head_bytes
        self._tail_bytes = tail_bytes
        self._head = bytearray()
        self._tail: bytearray | None = None  # None: the head is all there is

    def add(self, data: bytes) -> None:
        """Take the next part of a body."""
        if self._tail is None:
            self._head += data
            if len(self._head) > self._whole_bytes:
                self._tail = self._head[-self._tail_bytes :]
                del self._head[self._head_bytes :]
            return
        self._tail += data
        if len(self._tail) > self._tail_bytes:
            del self._tail[: -self._tail_bytes]

    def ends(self) -> tuple[bytes, bytes | None]:
        """Return the first and the last bytes; the whole and None while it is small."""
        return bytes(self._head), None if self._tail is None else bytes(self._tail)

    def members(self) -> dict[str, object]:
        """Return the members that are known; none for what is no object."""
        head, tail = self.ends()
        if tail is None:
            return parsed(head)
        return {**first_members(head), **last_members(tail)}


def parsed(body: bytes) -> dict[str, object]:
    """Return an object; an empty one for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def first_members(head: bytes) -> dict[str, object]:
    """Return the plain members that an object begins with.

    >>> first_members(b'{"id": "r-1", "model": "m", "choices": [{"mess')
    {'id': 'r-1', 'model': 'm'}
    """
    start = head.find(b"{") + 1
    if not start or head[: start - 1].strip():
        return {}
    found: dict[str, object] = {}
    at = start
    while match := SCALAR.match(head, at):
        found[match[1].decode()] = json.loads(match[2])
        at = match.end()
    return found


def last_members(tail: bytes) -> dict[str, object]:
    """Return the members that an object ends with, from the first one wanted in its tail.

    >>> last_members(b'..."}}], "usage": {"prompt_tokens": 3}, "service_tier": "flex"}')
    {'usage': {'prompt_tokens': 3}, 'service_tier': 'flex'}
    """
    for match in list(WANTED.finditer(tail))[-TRIES:]:
        found = parsed(b"{" + tail[match.start() :])
        if found:
            return found
    return {}
