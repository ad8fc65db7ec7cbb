"""Commands that list what lines in force say of a stretch of time: a table, or one JSON object."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Generic, TypeAlias, TypeVar

import typer

from schemas.decimals import to_decimal
from streams.cli.instants import instant_us
from streams.cli.reach import nearest, stop_if_checking
from streams.core.money import PICO
from streams.prices.text_table import text_table
from streams.replay.ask import Asker
from streams.replay.place import asker_of, place_of

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

Entry = TypeVar("Entry")
CENT = to_decimal(PICO // 100)


@dataclass(frozen=True, slots=True)
class Listing(Generic[Entry]):
    """How entries are shown. `numbers`: the heads of columns to align right."""

    name: str  # of the list in the JSON object
    nothing: str  # to say where there is no entry
    heads: Sequence[str]
    numbers: str
    row: Callable[[Entry], Sequence[str]]
    plain: Callable[[Entry], dict[str, object]]

    def show(self, found: Sequence[Entry], *, as_json: bool) -> None:
        """Print entries."""
        if as_json:
            typer.echo(json.dumps({self.name: [*map(self.plain, found)]}))
            return
        rows = [*map(self.row, found)]
        for line in text_table(self.heads, rows, self.numbers) if rows else [self.nothing]:
            typer.echo(line)


@contextmanager
def asking(data: Path | None, clickhouse: str | None, *, check: bool) -> Iterator[Asker]:
    """Give who answers for the ClickHouse that a command means, or print the settings and exit."""
    settings = nearest(clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    with place_of(settings) as place:
        yield asker_of(place)


def stretch(since: str | None, until: str | None, last_us: int) -> tuple[int, int]:
    """Return from when until when; until now, and the last so many microseconds of that."""
    until_us = instant_us(until)
    return instant_us(since) if since else until_us - last_us, until_us


def cell(name: str | None) -> str:
    """Return a name that a producer chose so that it stays in its cell.

    >>> cell(chr(0)), cell(None)
    ('[0x0]', '')
    """
    return "".join(each if each.isprintable() else f"[{ord(each):#x}]" for each in name or "")


def exact(pico: int | None) -> str | None:
    """Return money in full, as JSON has it.

    >>> exact(1), exact(None)
    ('0.000000000001', None)
    """
    return None if pico is None else f"{to_decimal(pico):f}"


def about(pico: int | None) -> str:
    """Return an amount to the cent, one below a cent to four digits that count.

    >>> about(1_234_567_890_123_456), about(1_234_567), about(0), about(None)
    ('1,234.57', '0.000001235', '0.00', '')
    """
    if pico is None:
        return ""
    amount = to_decimal(pico)
    return f"{amount:,.2f}" if pico == 0 or abs(amount) >= CENT else f"{amount:.4g}"
