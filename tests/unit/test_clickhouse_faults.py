"""The client library's errors become ours by number, and none gets out."""

import socket

import pytest
from clickhouse_connect.driver import exceptions

from clickhouse.client import connect
from clickhouse.errors import BadQuery, ClickHouseError, Misconfigured, Unavailable
from clickhouse.faults import PASSING, SETTLED, translate, translated


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
    ours = translate(error)
    assert type(ours) is kind
    assert ours.code == error.code


def test_no_number_is_in_two_classes() -> None:
    assert not PASSING & SETTLED


def test_the_original_is_the_cause() -> None:
    original = exceptions.DataError("x")
    with pytest.raises(BadQuery) as caught, translated():
        raise original
    assert caught.value.__cause__ is original


def test_a_server_that_is_down_is_unavailable() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        port = listening.getsockname()[1]
        with pytest.raises(Unavailable):
            _ = connect(f"http://127.0.0.1:{port}").reader
