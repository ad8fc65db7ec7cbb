"""`apportion prices`: its verbs, a file each."""

import typer

from streams.cli import price_import
from streams.cli.price_diff import diff
from streams.cli.price_explain import explain
from streams.cli.price_history import history
from streams.cli.price_show import show
from streams.cli.publish import prices_publish
from streams.cli.verbs import new_app
from streams.config.json_schema import json_schema
from streams.config.price_document import Document
from streams.config_topic import PRICES

prices = new_app("Look into price books, compare them, and put them in force.")
prices.command("show")(show)
prices.command("diff")(diff)
prices.command("explain")(explain)
prices.command("publish")(prices_publish)
prices.command("history")(history)
prices.add_typer(price_import.app, name="import")


@prices.command("schema")
def schema() -> None:
    """Print the JSON schema of a price book."""
    typer.echo(json_schema(Document, PRICES.name), nl=False)
