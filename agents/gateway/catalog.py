"""What the catalog in force grants: of a file, or of the one published on Kafka.

Before any catalog was read nothing is known, and nothing is taken. Where none was ever published
any source may speak of any tenant, as the processors take it.
"""

from pathlib import Path
from typing import Protocol

from agents.catalog_file import FileCatalog
from agents.catalog_topic import TopicCatalog
from agents.gateway.grants import Grants, grants_in
from agents.kafka_settings import KafkaSettings

ANYBODY = Grants(None)


class Catalog(Protocol):
    """Where grants come from."""

    @property
    def fault(self) -> str | None:
        """Why what is there now is not in force; None: it is."""

    def current(self) -> Grants | None:
        """Return the grants in force; None: none are known yet. Does not block."""

    def close(self) -> None:
        """Follow no more."""


class OfFile:
    """The grants of a catalog file, followed. Raises CatalogUnreadable."""

    def __init__(self, path: Path) -> None:
        self._file = FileCatalog(grants_in, path)

    @property
    def fault(self) -> str | None:
        """Why the file as it is now is not in force."""
        return self._file.fault

    def current(self) -> Grants:
        """Return the grants in force."""
        return self._file.current()

    def close(self) -> None:
        """Have nothing to close."""


class Published:
    """The grants of the catalog published last. `kept`: where it lies for starts without Kafka."""

    def __init__(self, kafka: KafkaSettings, kept: Path) -> None:
        self._topic = TopicCatalog(grants_in, kafka.properties(), kept)
        self._topic.start()

    @property
    def fault(self) -> str | None:
        """Why what was published last is not in force, or cannot be read."""
        return self._topic.fault

    def current(self) -> Grants | None:
        """Return the grants in force."""
        has_none = self._topic.has_read_all.is_set() and self._topic.fault is None
        return self._topic.current() or (ANYBODY if has_none else None)

    def close(self) -> None:
        """Follow no more."""
        self._topic.close()
