"""One statement, wherever the data is: a server, a running store's socket, or a directory at rest.

Read-only everywhere. All of it blocks.
"""

from clickhouse.client import Connection, connect
from clickhouse.errors import ClickHouseError, Unavailable
from clickhouse.session import Session
from clickhouse.sql import LONGEST_S, MOST_ROWS, READ_ONLY, run_sql
from streams import sql_socket
from streams.errors import SqlRefused, StoreLost, StoreUnavailable
from streams.settings import WorkerSettings


def query(settings: WorkerSettings, sql: str, form: str = "TabSeparatedWithNames") -> str:
    """Return a statement's result in one of ClickHouse's formats.

    Raises SqlRefused with what the engine said, StoreUnavailable when there is no data to ask.
    """
    statement = sql.strip().rstrip("; \n\t")
    socket, directory = settings.sql_socket, settings.clickhouse.embedded
    if socket and socket.exists():
        try:
            return sql_socket.ask(socket, statement, form)
        except StoreLost:
            raise
        except StoreUnavailable:
            if directory and not directory.is_dir():
                raise
    if directory and not directory.is_dir():
        raise StoreUnavailable(
            f"expected data in {directory}, got nothing; start `apportion up`, or name the "
            "directory with --data"
        )
    return _directly(settings, statement, form)


def read_only(connection: Connection) -> Session:
    """Open a handle that cannot write, and answers within bounds.

    It is kept open, unlike that of `run_sql`: a live table asks every second.
    """
    return connection.session(
        {
            "max_execution_time": LONGEST_S,
            "max_result_rows": MOST_ROWS,
            "readonly": READ_ONLY,  # cannot be taken back
        }
    )


def _directly(settings: WorkerSettings, statement: str, form: str) -> str:
    clickhouse = settings.clickhouse
    try:
        with connect(clickhouse.dsn, clickhouse.database) as connection:
            return run_sql(connection, statement, form)
    except Unavailable as error:
        raise StoreUnavailable(error.detail) from error
    except ClickHouseError as error:
        raise SqlRefused(error.detail) from error
