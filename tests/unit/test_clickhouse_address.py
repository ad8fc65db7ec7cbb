"""Addresses of ClickHouse, and what is said about a wrong one."""

from pathlib import Path

import pytest

from clickhouse.address import Embedded, Server, parse_address
from clickhouse.client import connect
from clickhouse.directory import lock_directory
from clickhouse.errors import Misconfigured


def test_a_directory_is_the_embedded_engine() -> None:
    assert parse_address("chdb:///var/lib/a%20b") == Embedded(Path("/var/lib/a b"))


def test_a_server_has_defaults() -> None:
    assert parse_address("http://ch") == Server("ch", 8123, "default", "", secure=False)
    assert parse_address("https://ch") == Server("ch", 8443, "default", "", secure=True)


def test_user_and_password_may_hold_any_character() -> None:
    address = parse_address("http://us%40er:p%3Aw@ch:9000")
    assert address == Server("ch", 9000, "us@er", "p:w", secure=False)


def test_a_password_is_never_shown() -> None:
    address = parse_address("http://u:secret@ch:9000")
    assert "secret" not in f"{address} {address!r}"
    assert str(address) == "http://u@ch:9000"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ch:8123",
        "chdb://relative/dir",
        "chdb:///",
        "tcp://ch:9000",
        "http://",
        "http://u:secret@ch:x",
    ],
)
def test_a_wrong_address_says_what_is_expected_and_no_password(url: str) -> None:
    with pytest.raises(Misconfigured, match="expected chdb:///absolute/directory") as caught:
        parse_address(url)
    assert "secret" not in str(caught.value)


def test_the_lock_of_another_directory_is_refused(tmp_path: Path) -> None:
    lock = lock_directory(tmp_path / "a")
    with pytest.raises(Misconfigured, match="expected the lock of"):
        connect(f"chdb://{tmp_path}/b", lock=lock)
    lock.release()
