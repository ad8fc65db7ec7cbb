"""`publish`, of price books and catalogs: show what changes, ask, put it in force.

Only the version goes to stdout; what a person reads goes to stderr.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, reached, stop_if_checking
from streams.config_topic import CATALOG, PRICES, Kind
from streams.core.catalog import Catalog
from streams.core.price_book import PriceBook
from streams.errors import ConfigRefused, NotConfirmed
from streams.prices.catalog_difference import catalog_difference
from streams.prices.difference import difference
from streams.prices.difference_text import difference_text
from streams.prices.wording import day
from streams.publications import Document, Publications, book_of, catalog_of, text_of
from streams.publishing import Past, past_of, put_in_force, refuse_other_currency, wait_stored
from streams.settings import WorkerSettings

SHOWN = 10  # changes a section; `diff` shows the rest

File: TypeAlias = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Note: TypeAlias = Annotated[str | None, typer.Option("--note", help="Why, kept with the version.")]
Preview: TypeAlias = Callable[[WorkerSettings, Document, Document], None]


def prices_publish(  # noqa: PLR0913 - one parameter an option
    file: File,
    *,
    yes: Yes = False,
    note: Note = None,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Check a price book, show what it changes, ask, and put it in force. Prints its version."""
    document = Document(text_of(file), str(file))
    book = book_of(document)
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    _publish(settings, PRICES, (document, book.version), partial(_preview_book, book), (note, yes))


def catalog_publish(  # noqa: PLR0913 - one parameter an option
    file: File,
    *,
    yes: Yes = False,
    note: Note = None,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Check a catalog, show what it changes, ask, and put it in force. Prints its version."""
    document = Document(text_of(file), str(file))
    names = catalog_of(document)
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    preview = partial(_preview_catalog, names)
    _publish(settings, CATALOG, (document, names.version), preview, (note, yes))


def _publish(
    settings: WorkerSettings,
    kind: Kind,
    versioned: tuple[Document, str],
    preview: Preview,
    answers: tuple[str | None, bool],
) -> None:
    document, version = versioned
    note, yes = answers
    reached(settings)
    have = Publications(settings, kind).in_force()
    if have.publication is not None and have.publication.version == version:
        say(f"{version} is in force already")
        published = have.publication
    else:
        preview(settings, have, document)
        confirm(f"Put {document.source} in force as version {version}?", yes=yes)
        published = put_in_force(settings, kind, document, note)
        say(f"in force: {version}, read back from {kind.topic}")
    missing = wait_stored(settings, kind, published)
    say(f"ClickHouse does not have it yet: {missing}" if missing else "ClickHouse has it")
    typer.echo(version)


def confirm(question: str, *, yes: bool) -> None:
    """Ask a person, and stop where they say no. Raises NotConfirmed when nobody is there to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise NotConfirmed(
            "expected a yes before anything changes, got no terminal to ask on; "
            "look at the changes above, then give --yes"
        )
    if not typer.confirm(question, err=True):
        say("nothing was published")
        raise typer.Exit(1)


def say(text: str) -> None:
    """Tell a person."""
    typer.echo(text, err=True)


def _preview_book(new: PriceBook, settings: WorkerSettings, have: Document, came: Document) -> None:
    try:
        old = book_of(have)
    except ConfigRefused as error:
        say(f"what is in force cannot be compared with: {error}")
        return
    if have.publication is not None:  # in what nobody published nobody was billed
        refuse_other_currency(old, new, came.source)
    found = difference(old, new)
    say(f"{have.source} -> {came.source} ({new.version}), {new.currency}:")
    for line in difference_text(found, SHOWN):
        say(line)
    past = past_of(settings, found, time.time_ns() // 1000)
    if past is not None:
        say(_past_words(past))


def _past_words(past: Past) -> str:
    since = f"since {day(past.since_us)}" if past.since_us else "of all time"
    if past.windows == 0:
        return f"It changes prices {since}, of which no window is stored."
    windows = "windows" if past.windows is None else f"up to {past.windows:,} stored windows"
    return f"It prices {windows} {since} anew: they stay as they are until `apportion replay`."


def _preview_catalog(
    new: Catalog, _settings: WorkerSettings, have: Document, came: Document
) -> None:
    try:
        old = catalog_of(have)
    except ConfigRefused as error:
        say(f"what is in force cannot be compared with: {error}")
        return
    say(f"{have.source} -> {came.source}:")
    for line in catalog_difference(old, new) or ["no difference"]:
        say(line)
