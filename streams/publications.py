"""Every version of a document that was published: on its topic, and in ClickHouse.

Either may be away or know less: an embedded broker forgets, and the topic is compacted. All of it
blocks. Nothing here writes.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, cast

from clickhouse.query import Literal, spelled_out
from schemas.codec import Codec
from schemas.errors import NotAvro
from schemas.records import Config
from streams.config.catalog import load_catalog
from streams.config.errors import ConfigError
from streams.config.price_book import load_price_book
from streams.config_topic import PRICES, Kind
from streams.core.catalog import Catalog
from streams.core.price_book import PriceBook
from streams.errors import (
    BrokerUnavailable,
    ConfigRefused,
    SqlRefused,
    StoreUnavailable,
    TopicsMissing,
    UnknownVersion,
)
from streams.kafka import Entry, read_to_end, wait_ready
from streams.settings import WorkerSettings
from streams.sql import query

IN_FORCE: Final = "in-force"
BUILT_IN: Final = "built-in"
REACH_S: Final = 5.0  # a broker that is there answers in milliseconds
LISTED: Final = 8  # versions named where none fits


@dataclass(frozen=True, slots=True)
class Publication:
    """That a version was published, when, and why. `at_us` 0: the built-in, which never was."""

    version: str
    at_us: int
    note: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """A document and where it is from, in words."""

    text: str
    source: str
    publication: Publication | None = None


class Publications:
    """The versions of one kind of document. `unread` says what could not be looked at."""

    def __init__(self, settings: WorkerSettings, kind: Kind) -> None:
        self.settings = settings
        self.kind = kind
        self.unread: list[str] = []

    @cached_property
    def on_topic(self) -> list[Config] | None:
        """What lies on the topic, the oldest first; None when there is no reaching it."""
        try:
            wait_ready(self.settings.kafka, REACH_S)
            entries = read_to_end(self.settings.kafka, self.kind.topic)
        except (BrokerUnavailable, TopicsMissing) as error:
            self.unread.append(f"{self.kind.topic} ({error})")
            return None
        return [record for entry in entries if (record := self._record(entry)) is not None]

    @cached_property
    def stored(self) -> list[Publication] | None:
        """What ClickHouse has, the oldest first; None when there is no reaching it."""
        try:
            found = self._ask("config_versions", {})
        except (StoreUnavailable, SqlRefused) as error:
            self.unread.append(f"ClickHouse ({error})")
            return None
        return [
            Publication(str(row["version"]), int(str(row["published_at_us"])), _note(row["note"]))
            for row in found
            if row["kind"] == table_kind(self.kind)
        ]

    def every(self) -> list[Publication]:
        """Return all publications, the oldest first."""
        seen = {publication_of(each) for each in self.on_topic or ()} | {*(self.stored or ())}
        return sorted(
            (each for each in seen if each.at_us), key=lambda each: (each.at_us, each.version)
        )

    def in_force(self) -> Document:
        """Return the document in force: the built-in one where none was published.

        Raises UnknownVersion when nobody can be asked.
        """
        if self.on_topic:
            return self._document(self.on_topic[-1])
        if self.on_topic is not None:
            return self.built_in()
        if stored := self.every():
            return self.of_version(stored[-1].version)
        raise UnknownVersion(self.kind.name, IN_FORCE, [], "; ".join(self.unread))

    def built_in(self) -> Document:
        """Return the document that is used where none was published."""
        return Document(self.kind.default(), f"the built-in {self.kind.name}")

    def find(self, reference: str) -> Document:
        """Return the document of a file, a version or its begin, in-force, or built-in.

        Raises UnknownVersion, and ConfigRefused for a file that is not text.
        """
        if reference == IN_FORCE:
            return self.in_force()
        if reference == BUILT_IN:
            return self.built_in()
        if Path(reference).is_file():
            return Document(text_of(Path(reference)), reference)
        known = sorted({each.version for each in self.every()})
        fitting = [version for version in known if reference and version.startswith(reference)]
        if len(fitting) == 1:
            return self.of_version(fitting[0])
        named = [*(fitting or known)][-LISTED:]
        raise UnknownVersion(self.kind.name, reference, named, "; ".join(self.unread))

    def of_version(self, version: str) -> Document:
        """Return a version that was published. Raises UnknownVersion."""
        for record in reversed(self.on_topic or ()):
            if record["version"] == version:
                return self._document(record)
        for each in reversed(self.stored or ()):
            if each.version == version:
                kind = table_kind(self.kind)
                [row] = self._ask("config_body", {"kind": kind, "version": version})
                return Document(str(row["body"]), f"version {version}", each)
        raise UnknownVersion(self.kind.name, version, [], "; ".join(self.unread))

    def _record(self, entry: Entry) -> Config | None:
        """Return what a message says; None for none, and for one that is not ours to read."""
        if entry.value is None:
            return None
        try:
            name, record = Codec().decode(entry.value)
        except NotAvro as error:
            self.unread.append(f"offset {entry.offset} of {self.kind.topic} ({error})")
            return None
        return cast("Config", record) if name == "Config" else None

    def _document(self, record: Config) -> Document:
        return Document(record["body"], f"version {record['version']}", publication_of(record))

    def _ask(self, name: str, params: dict[str, Literal]) -> list[dict[str, object]]:
        return ask_anywhere(self.settings, name, params)


def ask_anywhere(
    settings: WorkerSettings, name: str, params: dict[str, Literal]
) -> list[dict[str, object]]:
    """Return the rows of a query file, wherever the data is. Raises what `query` raises."""
    answer = query(settings, spelled_out(name, params), "JSONEachRow")
    return [json.loads(line) for line in answer.splitlines()]


def publication_of(record: Config) -> Publication:
    """Return what a record says of its publication."""
    return Publication(record["version"], record["published_at_us"], record["note"])


def table_kind(kind: Kind) -> str:
    """Return what ClickHouse calls a kind of document."""
    return "price-book" if kind is PRICES else "catalog"


def text_of(path: Path) -> str:
    """Return the text of a file. Raises ConfigRefused when it is not text, or cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigRefused(str(path), f"expected readable UTF-8 text, got {error}") from error


def book_of(document: Document) -> PriceBook:
    """Return the price book that a document is. Raises ConfigRefused with every fault."""
    try:
        return load_price_book(document.text)
    except ConfigError as error:
        raise ConfigRefused(document.source, str(error)) from error


def catalog_of(document: Document) -> Catalog:
    """Return the catalog that a document is. Raises ConfigRefused with every fault."""
    try:
        return load_catalog(document.text)
    except ConfigError as error:
        raise ConfigRefused(document.source, str(error)) from error


def _note(value: object) -> str | None:
    return None if value is None else str(value)
