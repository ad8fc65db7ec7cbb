"""`apportion notify test`: a message by one route, now, to see that it arrives."""

import asyncio
import time
from typing import Annotated

import typer

from schemas.records import Alert
from streams.cli.notify_preview import CatalogFile
from streams.cli.reach import Check, Data, Kafka, nearest, reached, stop_if_checking
from streams.core.alerts import NO_DETAILS
from streams.core.catalog import Catalog
from streams.core.routes import Route
from streams.errors import NotTold, UnknownRoute
from streams.notify.printed import Missing, line_of
from streams.notify.routed import catalog_meant
from streams.notify.sink import Answer, Saying, Told
from streams.notify.sinks import opened
from streams.settings import WorkerSettings


def try_route(  # noqa: PLR0913 - one parameter an option
    *,
    route: Annotated[str, typer.Option(help="Name of the route.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what it would be.")
    ] = False,
    catalog: CatalogFile = None,
    kafka: Kafka = None,
    data: Data = None,
    check: Check = False,
) -> None:
    """Tell a message that says it is a test where a route goes. Exits with 1 when it is not taken.

    Sinks are those of the settings here; nothing is kept of it.
    """
    settings = nearest(kafka=kafka, data=data)
    stop_if_checking(settings, check=check)
    meant = catalog_meant(settings.kafka if catalog else reached(settings), catalog)
    now_us = time.time_ns() // 1_000
    found = route_of(meant, route, now_us)
    alert = trial(found, now_us)
    if dry_run:
        typer.echo(line_of(found.sink, found.channel, alert))
        return
    answer = asyncio.run(told(settings, found, alert))
    if not isinstance(answer, Told):
        raise NotTold(found.sink, answer.why)
    typer.echo(f"told {found.sink} {found.channel or ''}".rstrip())


def route_of(catalog: Catalog, name: str, at_us: int) -> Route:
    """Return a route in force. Raises UnknownRoute."""
    routes = {each.name: each for each in catalog.at(at_us).routes}
    if name not in routes:
        raise UnknownRoute(name, list(routes))
    return routes[name]


def trial(route: Route, now_us: int) -> Alert:
    """Return an alert of nothing."""
    return {
        **NO_DETAILS,
        "alert_id": f"test/{now_us}/{route.name}",
        "tenant": "nobody",
        "kind": "test",
        "state": "opened",
        "since_us": now_us,
        "at_us": now_us,
        "expected": None,
        "actual": None,
        "excess": None,
        "currency": "USD",
        "summary": f"This is a test of the route {route.name}: alerts that it takes arrive here.",
        "severity": "info",
        "revision": 1,
    }


async def told(settings: WorkerSettings, route: Route, alert: Alert) -> Answer:
    """Tell an alert once, and return the answer. Raises SettingsInvalid."""
    async with opened(settings.notify, typer.echo) as sinks:
        sink = sinks.get(route.sink) or Missing(route.sink)
        return await sink.tell(Saying(alert, route.channel))
