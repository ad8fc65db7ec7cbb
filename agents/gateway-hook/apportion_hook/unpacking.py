"""Reads a compressed body as it passes by, no further than a bound."""

import zlib
from typing import Final

PLAIN: Final = frozenset({b"", b"identity"})
WINDOWS: Final = {b"gzip": 31, b"x-gzip": 31, b"deflate": 47}  # 47: zlib or gzip, by its header
LONGEST: Final = 16 * 1024 * 1024  # bytes unpacked: what is more is not looked at


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


def unpacking(encoding: bytes) -> Unpacking | None:
    """Return what unpacks a content encoding; None: it is plain, or cannot be unpacked here."""
    return Unpacking(WINDOWS[encoding]) if encoding in WINDOWS else None
