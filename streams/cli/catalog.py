"""`apportion catalog`: its verbs."""

import typer

from streams.cli.publish import catalog_publish
from streams.cli.reach import Data, Kafka, nearest, reached
from streams.cli.verbs import new_app
from streams.config.catalog_document import Document
from streams.config.json_schema import json_schema
from streams.config_topic import CATALOG, in_force

catalog = new_app("Check and publish a catalog.")
catalog.command("publish")(catalog_publish)


@catalog.command("show")
def show(*, kafka: Kafka = None, data: Data = None) -> None:
    """Print the version of the catalog in force."""
    version = in_force(reached(nearest(kafka=kafka, data=data)), CATALOG)
    if version is None:
        typer.echo("no catalog was published yet", err=True)
        raise typer.Exit(1)
    typer.echo(version)


@catalog.command("schema")
def schema() -> None:
    """Print the JSON schema of a catalog."""
    typer.echo(json_schema(Document, CATALOG.name), nl=False)
