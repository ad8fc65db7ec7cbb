"""The verbs `prices` and `catalog`: the same two steps on two kinds of document."""

from pathlib import Path
from typing import Annotated

import typer

from streams.cli import price_import
from streams.cli.reach import Check, Data, Kafka, nearest, reached, stop_if_checking
from streams.cli.verbs import new_app
from streams.config import catalog as catalog_document
from streams.config import price_document
from streams.config.document import Whole
from streams.config.json_schema import json_schema
from streams.config_topic import CATALOG, PRICES, Kind, in_force, publish_document


def _app(kind: Kind, document: type[Whole]) -> typer.Typer:
    made = new_app(f"Check and publish a {kind.name}.")

    @made.command("publish", help=f"Check a {kind.name} and put it in force.")
    def publish(
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML.")],
        *,
        kafka: Kafka = None,
        data: Data = None,
        check: Check = False,
    ) -> None:
        text = file.read_text(encoding="utf-8")
        version = kind.version(text, str(file))
        settings = nearest(kafka=kafka, data=data)
        stop_if_checking(settings, check=check)
        publish_document(reached(settings), kind, text, str(file))
        typer.echo(version)

    @made.command("show", help=f"Print the version of the {kind.name} in force.")
    def show(*, kafka: Kafka = None, data: Data = None) -> None:
        version = in_force(reached(nearest(kafka=kafka, data=data)), kind)
        if version is None:
            typer.echo(f"no {kind.name} was published yet", err=True)
            raise typer.Exit(1)
        typer.echo(version)

    @made.command("schema", help=f"Print the JSON schema of a {kind.name}.")
    def schema() -> None:
        typer.echo(json_schema(document, kind.name), nl=False)

    return made


prices = _app(PRICES, price_document.Document)
prices.add_typer(price_import.app, name="import")
catalog = _app(CATALOG, catalog_document.Document)
