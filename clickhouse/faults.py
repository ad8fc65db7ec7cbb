"""Turns what the client library raises into our errors, by ClickHouse's number, never by text."""

from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver import exceptions

from clickhouse.errors import BadQuery, ClickHouseError, Misconfigured, Unavailable

# Numbers from ClickHouse's ErrorCodes.cpp. A later attempt may succeed after these.
PASSING = frozenset(
    {
        3,  # UNEXPECTED_END_OF_FILE
        159,  # TIMEOUT_EXCEEDED
        164,  # READONLY: a server in read-only mode, e.g. while it recovers
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
        192,  # UNKNOWN_USER
        193,  # WRONG_PASSWORD
        194,  # REQUIRED_PASSWORD
        195,  # IP_ADDRESS_NOT_ALLOWED
        497,  # ACCESS_DENIED
        516,  # AUTHENTICATION_FAILED
    }
)


@contextmanager
def translated() -> Iterator[None]:
    """Let none of the client library's errors out."""
    try:
        yield
    except exceptions.Error as error:
        raise translate(error) from error


def translate(error: exceptions.Error) -> ClickHouseError:
    """Return our error for one of the client library's."""
    code = error.code
    if code in PASSING:
        return Unavailable(str(error), code)
    if code in SETTLED:
        return Misconfigured(str(error), code)
    if code is None and isinstance(error, exceptions.OperationalError):
        return Unavailable(str(error))  # no answer at all: the connection failed
    return BadQuery(str(error), code)
