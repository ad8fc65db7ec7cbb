"""Rows of one table, by column, on their way to the writer."""

from collections.abc import Sequence
from dataclasses import dataclass

from clickhouse.errors import BadRow
from schemas.decimals import LIMIT, from_bytes


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


def pico_column(table: str, column: str, data: Sequence[bytes | None]) -> list[int | None]:
    """Return Avro decimals as integers of pico; null stays null. Raises BadRow for one too large.

    Their bytes may be of any length, and the engine would refuse the whole insert.
    """
    numbers = [None if each is None else from_bytes(each) for each in data]
    present = [each for each in numbers if each is not None]
    if present and (max(present) >= LIMIT or min(present) <= -LIMIT):
        worst = max(present, key=abs)
        raise BadRow(table, column, f"expected at most 38 digits, got {len(str(abs(worst)))}")
    return numbers
