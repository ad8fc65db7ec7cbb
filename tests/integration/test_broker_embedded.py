"""The embedded broker as `up` starts it."""

import asyncio
import os
from pathlib import Path

import pytest

from streams.kafka import create_topics, list_topics, wait_ready
from streams.settings import KafkaSettings
from streams.up import broker
from streams.up.memory import rss_bytes
from streams.up.ports import free_port
from streams.up.process import Process

pytestmark = pytest.mark.integration

READY_S = 20.0
STOP_S = 0.5


async def started(port: int) -> Process:
    process = await Process.start("broker", broker.command(port), lambda *_: None)
    await asyncio.to_thread(wait_ready, KafkaSettings(bootstrap=f"127.0.0.1:{port}"), READY_S)
    return process


def test_it_answers_and_takes_our_topics() -> None:
    async def run() -> None:
        port = free_port()
        process = await started(port)
        try:
            kafka = KafkaSettings(bootstrap=f"127.0.0.1:{port}")
            created = await asyncio.to_thread(create_topics, kafka)
            assert sorted(created) == sorted(await asyncio.to_thread(list_topics, kafka))
        finally:
            await process.stop(STOP_S)

    asyncio.run(run())


def test_its_memory_can_be_read_and_is_small_at_first() -> None:
    async def run() -> int | None:
        process = await started(free_port())
        try:
            return rss_bytes(process.pid)
        finally:
            await process.stop(STOP_S)

    used_bytes = asyncio.run(run())
    assert used_bytes is not None
    assert 1024**2 < used_bytes < 200 * 1024**2


def test_a_process_that_is_gone_has_no_memory() -> None:
    assert rss_bytes(2**22 + 1) is None


def test_the_binary_can_be_executed() -> None:
    assert os.access(Path(broker.binary()), os.X_OK)
