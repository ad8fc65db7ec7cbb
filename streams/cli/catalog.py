"""`apportion catalog`: its verbs."""

import typer

from streams.cli.catalog_check import check
from streams.cli.catalog_diff import diff
from streams.cli.catalog_endpoints import show as endpoints
from streams.cli.catalog_show import show
from streams.cli.catalog_unattributed import show as unattributed
from streams.cli.publish import catalog_publish
from streams.cli.verbs import new_app
from streams.config.catalog_document import Document
from streams.config.json_schema import json_schema
from streams.config_topic import CATALOG

catalog = new_app("Check and publish a catalog.")
catalog.command("check")(check)
catalog.command("show")(show)
catalog.command("diff")(diff)
catalog.command("publish")(catalog_publish)
catalog.command("unattributed")(unattributed)
catalog.command("endpoints")(endpoints)


@catalog.command("schema")
def schema() -> None:
    """Print the JSON schema of a catalog."""
    typer.echo(json_schema(Document, CATALOG.name), nl=False)
