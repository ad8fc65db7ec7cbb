"""The client library's errors become ours by number, and none gets out."""

import socket
import ssl

import pytest
from clickhouse_connect.driver import exceptions

from clickhouse.address import Server
from clickhouse.client import connect
from clickhouse.errors import BadQuery, ClickHouseError, Misconfigured, Unavailable
from clickhouse.faults import PASSING, SETTLED, translate, translated

SERVER = Server("db.example", 8123, "app", "secret", secure=False)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.DatabaseError("x", code=159), Unavailable),
        (exceptions.DatabaseError("x", code=241), Unavailable),
        (exceptions.OperationalError("no route"), Unavailable),
        (exceptions.OperationalError("retried", code=516), Misconfigured),
        (exceptions.DatabaseError("x", code=60), Misconfigured),
        (exceptions.DatabaseError("x", code=62), BadQuery),
        (exceptions.DatabaseError("no number"), BadQuery),
        (exceptions.DataError("too large"), BadQuery),
    ],
)
def test_what_to_do_is_told_by_the_number(
    error: exceptions.Error, kind: type[ClickHouseError]
) -> None:
    ours = translate(error, SERVER)
    assert type(ours) is kind
    assert ours.code == error.code


def test_no_number_is_in_two_classes() -> None:
    assert not PASSING & SETTLED


def test_the_original_is_the_cause() -> None:
    original = exceptions.DataError("x")
    with pytest.raises(BadQuery) as caught, translated(SERVER):
        raise original
    assert caught.value.__cause__ is original


def test_a_server_that_is_down_is_unavailable() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        port = listening.getsockname()[1]
        with pytest.raises(Unavailable) as caught:
            _ = connect(f"http://127.0.0.1:{port}").reader
    assert caught.value.detail == (
        f"expected ClickHouse at 127.0.0.1:{port} to answer, got: connection refused; "
        "check that it runs, and the address"
    )


@pytest.mark.parametrize("code", [192, 193, 194, 516])
def test_a_refused_user_is_told_what_to_set_and_no_password(code: int) -> None:
    ours = translate(exceptions.DatabaseError("Code: ... (for url http://x)", code=code), SERVER)
    assert isinstance(ours, Misconfigured)
    for word in ("db.example:8123", "'app'", "APPORTION_CLICKHOUSE__PASSWORD"):
        assert word in ours.detail
    assert "secret" not in ours.detail


def test_what_the_engine_said_comes_alone_on_one_line() -> None:
    raw = (
        "Received ClickHouse exception, code: 62, server response: Code: 62. DB::Exception: no\nno"
    )
    assert translate(exceptions.DatabaseError(raw, code=62), SERVER).detail == "no no"


def test_a_database_without_tables_is_told_to_be_migrated() -> None:
    ours = translate(exceptions.DatabaseError("Unknown table x", code=60), SERVER)
    assert "apportion migrate" in ours.detail


def test_a_certificate_nobody_vouches_for_is_not_waited_for() -> None:
    refused = ssl.SSLCertVerificationError("certificate verify failed")
    refused.verify_message = "self-signed certificate"
    with pytest.raises(exceptions.OperationalError) as caught:
        raise exceptions.OperationalError("Error ...") from refused
    ours = translate(caught.value, SERVER)
    assert isinstance(ours, Misconfigured)
    assert "self-signed certificate" in ours.detail
