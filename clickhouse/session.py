"""One handle on the engine, embedded or server: statements in, rows out, our errors only.

A handle has its own session and takes one call at a time; a stream holds it until it is read to
its end. Every method blocks. Instants come back aware, in UTC.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from clickhouse_connect.datatypes.base import ClickHouseType
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.query import QueryResult

from clickhouse.address import Embedded, Server
from clickhouse.faults import translated

Params = Mapping[str, object]
Column = Sequence[object]

INSERT_SETTINGS = {
    # An insert touches as many daily partitions as its rows have days, and history may be loaded
    # at once. Zero is no limit.
    "max_partitions_per_insert_block": 0,
    # Rows of one key are merged later, as FINAL expects anyhow; merging them on insert costs 40 %
    # of it (measured on cost lines: 258,000 rows/s with, 438,000 without).
    "optimize_on_insert": 0,
}


class Session:
    """A handle. Open it with `Connection.session`."""

    def __init__(self, client: Client, address: Embedded | Server) -> None:
        self._client = client
        self._address = address

    def command(self, sql: str, params: Params | None = None) -> None:
        """Run a statement that returns nothing."""
        with translated(self._address):
            self._client.command(sql, parameters=dict(params or {}))

    def rows(self, sql: str, params: Params | None = None) -> list[dict[str, object]]:
        """Return the rows of a query, by column name."""
        with translated(self._address):
            result = self._client.query(sql, parameters=dict(params or {}))
            names = result.column_names
            return [dict(zip(names, row, strict=True)) for row in result.result_rows]

    def value(self, sql: str, params: Params | None = None) -> object:
        """Return the only value of a query's only row."""
        [row] = self.rows(sql, params)
        [value] = row.values()
        return value

    @contextmanager
    def stream(
        self, sql: str, params: Params | None = None, formats: Mapping[str, str] | None = None
    ) -> Iterator[Iterator[dict[str, Any]]]:
        """Give the rows of a query one by one, by column name, holding one block at a time.

        `formats` is how values of a type come, e.g. {"DateTime64": "int"}.
        """
        with (
            translated(self._address),
            self._client.query_row_block_stream(
                sql,
                parameters=dict(params or {}),
                query_formats=dict(formats or {}),
            ) as blocks,
        ):
            names = cast("QueryResult", blocks.source).column_names
            yield (dict(zip(names, row, strict=True)) for block in blocks for row in block)

    def text(self, sql: str, form: str, params: Params | None = None) -> str:
        """Return the result as ClickHouse writes it in one of its formats."""
        with translated(self._address):
            result = self._client.raw_query(sql, parameters=dict(params or {}), fmt=form)
            return result.decode("utf-8", "replace")

    def insert(
        self,
        table: str,
        names: Sequence[str],
        types: Sequence[ClickHouseType],
        columns: Sequence[Column],
    ) -> None:
        """Insert columns of equal length. The types spare the client from asking the engine."""
        with translated(self._address):
            self._client.insert(
                table,
                columns,
                column_names=names,
                column_types=types,
                column_oriented=True,
                settings=INSERT_SETTINGS,
            )

    def close(self) -> None:
        """Close the handle."""
        with translated(self._address):
            self._client.close()
