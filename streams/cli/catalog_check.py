"""`apportion catalog check`: whether a file is a catalog; every fault with its place."""

from pathlib import Path
from typing import Annotated

import typer

from streams.publications import Document, catalog_of, text_of


def check(
    file: Annotated[Path, typer.Argument(help="YAML document.", exists=True, dir_okay=False)],
) -> None:
    """Check a catalog, and print its version. Exits with 1 and every fault where it has any."""
    typer.echo(catalog_of(Document(text_of(file), str(file))).version)
