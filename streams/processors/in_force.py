"""The document of one kind that is in force: the last published that this release can read.

None published: the built-in one, said loudly, so that a first look needs no set-up.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

import structlog

from schemas.codec import Codec
from schemas.errors import NotAvro
from schemas.records import Config
from streams.config.errors import ConfigError
from streams.config_topic import Kind
from streams.core.catalog import Catalog
from streams.core.price_book import PriceBook
from streams.errors import ConfigRefused
from streams.kafka import Entry

LOG = structlog.get_logger()
Document = TypeVar("Document", bound=PriceBook | Catalog)
UNREADABLE = (NotAvro, ConfigError, RecursionError)  # the last: YAML nested without end


class InForce(Generic[Document]):
    """A price book or a catalog, replaced as newer ones are published. Not for several threads."""

    def __init__(self, kind: Kind, load: Callable[[str], Document], read: Sequence[Entry]) -> None:
        """Take the newest of what was read of the topic.

        Raises ConfigRefused when something was published and none of it can be read: what it was
        meant to say is not known.
        """
        self.kind = kind
        self.refused: str | None = None  # why what was published last cannot be read
        self._load: Callable[[str], Document] = load
        self._codec = Codec()
        found = self._newest(read)
        if found is None and self.refused is not None:
            raise ConfigRefused(f"what is on {kind.topic}", self.refused)
        self.config: Config
        self.document: Document
        self.config, self.document = found or self._built_in()

    def take(self, entries: Sequence[Entry]) -> bool:
        """Take up the newest that can be read; return whether there is one. Slow for big ones."""
        found = self._newest(entries)
        if found is not None:
            self.config, self.document = found
        return found is not None

    def _newest(self, entries: Sequence[Entry]) -> tuple[Config, Document] | None:
        refused = None
        for entry in reversed(entries):
            if entry.value is None:
                continue
            found = self._read(entry.value)
            if not isinstance(found, str):
                self.refused = refused
                return found
            refused = refused or f"offset {entry.offset} of {self.kind.topic}: {found}"
            LOG.error("config_refused", kind=self.kind.name, offset=entry.offset, why=found)
        self.refused = refused or self.refused
        return None

    def _read(self, value: bytes) -> tuple[Config, Document] | str:
        """Return a document, or what keeps this release from reading it."""
        try:
            name, record = self._codec.decode(value)
            if name != "Config":
                return f"expected a Config, got a {name}"
            config = cast("Config", record)
            return config, self._load(config["body"])
        except UNREADABLE as error:
            return str(error)

    def _built_in(self) -> tuple[Config, Document]:
        LOG.warning("nothing_published", kind=self.kind.name, using=self.kind.built_in)
        body = self.kind.default()
        document = self._load(body)
        config: Config = {
            "version": document.version, "published_at_us": 0, "body": body, "note": None
        }  # fmt: skip
        return config, document
