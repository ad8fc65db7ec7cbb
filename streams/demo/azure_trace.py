"""The Azure LLM inference trace: CSV of TIMESTAMP, ContextTokens, GeneratedTokens.

Times without an offset are UTC; digits after the microsecond are cut off.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streams.demo.errors import BadTrace
from streams.demo.trace_row import MAX_DIGITS, Row

HEADER = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def rows(path: Path, lines: Iterable[str]) -> Iterator[Row]:
    """Yield the requests. Raises BadTrace at the first line that is not one."""
    for line, text in enumerate(lines, 1):
        cells = text.rstrip().split(",")
        if line == 1:
            if cells != HEADER:
                raise BadTrace(path, 1, ",".join(HEADER), repr(text.rstrip()))
        elif text.strip():
            if len(cells) != len(HEADER):
                raise BadTrace(path, line, f"{len(HEADER)} columns", repr(text.rstrip()))
            yield Row(
                line,
                instant_us(path, line, cells[0]),
                tokens(path, line, HEADER[1], cells[1]),
                tokens(path, line, HEADER[2], cells[2]),
                None,
            )


def instant_us(path: Path, line: int, cell: str) -> int:
    """Return a time such as 2023-11-16 18:15:46.6805900 in UTC microseconds."""
    try:
        instant = datetime.fromisoformat(cell)
    except ValueError as error:
        raise BadTrace(
            path, line, "a TIMESTAMP such as 2023-11-16 18:15:46.6805900", repr(cell)
        ) from error
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return (instant - EPOCH) // MICROSECOND


def tokens(path: Path, line: int, column: str, cell: str) -> int:
    """Return a count of tokens."""
    if not (cell.isascii() and cell.isdigit() and len(cell) <= MAX_DIGITS):
        raise BadTrace(path, line, f"a whole number >= 0 as {column}", repr(cell))
    return int(cell)
