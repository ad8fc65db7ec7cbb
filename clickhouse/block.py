"""Rows of one table, by column, on their way to the writer."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """Columns of equal length: `columns[i]` holds the values of `names[i]`.

    Instants are integer microseconds, decimals integers of pico. Columns of the table that are not
    named take their default.
    """

    table: str
    names: tuple[str, ...]
    columns: Sequence[Sequence[object]]

    @property
    def row_count(self) -> int:
        """How many rows it has."""
        return len(self.columns[0])


def block(table: str, columns: dict[str, Sequence[object]]) -> Block:
    """Return a block of named columns."""
    return Block(table, tuple(columns), tuple(columns.values()))
