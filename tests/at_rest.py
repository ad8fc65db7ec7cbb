"""A database that nobody has open, and the cost lines that a command published."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from clickhouse.client import connect
from clickhouse.migrate import migrate
from clickhouse.rows import ConfigKind, configs, cost_lines
from clickhouse.writer import Writer
from schemas import topics
from schemas.codec import Codec
from schemas.records import CostLine
from streams.config_topic import CATALOG, PRICES
from streams.kafka import read_to_end
from streams.settings import KafkaSettings


def database(folder: Path, lines: Sequence[CostLine], *bodies: tuple[str, str]) -> str:
    """Return the address of a database that holds these lines, a price book and a catalog."""
    url = f"chdb://{folder / 'clickhouse'}"
    write(url, lines)
    given = dict(bodies)
    with connect(url) as connection:
        writer = Writer(connection.writer)
        for kind, name in ((PRICES, "price-book"), (CATALOG, "catalog")):
            body = given.get(name) or kind.default()
            document = {
                "version": kind.version(body, "test"),
                "published_at_us": 1,
                "body": body,
                "note": None,
            }
            writer.add(configs(cast("ConfigKind", name), [document]))  # type: ignore[list-item]  # of the fields it has
        writer.flush()
    return url


def write(url: str, lines: Sequence[CostLine]) -> None:
    with connect(url) as connection:
        migrate(connection)
        writer = Writer(connection.writer)
        writer.add(cost_lines(lines))
        writer.flush()


def published(kafka: KafkaSettings) -> list[CostLine]:
    """Return the cost lines on the topic."""
    codec = Codec()
    return [
        cast("CostLine", codec.decode(entry.value)[1])
        for entry in read_to_end(kafka, topics.COST_LINE.name)
        if entry.value is not None
    ]
