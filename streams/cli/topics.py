"""`apportion topics`: create what is missing, list what is there."""

from typing import Annotated

import typer

from streams.cli.reach import Check, Data, Kafka, nearest, reached, stop_if_checking
from streams.cli.verbs import new_app
from streams.kafka import create_topics, list_topics

app = new_app("Create and list the topics.")


@app.command()
def create(
    *,
    replication: Annotated[int, typer.Option(min=1, help="Copies of each partition.")] = 1,
    partitions: Annotated[
        int | None, typer.Option(min=1, help="Of topics that have several; default: 4.")
    ] = None,
    kafka: Kafka = None,
    data: Data = None,
    check: Check = False,
) -> None:
    """Create the topics that are not there yet; existing ones are left as they are."""
    settings = nearest(kafka=kafka, data=data)
    stop_if_checking(settings, check=check)
    for name in create_topics(reached(settings), replication, partitions):
        typer.echo(name)


@app.command("list")
def list_all(*, kafka: Kafka = None, data: Data = None) -> None:
    """Print every topic and its number of partitions."""
    for name, partitions in list_topics(reached(nearest(kafka=kafka, data=data))).items():
        typer.echo(f"{name}\t{partitions}")
