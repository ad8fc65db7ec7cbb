"""What the parts of a stack are told."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.settings import KafkaSettings, WorkerSettings, load
from streams.up.directory import Directory
from streams.up.memory import Pressure, pressure
from streams.up.options import Options
from streams.up.parts import addresses, broker_part, name_of, processors

GIVEN: Mapping[str, object] = {
    "kafka": {
        "bootstrap": "real:9092",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "sasl_username": "me",
        "sasl_password": "hush",
    },
    "clickhouse": {"url": "http://ch:8123", "password": "shh"},
    "schema_registry": "http://registry:8081",
}


@pytest.fixture
def place(tmp_path: Path) -> Directory:
    return Directory(tmp_path)


def commands(options: Options, settings: WorkerSettings) -> dict[str, str]:
    return {part.name: " ".join(part.command) for part in processors(options, settings)}


def test_embedded_is_whatever_is_given_no_address(place: Directory) -> None:
    options = Options(settings=load())
    broker = broker_part(options)
    settings = addresses(options, place, broker)
    assert settings.kafka.bootstrap == f"127.0.0.1:{broker.port}"
    assert settings.clickhouse.embedded == place.clickhouse
    assert settings.sql_socket == place.sql_socket


def test_what_is_given_an_address_is_used(place: Directory) -> None:
    kafka = KafkaSettings(bootstrap="real:9092")
    options = Options(kafka=kafka, clickhouse="http://ch:8123", settings=load())
    settings = addresses(options, place, None)
    assert settings.kafka == kafka
    assert (settings.clickhouse.url, settings.sql_socket) == ("http://ch:8123", None)


def test_a_command_line_shows_addresses_and_no_secret(place: Directory) -> None:
    given = load(GIVEN)
    options = Options(kafka=given.kafka, clickhouse=given.clickhouse.url, settings=given)
    settings = addresses(options, place, None)
    for command in commands(options, settings).values():
        assert "--kafka real:9092" in command
        assert "--clickhouse http://ch:8123" in command
        assert "--schema-registry http://registry:8081" in command
        assert "hush" not in command
        assert "shh" not in command


def test_overrides_reach_every_processor(place: Directory) -> None:
    options = Options(settings=load(), overrides={"meter.clock": "log"})
    settings = addresses(options, place, None)
    assert [
        c for c in commands(options, settings).values() if "--set meter.clock=log" not in c
    ] == []


def test_workers_are_numbered_from_the_second_on(place: Directory) -> None:
    options = Options(settings=load(), workers=2)
    names = list(commands(options, addresses(options, place, None)))
    assert names == ["meter", "meter-2", "allocate", "allocate-2", "store"]
    assert [name_of("meter", number) for number in range(3)] == ["meter", "meter-2", "meter-3"]


def test_every_part_listens_somewhere_else(place: Directory) -> None:
    options = Options(settings=load(), workers=3)
    ports = [part.port for part in processors(options, addresses(options, place, None))]
    assert len(set(ports)) == len(ports)


def test_the_bound_itself_is_full() -> None:
    assert pressure(2**31, 2**31) is Pressure.FULL
    assert pressure(2**31 - 1, 2**31) is Pressure.HIGH
    assert pressure(0, 2**31) is Pressure.LOW
