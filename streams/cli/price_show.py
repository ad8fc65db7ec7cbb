"""`apportion prices show`: what a price book says."""

import json
from typing import Annotated

import typer

from streams.cli.instants import At, instant_us
from streams.cli.publish import say
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, stop_if_checking
from streams.config_topic import PRICES
from streams.core.price import Price
from streams.core.price_book import PriceBook
from streams.prices.agreement_words import Agreement
from streams.prices.difference_text import limited
from streams.prices.price_list import (
    Wanted,
    agreement_list,
    agreements_on,
    chosen,
    counts,
    plain_list,
    price_table,
)
from streams.prices.wording import day
from streams.publications import IN_FORCE, Document, Publications, book_of

EVERY_DATE = "any"


def show(  # noqa: PLR0913 - one parameter an option
    book: Annotated[
        str, typer.Argument(help="File, begin of a version, in-force, or built-in.")
    ] = IN_FORCE,
    *,
    model: Annotated[str | None, typer.Option(help="A glob, e.g. 'gpt-4*'.")] = None,
    provider: Annotated[str | None, typer.Option(help="A glob.")] = None,
    meter: Annotated[str | None, typer.Option(help="A glob, e.g. 'tokens.*'.")] = None,
    at: At = None,
    limit: Annotated[int, typer.Option(min=0, help="Lines listed; 0: all.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print what is in force: the published price book, or another. --at any: of every date."""
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    wanted = Wanted(model, provider, meter, None if at == EVERY_DATE else instant_us(at))
    document = Publications(settings, PRICES).find(book)
    loaded = book_of(document)
    prices, elsewhen = chosen(loaded, wanted)
    agreements = agreements_on(loaded, prices, wanted.at_us)
    if as_json:
        found = plain_list(prices, agreements)
        typer.echo(json.dumps(_plain_head(document, loaded) | found))
        return
    for line in _head(document, loaded):
        typer.echo(line)
    _print(prices, agreements, limit)
    if elsewhen:
        say(f"not shown: {elsewhen:,} of other dates; --at any")


def _print(prices: list[Price], agreements: list[Agreement], limit: int) -> None:
    is_short = not limit or len(prices) <= limit
    shown = limited(agreement_list(agreements), limit) if is_short else []
    for line in [*(price_table(prices) if is_short else counts(prices)), *shown]:
        typer.echo(line)
    if len(shown) < len(agreements):
        unlisted = len(agreements) - len(shown)
        say(f"not shown: {unlisted:,} uplifts, overrides and commitments")
    if not is_short:
        say(f"{len(prices):,} prices: name some with --model, --provider, --meter; or --limit 0")


def _head(document: Document, book: PriceBook) -> list[str]:
    published = document.publication
    when = f"published {day(published.at_us)}" if published and published.at_us else ""
    note = f"note: {published.note}" if published and published.note else ""
    count = f"{len(book.prices):,} prices"
    facts = (f"version {book.version}", book.currency, count, when, note)
    origin = [] if published else [document.source]
    return ["; ".join(fact for fact in (*origin, *facts) if fact)]


def _plain_head(document: Document, book: PriceBook) -> dict[str, object]:
    published = document.publication
    return {
        "source": document.source,
        "version": book.version,
        "currency": book.currency,
        "prices_count": len(book.prices),
        "published_at": day(published.at_us) if published and published.at_us else None,
        "note": published.note if published else None,
    }
