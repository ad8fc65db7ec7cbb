"""Until when windows are final, and all of their lines were read here.

What is said of windows is on another topic than their lines, so it is believed once lines were read
to the ends that they had when it was heard: their lines were there before.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from schemas import topics
from schemas.codec import Codec
from schemas.records import ClosedWindows
from streams.core.series.closed import Closed
from streams.kafka.whole import WholeTopic
from streams.processors.leader import Lines, unbroken
from streams.processors.said import decoded
from streams.settings import KafkaSettings

TOPIC = topics.CLOSED_WINDOW


class Closings:
    """What a leader knows of it. `until_us`: None while nobody says; 0 while not all do."""

    def __init__(self, whole: WholeTopic, codec: Codec, lines: Lines) -> None:
        self.until_us: int | None = None
        self._whole = whole
        self._codec = codec
        self._lines = lines
        self._closed = Closed()
        self._heard_us: int | None = None  # and lines are being read to their ends

    @property
    def said_us(self) -> int | None:
        """What was said, read or not."""
        return self._closed.until_us

    @property
    def trouble(self) -> str | None:
        """Why nothing can be heard now; None when it can."""
        why = self._whole.trouble
        return None if why is None else f"{TOPIC.name} cannot be read: {why}"

    async def begin(self) -> None:
        """Hear all that was said. Raises NotAllowed or TopicsMissing when it cannot be read."""
        self._whole.begin({})
        while not self._whole.is_at_end:
            await self._hear()

    async def look(self) -> None:
        """Hear what is new. Call it between reading lines, when what was read is taken in."""
        await self._hear()
        if self._heard_us is not None and self._lines.is_at_end:
            self.until_us, self._heard_us = self._heard_us, None
        said_us = self.said_us
        if said_us is not None and self._heard_us is None and said_us > (self.until_us or 0):
            self._heard_us = said_us
            self._lines.look_again()

    async def _hear(self) -> None:
        for entry in await unbroken(asyncio.to_thread(self._whole.more)):
            said = decoded(self._codec, entry.value or b"", "ClosedWindows")
            if said is not None:
                self._closed.take(cast("ClosedWindows", said))
        if self.until_us is None and self.said_us is not None:
            self.until_us = 0


@asynccontextmanager
async def heard(kafka: KafkaSettings, codec: Codec, lines: Lines) -> AsyncIterator[Closings]:
    """Yield what is known when all that was said has been heard."""
    whole = await asyncio.to_thread(WholeTopic, kafka, TOPIC.name)
    try:
        closings = Closings(whole, codec, lines)
        await closings.begin()
        yield closings
    finally:
        await asyncio.to_thread(whole.close)
