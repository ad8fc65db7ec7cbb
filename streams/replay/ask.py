"""Our own queries by name, answered wherever the data is, as rows of plain Python values.

A running embedded store answers on its socket; a server, or an engine opened here, through a
connection. Integers of any size come as they are; money comes as integers, see the queries.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from clickhouse.client import Connection
from clickhouse.errors import ClickHouseError, Unavailable
from clickhouse.query import query_text
from streams import sql_socket
from streams.errors import SqlRefused, StoreUnavailable

FORM = "JSONCompactEachRow"
END = "\n"  # of a row; inside a string JSON writes it otherwise

Row: TypeAlias = list[Any]
Params: TypeAlias = Mapping[str, int | str | Sequence[int] | Sequence[str]]


class Asker(Protocol):
    """Answers queries of `clickhouse/queries`. Blocks."""

    def rows(self, query: str, params: Params) -> list[Row]:
        """Return the rows of a query. Raises SqlRefused or StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class Direct:
    """Asks through a connection of this process; threads may ask at once."""

    connection: Connection

    def rows(self, query: str, params: Params) -> list[Row]:
        """Return the rows of a query."""
        try:
            return read(self.text(query, params))
        except Unavailable as error:
            raise StoreUnavailable(error.detail) from error
        except ClickHouseError as error:
            raise SqlRefused(error.detail) from error

    def text(self, query: str, params: Params) -> str:
        """Return the rows of a query as lines of JSON. Raises ClickHouseError."""
        with self.connection.lent() as session:
            return session.text(query_text(query), FORM, params)


@dataclass(frozen=True, slots=True)
class OverSocket:
    """Asks the store behind a socket."""

    path: Path

    def rows(self, query: str, params: Params) -> list[Row]:
        """Return the rows of a query."""
        asked = {"query": query, "params": json.dumps(params)}
        return read(sql_socket.report(self.path, "rows", asked))


def read(text: str) -> list[Row]:
    """Return lines of JSON as rows."""
    rows: list[Row] = json.loads(f"[{text.rstrip().replace(END, ',')}]")
    return rows
