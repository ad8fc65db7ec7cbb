"""Reads a compressed body as it passes by, no further than a bound."""

import zlib
from typing import Final

WINDOWS: Final = {b"gzip": 31, b"x-gzip": 31, b"deflate": 47}  # 47: zlib or gzip, by its header
LONGEST: Final = 16 * 1024 * 1024  # bytes unpacked: what is more is not looked at


class Plain:
    """A body that is not compressed."""

    def add(self, data: bytes) -> bytes:
        """Return the bytes as they are."""
        return data


class Unpacking:
    """A compressed body. What cannot be unpacked reads as nothing."""

    def __init__(self, window: int) -> None:
        self._stream = zlib.decompressobj(window)
        self._left = LONGEST

    def add(self, data: bytes) -> bytes:
        """Return what the next bytes unpack to, a bomb only as far as the bound."""
        if self._left <= 0:
            return b""
        try:
            plain = self._stream.decompress(data, self._left)
        except zlib.error:
            self._left = 0
            return b""
        self._left -= len(plain)
        return plain


def unpacking(encoding: bytes) -> Plain | Unpacking | None:
    """Return how to read a content encoding; None: it cannot be read here."""
    name = encoding.strip().lower()
    if name in {b"", b"identity"}:
        return Plain()
    return Unpacking(WINDOWS[name]) if name in WINDOWS else None
