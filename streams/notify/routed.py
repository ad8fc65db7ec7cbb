"""Whom to tell of an alert, by a catalog; and the catalog that a command means."""

from pathlib import Path

from schemas.records import Alert
from streams.config.catalog import load_catalog
from streams.config.errors import ConfigError
from streams.config_topic import CATALOG, document_in_force
from streams.core.catalog import Catalog
from streams.core.notices import Destination
from streams.errors import ConfigRefused
from streams.notify.text import severity
from streams.settings import KafkaSettings


def destinations(catalog: Catalog, alert: Alert) -> list[Destination]:
    """Return whom to tell of an alert, each once, by the routes in force when it was so."""
    routes = catalog.at(alert["at_us"]).routes_of(alert["tenant"], severity(alert), alert["kind"])
    return list(dict.fromkeys(Destination(route.sink, route.channel) for route in routes))


def catalog_meant(kafka: KafkaSettings, file: Path | None) -> Catalog:
    """Return the catalog of a file, else the one in force. Raises ConfigRefused."""
    if file is not None:
        source, text = str(file), file.read_text(encoding="utf-8")
    else:
        document = document_in_force(kafka, CATALOG)
        source, text = CATALOG.topic, document["body"] if document else CATALOG.default()
    try:
        return load_catalog(text)
    except ConfigError as error:
        raise ConfigRefused(source, str(error)) from error
