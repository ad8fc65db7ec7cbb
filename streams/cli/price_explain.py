"""`apportion prices explain`: every step of the price of one call."""

import json
from typing import Annotated

import typer

from streams.cli.instants import At, instant_us
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, stop_if_checking
from streams.config_topic import PRICES
from streams.core.windows import SECOND_US
from streams.prices.asked_call import Asked, event_of, quantity_of, tokens_of
from streams.prices.explanation import explain as explained
from streams.prices.explanation_text import explanation_text
from streams.prices.plain_explanation import plain_explanation
from streams.prices.ways_to_price import provider_of
from streams.publications import IN_FORCE, Publications, book_of


def explain(  # noqa: PLR0913 - one parameter an option
    *,
    model: Annotated[str, typer.Option(help="As usage names it.")],
    tokens: Annotated[
        str,
        typer.Option(
            help="As usage reports them, input with what was cached, output with reasoning: "
            "input=1200,cache_read=200,output=300,reasoning=50."
        ),
    ] = "",
    quantity: Annotated[
        list[str] | None,
        typer.Option(help="What else it used: call.images_output=2. Repeatable."),
    ] = None,
    provider: Annotated[
        str | None, typer.Option(help="Left out: the only one with this model.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="That served the call.")] = None,
    tier: Annotated[str | None, typer.Option(help="Service tier, e.g. batch.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Who is charged.")] = None,
    at: At = None,
    book: Annotated[
        str, typer.Option(help="File, begin of a version, in-force, or built-in.")
    ] = IN_FORCE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print every step of the price of one call: what was used, what prices it, and the sums."""
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    used = tokens_of(tokens), [quantity_of(each) for each in quantity or ()]
    loaded = book_of(Publications(settings, PRICES).find(book))
    who = provider_of(loaded, model, provider)
    event = event_of(Asked(who, model, region, tier, tenant, instant_us(at), *used))
    found = explained(event, loaded, settings.meter.window_s * SECOND_US)
    if as_json:
        typer.echo(json.dumps(plain_explanation(found)))
        return
    for line in explanation_text(found):
        typer.echo(line)
