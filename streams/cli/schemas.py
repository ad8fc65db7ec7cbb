"""`apportion schemas`: the contract against its released versions."""

import typer

from schemas import compatibility
from streams.cli.verbs import new_app

app = new_app("Check the contract against its releases.")


@app.callback()
def schemas() -> None:
    """Check the contract against its releases."""


@app.command()
def check() -> None:
    """Prove that this release and every released one read each other's data."""
    raise typer.Exit(compatibility.main())
