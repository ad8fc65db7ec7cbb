"""What a client that is slow, large or many can do to the collector's connections: not much."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from agents.gateway.front import HEAD_BYTES, front
from agents.gateway.service import served
from agents.gateway.settings import LimitSettings, ListenSettings

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
WAIT_S = 20.0


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body())


def serving(limits: LimitSettings, client: Callable[[int], Awaitable[None]]) -> None:
    """Run a client against a front with these limits."""
    app = Starlette(routes=[Route("/", echo, methods=["POST"])])

    async def whole() -> None:
        server = front(app, ListenSettings(port=0), limits)
        async with served(server):
            async with asyncio.timeout(WAIT_S):
                await client(server.port)

    asyncio.run(whole())


class Wire:
    """A connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def say(self, text: bytes) -> None:
        self._writer.write(text)

    async def until(self, end: bytes) -> bytes:
        return await self._reader.readuntil(end)

    async def rest(self) -> bytes:
        """Return what comes until the other end hangs up, in whatever way."""
        try:
            return await self._reader.read()
        except ConnectionResetError:
            return b""

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


@asynccontextmanager
async def wired(port: int) -> AsyncIterator[Wire]:
    wire = Wire(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield wire
    finally:
        await wire.close()


def test_a_head_that_does_not_end_is_hung_up_on() -> None:
    async def client(port: int) -> None:
        async with wired(port) as wire:
            wire.say(HEAD)
            assert await wire.rest() == b""

    serving(LimitSettings(head_s=0.2), client)


def test_a_client_that_says_nothing_is_hung_up_on() -> None:
    async def client(port: int) -> None:
        async with wired(port) as wire:
            assert await wire.rest() == b""

    serving(LimitSettings(head_s=0.2), client)


def test_a_second_request_has_a_head_of_its_own_to_end() -> None:
    async def client(port: int) -> None:
        async with wired(port) as wire:
            wire.say(HEAD + b"\r\nhi")
            assert (await wire.until(b"hi")).startswith(b"HTTP/1.1 200")
            wire.say(HEAD)
            assert await wire.rest() == b""

    serving(LimitSettings(head_s=0.5), client)


def test_requests_that_do_not_wait_for_answers_are_answered_in_order() -> None:
    async def client(port: int) -> None:
        async with wired(port) as wire:
            wire.say(b"".join(HEAD + b"\r\n" + body for body in (b"r1", b"r2", b"r3")) + HEAD)
            for body in (b"r1", b"r2", b"r3"):
                assert (await wire.until(b"\r\n\r\n" + body)).startswith(b"HTTP/1.1 200")
            assert await wire.rest() == b"", "the last head never ends"

    serving(LimitSettings(head_s=2.0), client)


def test_a_head_without_end_is_hung_up_on() -> None:
    async def client(port: int) -> None:
        async with wired(port) as wire:
            wire.say(HEAD + b"X-Long: " + b"x" * (2 * HEAD_BYTES))
            assert await wire.rest() == b""

    serving(LimitSettings(head_s=WAIT_S * 2), client)


def test_connections_beyond_the_bound_are_turned_away_and_others_are_served() -> None:
    async def client(port: int) -> None:
        async with wired(port) as first, wired(port) as second:
            for wire in (first, second):  # the server knows a connection that it has answered
                wire.say(HEAD + b"\r\nhi")
                await wire.until(b"hi")
            async with wired(port) as third:
                assert (await third.rest()).startswith(b"HTTP/1.1 503")
            first.say(HEAD + b"\r\nhi")
            assert (await first.until(b"hi")).startswith(b"HTTP/1.1 200")

    serving(LimitSettings(connections=2), client)


def test_a_length_that_is_a_lie_harms_only_its_connection() -> None:
    async def client(port: int) -> None:
        async with wired(port) as wire:
            lie = b"Content-Length: 99999999999999999999"
            wire.say(b"POST / HTTP/1.1\r\nHost: x\r\n" + lie + b"\r\n\r\nhi")
            assert b"400" in await wire.rest()
        async with wired(port) as wire:
            wire.say(HEAD + b"\r\nhi")
            assert (await wire.until(b"hi")).startswith(b"HTTP/1.1 200")

    serving(LimitSettings(), client)
