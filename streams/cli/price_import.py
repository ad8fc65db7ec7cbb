"""`apportion prices import`: price maps of others into a price book."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.instants import instant_us
from streams.cli.reach import Data, Kafka, nearest, reached
from streams.cli.verbs import new_app
from streams.config.document import read
from streams.config.fields import EPOCH
from streams.config.price_book import WHAT, price_book_of
from streams.config.price_document import Document
from streams.config.price_yaml import to_yaml
from streams.config_topic import PRICES, document_in_force
from streams.prices.errors import InvalidMap
from streams.prices.litellm import read_map
from streams.prices.merge import CURRENCY, import_into
from streams.prices.report import report_text
from streams.prices.report_json import report_json

app = new_app("Put a price map of others into a price book.")


@app.callback()
def _import() -> None:
    """Keep `litellm` a word of its own: other maps will have theirs."""


@app.command("litellm", help="Import LiteLLM's model_prices_and_context_window.json.")
def litellm(  # noqa: PLR0913 - one parameter an option
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The map, JSON.")],
    *,
    effective_from: Annotated[
        str, typer.Option(help="Date, or instant in UTC, that its prices hold from.")
    ],
    into: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Book to put them in, YAML."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the book; else stdout.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Report as JSON on stdout, which needs --out or --check.")
    ] = False,
    kafka: Kafka = None,
    data: Data = None,
    check: Annotated[bool, typer.Option("--check", help="Report, and write no book.")] = False,
) -> None:
    """Write a book with the map's prices in it, and say what was taken, changed and left out.

    Starts from --into, else from the book in force where --kafka or --data say which, else anew.
    """
    if as_json and not (out or check):
        raise typer.BadParameter("expected --out or --check beside --json: stdout has room for one")
    begin = EPOCH + timedelta(microseconds=instant_us(effective_from))
    book = _book(into, kafka, data)
    reading = read_map(map_text(file))
    merged = import_into(book, reading, begin)
    version = price_book_of(merged.document).version
    if as_json:
        typer.echo(report_json(reading, merged, begin))
    else:
        typer.echo(report_text(reading, merged, begin), err=True)
    typer.echo(f"version {version}", err=True)
    if not check:
        _write(to_yaml(merged.document), out)


def map_text(file: Path) -> str:
    """Return the text of a map. Raises InvalidMap."""
    try:
        return file.read_text(encoding="utf-8-sig")  # some editors write a mark first
    except UnicodeDecodeError as error:
        raise InvalidMap(f"expected {file} to be JSON in UTF-8, got {error}") from error


def _book(into: Path | None, kafka: str | None, data: Path | None) -> Document:
    """Return the book to start from: a file, the one in force, or an empty one."""
    if into is not None:
        return read(Document, into.read_text(encoding="utf-8"), WHAT)
    if kafka is None and data is None:
        return Document(currency=CURRENCY, prices=())
    found = document_in_force(reached(nearest(kafka=kafka, data=data)), PRICES)
    return read(Document, found["body"] if found else PRICES.default(), WHAT)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    # A reader of the old book sees it whole, or the new one whole.
    beside = out.with_name(f"{out.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(out)
