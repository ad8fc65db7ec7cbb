"""Reading a request's body within bounds: of bytes, of what they unpack to, and of time.

What a client says of the length is not believed; bytes are counted as they come.
"""

import asyncio
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from agents.gateway.settings import LimitSettings

GZIP = 16 + zlib.MAX_WBITS  # zlib: a gzip header is expected
ENCODINGS = {"": False, "identity": False, "gzip": True, "x-gzip": True}
PIECE_BYTES = 64 * 1024


class Turned(Exception):
    """A request that is answered without being taken. `status` of HTTP."""

    def __init__(self, status: int, detail: str, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class Held:
    """Bytes of all requests that are in memory now."""

    most: int
    now: int = 0

    def take(self, size: int) -> None:
        """Count bytes in. Raises Turned when there is no room for them."""
        if self.now + size > self.most:
            raise Turned(503, "too much is in memory now; send it again", retry_after_s=1)
        self.now += size


class Lease:
    """What one request holds of the bytes in memory. Given back at its end."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._mine = 0

    def take(self, size: int) -> None:
        """Hold more."""
        self._held.take(size)
        self._mine += size

    def __enter__(self) -> "Lease":
        return self

    def __exit__(self, *_: object) -> None:
        self._held.now -= self._mine


async def read(request: Request, limits: LimitSettings, lease: Lease) -> bytes:
    """Return the body, unpacked. Raises Turned, also for a client that is too slow or gone."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise Turned(415, f"expected gzip or no content-encoding, got {encoding[:20]!r}")
    unpacking = Unpacking(limits.decoded_bytes) if ENCODINGS[encoding] else None
    pieces: list[bytes] = []
    sent = 0
    try:
        async with asyncio.timeout(limits.body_s):
            async for piece in request.stream():
                sent += len(piece)
                if sent > limits.body_bytes:
                    raise Turned(
                        413, f"expected at most {limits.body_bytes} bytes; send fewer events"
                    )
                for part in unpacking.more(piece) if unpacking else (piece,):
                    lease.take(len(part))
                    pieces.append(part)
    except TimeoutError:
        raise Turned(408, f"expected a body within {limits.body_s} s") from None
    except ClientDisconnect:
        raise Turned(400, "the client went away within its body") from None
    if unpacking is not None:
        unpacking.ended()
    return b"".join(pieces)


class Unpacking:
    """Gzip, a piece at a time, so that a bomb is noticed before it is in memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made = 0
        self._member = zlib.decompressobj(GZIP)
        self._has_begun = False

    def more(self, piece: bytes) -> Iterable[bytes]:
        """Yield what a piece unpacks to, in small parts. Raises Turned."""
        is_more = bool(piece)
        while is_more:
            if self._member.eof:  # another member follows
                self._member = zlib.decompressobj(GZIP)
            self._has_begun = True
            try:
                part = self._member.decompress(piece, PIECE_BYTES)
            except zlib.error as error:
                raise Turned(400, f"expected gzip, got {error}") from None
            self._made += len(part)
            if self._made > self._most:
                raise Turned(
                    413, f"expected at most {self._most} bytes unpacked; send fewer events"
                )
            yield part
            is_whole = self._member.eof
            piece = self._member.unused_data if is_whole else self._member.unconsumed_tail
            is_more = bool(piece) or (not is_whole and len(part) == PIECE_BYTES)

    def ended(self) -> None:
        """Check that the last member is whole. Raises Turned."""
        if self._has_begun and not self._member.eof:
            raise Turned(400, "expected whole gzip, got one that is cut short")


def documents(body: bytes, limits: LimitSettings) -> list[object]:
    """Return the JSON documents of a body: a list's, one object, or one a line. Raises Turned."""
    try:
        whole = parsed(body)
    except json.JSONDecodeError as error:
        lines = [line for line in body.split(b"\n") if line.strip()]
        if len(lines) < 2:  # noqa: PLR2004 - one line is one document
            raise Turned(400, f"expected JSON, got {error.msg} at {error.pos}") from None
        return bounded([line_of(line, number) for number, line in enumerate(lines)], limits)
    return bounded(whole if isinstance(whole, list) else [whole], limits)


def line_of(line: bytes, number: int) -> object:
    """Return the document in a line. Raises Turned."""
    try:
        return parsed(line)
    except json.JSONDecodeError as error:
        raise Turned(400, f"expected JSON in line {number + 1}, got {error.msg}") from None


def bounded(found: list[object], limits: LimitSettings) -> list[object]:
    """Return documents if they are few enough. Raises Turned."""
    if len(found) > limits.events:
        raise Turned(413, f"expected at most {limits.events} events, got {len(found)}")
    return found


def parsed(body: bytes) -> object:
    """Return a JSON document. Raises JSONDecodeError, and Turned for what is no JSON at all."""
    try:
        found: object = json.loads(body, parse_constant=no_number)
    except RecursionError:
        raise Turned(400, "expected JSON nested less deep") from None
    except UnicodeDecodeError:
        raise Turned(400, "expected UTF-8") from None
    except json.JSONDecodeError:
        raise
    except ValueError:  # of int: Python reads no number of more than 4,300 digits
        raise Turned(400, "expected numbers of fewer digits") from None
    return found


def no_number(what: str) -> float:
    """Refuse what JSON has no numbers for."""
    raise json.JSONDecodeError(f"{what} is no number", what, 0)
