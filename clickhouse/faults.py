"""Turns what the client library raises into our errors, by ClickHouse's number, never by text."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver import exceptions
from urllib3.exceptions import HTTPError

from clickhouse.address import Embedded, Server
from clickhouse.errors import BadQuery, ClickHouseError, Misconfigured, Unavailable

# Numbers from ClickHouse's ErrorCodes.cpp. A later attempt may succeed after these.
PASSING = frozenset(
    {
        3,  # UNEXPECTED_END_OF_FILE
        159,  # TIMEOUT_EXCEEDED
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        236,  # ABORTED
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        319,  # UNKNOWN_STATUS_OF_INSERT
        394,  # QUERY_WAS_CANCELLED
        425,  # SYSTEM_ERROR
        473,  # DEADLOCK_AVOIDED
        999,  # KEEPER_EXCEPTION
    }
)
# A person has to change an address, a password, a grant, or run the migrations.
SETTLED = frozenset(
    {
        36,  # BAD_ARGUMENTS, of the engine's start
        60,  # UNKNOWN_TABLE
        81,  # UNKNOWN_DATABASE
        164,  # READONLY: of the user, or a disk
        192,  # UNKNOWN_USER
        193,  # WRONG_PASSWORD
        194,  # REQUIRED_PASSWORD
        195,  # IP_ADDRESS_NOT_ALLOWED
        497,  # ACCESS_DENIED
        516,  # AUTHENTICATION_FAILED
    }
)

WRONG_CREDENTIALS = frozenset({192, 193, 194, 516})  # among SETTLED
NOT_MIGRATED = frozenset({60, 81})  # among SETTLED
SERVER_SAYS = "DB::Exception: "  # stands before what the engine says, for people only


@contextmanager
def translated(address: Embedded | Server) -> Iterator[None]:
    """Let none of the client library's errors out. `address` is what they are said of."""
    try:
        yield
    except exceptions.Error as error:
        raise translate(error, address) from error


def translate(error: exceptions.Error, address: Embedded | Server) -> ClickHouseError:
    """Return our error for one of the client library's."""
    code = error.code
    if code in PASSING:
        return Unavailable(said(error), code)
    if code in SETTLED:
        return Misconfigured(settled(error, address), code)
    if code is None and isinstance(error, exceptions.OperationalError):
        return unanswered(error, address)
    return BadQuery(said(error), code)


def said(error: BaseException) -> str:
    """Return what the engine said, on one line, without what the client library puts around it."""
    text = " ".join(str(error).split())
    return text.partition(SERVER_SAYS)[2] or text


def settled(error: exceptions.Error, address: Embedded | Server) -> str:
    """Return what is wrong and what to do about it."""
    if isinstance(address, Server) and error.code in WRONG_CREDENTIALS:
        return (
            f"expected ClickHouse at {address.place} to let the user {address.user!r} in, got "
            "a refusal: no such user, or not this password; check APPORTION_CLICKHOUSE__USERNAME "
            "and APPORTION_CLICKHOUSE__PASSWORD"
        )
    if error.code in NOT_MIGRATED:
        return f"{said(error)}; `apportion migrate` makes the database and its tables"
    return said(error)


def unanswered(error: exceptions.Error, address: Embedded | Server) -> ClickHouseError:
    """Return our error where the engine has not answered at all, or not to the end."""
    if isinstance(address, Embedded):
        return Unavailable(said(error))
    root = root_of(error)
    detail = f"expected ClickHouse at {address.place} to answer, got: {why(root)}; "
    if isinstance(root, ssl.SSLCertVerificationError):
        return Misconfigured(f"{detail}check its certificate and the name in the address")
    return Unavailable(f"{detail}check that it runs, and the address")


def root_of(error: BaseException) -> BaseException:
    """Return the error that all others were raised from."""
    seen = [error]
    while True:
        deeper = seen[-1].__cause__ or getattr(seen[-1], "reason", None) or seen[-1].__context__
        if not isinstance(deeper, BaseException) or deeper in seen:
            return seen[-1]
        seen.append(deeper)


def why(root: BaseException) -> str:
    """Return why a connection failed, in a few words."""
    match root:
        case socket.gaierror():
            return "no such host"
        case ssl.SSLCertVerificationError():
            return root.verify_message
        case TimeoutError():
            return "no answer in time"
        case OSError() if root.strerror:
            return root.strerror.lower()
        case ConnectionError() | HTTPError():
            return "connection closed before the answer"
    return said(root)
