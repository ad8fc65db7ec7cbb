"""Writes Decimal(38, 12) columns from integers of pico.

The client writes decimals through `Decimal(str(x)) * 10**12`, which is half of the cost of a row;
what we hold already is the integer that goes on the wire.
"""

from collections.abc import MutableSequence, Sequence
from typing import Any

from clickhouse_connect.datatypes.base import ClickHouseType
from clickhouse_connect.datatypes.numeric import BigDecimal
from clickhouse_connect.driver.insert import InsertContext

PRECISION = 38
SCALE = 12
BITS = 128


class PicoDecimal(BigDecimal, registered=False):
    """Decimal(38, 12), or Nullable of it, whose values are integers of pico or None."""

    def _write_column_binary(
        self,
        column: Sequence[Any] | MutableSequence[Any],  # the client's own signature
        dest: bytearray,
        ctx: InsertContext,
    ) -> None:
        size = self.byte_size
        try:
            dest += b"".join(
                [(x or 0).to_bytes(size, "little", signed=True) for x in column],
            )
        except (OverflowError, AttributeError, TypeError) as error:
            raise ctx.data_error(f"expected integers of less than {BITS} bits: {error}") from error


def pico_type(decimal: ClickHouseType) -> ClickHouseType:
    """Return the writer for a Decimal(38, 12) type as the client knows it."""
    return PicoDecimal(decimal.type_def, PRECISION, BITS, SCALE)
