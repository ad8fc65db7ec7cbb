"""`apportion prices history`: every version published, and what each changed."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import typer

from streams.cli.publish import say
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, stop_if_checking
from streams.config_topic import PRICES
from streams.prices.chronicle import Edition, history_of_model, history_table, plain_step, steps
from streams.publications import Publication, Publications, book_of


def history(  # noqa: PLR0913 - one parameter an option
    *,
    model: Annotated[
        str | None, typer.Option(help="A glob: what each version says of it, by date.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="So many of the newest.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print every version published, oldest first, and what it changed to the one before."""
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    known = Publications(settings, PRICES)
    published = without_repeats(known.every())
    shown = published[-last - 1 :]  # one more, to compare the first of them with
    found = list(steps(_edition(known, each) for each in shown))[-last:]
    if as_json:
        lines = [json.dumps(plain_step(step, model)) for step in found]
    else:
        lines = history_table(found) if model is None else history_of_model(found, model)
    for line in lines if found else []:
        typer.echo(line)
    if not found:
        say("no price book was published yet")
    if len(published) > len(found):
        say(f"{len(published) - len(found):,} earlier ones: --last")
    for unread in known.unread:
        say(f"not looked at: {unread}")


def without_repeats(published: Sequence[Publication]) -> list[Publication]:
    """Return publications but those of what was in force already."""
    return [
        *published[:1],
        *(now for before, now in pairwise(published) if now.version != before.version),
    ]


def _edition(known: Publications, published: Publication) -> Edition:
    return Edition(published.at_us, published.note, book_of(known.of_version(published.version)))
