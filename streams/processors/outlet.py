"""Where a processor's records go: encoded, to their key's partition, acknowledged by futures."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import cast

import faust
from faust.exceptions import ProducerSendError

from schemas.codec import Codec
from schemas.topics import Topic, partition_of
from streams.errors import NotAllowed
from streams.processors.errors import SendFailed
from streams.processors.refusals import refusal

Acknowledgement = asyncio.Future[object]


class Outlet:
    """Sends through the app's producer. `counts` has the number of partitions of each topic."""

    def __init__(self, app: faust.App, codec: Codec, counts: Mapping[str, int]) -> None:
        self._app = app
        self.codec = codec
        self.counts = counts

    async def send(
        self, topic: Topic, name: str, record: Mapping[str, object], key: str
    ) -> Acknowledgement:
        """Send a record to its key's partition; waits only while the producer's buffer is full."""
        partition = partition_of(key, self.counts[topic.name])
        return await self.send_to(topic, partition, self.codec.encode(name, record), key)

    async def send_gone(self, topic: Topic, key: str) -> Acknowledgement:
        """Say that there is nothing under a key any longer, on a topic that keeps the last."""
        return await self.send_to(topic, partition_of(key, self.counts[topic.name]), None, key)

    async def send_to(
        self, topic: Topic, partition: int, value: bytes | None, key: str | None = None
    ) -> Acknowledgement:
        """Send bytes to one partition; none: its key is gone. Raises SendFailed, NotAllowed."""
        name = key.encode() if key else None
        try:
            future = await self._app.producer.send(topic.name, name, value, partition, None, None)
        except ProducerSendError as error:
            raise _failure(topic, error.__cause__ or error) from error
        return cast("Acknowledgement", future)

    def encode(self, name: str, record: Mapping[str, object]) -> bytes:
        """Return the framed bytes of a record."""
        return self.codec.encode(name, record)


async def acknowledged(topic: Topic, futures: list[Acknowledgement]) -> None:
    """Wait until the broker has every message. Raises SendFailed, and NotAllowed.

    Giving up waiting leaves the messages on their way.
    """
    for future in futures:
        try:
            await asyncio.shield(cast("Awaitable[object]", future))
        except Exception as error:
            raise _failure(topic, error) from error


def _failure(topic: Topic, error: BaseException) -> SendFailed | NotAllowed:
    return refusal(error, "Write") or SendFailed(topic.name, error)
