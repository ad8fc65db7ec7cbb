"""`apportion schemas`: the contract against its released versions, and into a registry."""

from contextlib import closing
from typing import Annotated

import typer

from schemas import compatibility
from streams.cli.reach import Check, settings_of, stop_if_checking
from streams.cli.verbs import new_app
from streams.errors import SettingsInvalid

app = new_app("Check the contract against its releases; put it into a schema registry.")


@app.callback()
def schemas() -> None:
    """Check the contract against its releases; put it into a schema registry."""


@app.command()
def check() -> None:
    """Prove that this release and every released one read each other's data."""
    raise typer.Exit(compatibility.main())


@app.command()
def register(
    *,
    registry: Annotated[
        str | None, typer.Option("--registry", help="URL; default: APPORTION_SCHEMA_REGISTRY.")
    ] = None,
    check: Check = False,
) -> None:
    """Put every schema where it is not yet, have each subject held to FULL, and print their ids."""
    settings = settings_of((), {"schema_registry": registry})
    stop_if_checking(settings, check=check)
    if settings.schema_registry is None:
        raise SettingsInvalid(["APPORTION_SCHEMA_REGISTRY: set it, or give --registry"])
    # An HTTP stack, which `check` does not need.
    from streams.kafka.registration import register_all  # noqa: PLC0415
    from streams.kafka.registry_client import RegistryClient  # noqa: PLC0415

    username, password = settings.schema_registry_username, settings.schema_registry_password
    with closing(RegistryClient(settings.schema_registry, username, password)) as client:
        for subject, schema_id in register_all(client):
            typer.echo(f"{subject}\t{schema_id}")
