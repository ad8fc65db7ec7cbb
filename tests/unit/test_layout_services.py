"""Tests without a marker cannot reach services, and cannot hide that they tried."""

import asyncio
import socket
import subprocess
from contextlib import suppress

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient

from tests.services import ServiceBlocked, starts_server

ELSEWHERE = ("127.0.0.1", 9)


def test_connecting_to_another_process_is_refused(refused: list[str]) -> None:
    with socket.socket() as client, pytest.raises(ServiceBlocked):
        client.connect(ELSEWHERE)
    assert refused == [f"connect to {ELSEWHERE!r}"]


def test_a_swallowed_refusal_is_remembered(refused: list[str]) -> None:
    with socket.socket() as client, suppress(Exception):
        client.connect(ELSEWHERE)
    assert refused


def test_talking_to_oneself_is_allowed() -> None:
    async def echo() -> bytes:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.read(2))
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            host, port = server.sockets[0].getsockname()
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"hi")
            reply = await reader.read()
            writer.close()
            await writer.wait_closed()
            return reply

    assert asyncio.run(echo()) == b"hi"


@pytest.mark.parametrize("kind", [confluent_kafka.Producer, confluent_kafka.Consumer, AdminClient])
def test_kafka_clients_are_refused(kind: type, refused: list[str]) -> None:
    with pytest.raises(ServiceBlocked):
        kind({"bootstrap.servers": "127.0.0.1:9", "group.id": "g"})
    assert len(refused) == 1


def test_starting_a_server_is_refused(refused: list[str]) -> None:
    with pytest.raises(ServiceBlocked):
        subprocess.Popen(["tansu", "broker"])
    assert len(refused) == 1


@pytest.mark.parametrize(
    ("command", "serves"),
    [
        (["/opt/bin/clickhouse-server"], True),
        (["python", "-m", "streams", "run", "meter"], True),
        (["/x/apportion", "up"], True),
        (["/x/apportion", "run", "meter", "--check"], False),
        (["python", "-m", "schemas.compatibility"], False),
        (["git", "status"], False),
    ],
)
def test_only_serving_commands_count_as_servers(command: list[str], serves: bool) -> None:
    assert starts_server(command) is serves
