"""Asks a running part how it is: does it do its work, and how much input has it not read yet."""

import asyncio
import contextlib

import aiohttp

from streams.metrics import Metric
from streams.up.parts import Part
from streams.up.ports import HOST

ANSWER_S = 1.0
NO_ANSWER = (aiohttp.ClientError, TimeoutError, OSError)


class Probes:
    """Probes over one HTTP session. Enter it before use."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Probes":
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def is_ready(self, part: Part) -> bool:
        """Whether the part answers that it does its work."""
        if part.role == "broker":
            return await _accepts(part.port)
        return await self._get(f"{part.url}/health") is not None

    async def lag(self, part: Part) -> float | None:
        """Return how many messages the part has not read yet; None when it does not say."""
        text = await self._get(f"{part.url}/metrics")
        name = Metric.LAG.value.name
        lines = [line for line in (text or "").splitlines() if line.startswith(name + "{")]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines) if lines else None

    async def _get(self, url: str) -> str | None:
        if self._session is None:
            raise RuntimeError("expected an entered Probes")
        with contextlib.suppress(*NO_ANSWER):
            async with self._session.get(url) as response:
                return await response.text() if response.ok else None
        return None


async def _accepts(port: int) -> bool:
    with contextlib.suppress(*NO_ANSWER):
        _, writer = await asyncio.wait_for(asyncio.open_connection(HOST, port), ANSWER_S)
        writer.close()
        await writer.wait_closed()
        return True
    return False
