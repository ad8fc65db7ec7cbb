"""The catalog in force, for what it grants: the one published on Kafka, or a file.

The last one published counts. It is kept beside the outbox, so that a collector that starts while
Kafka is away knows whom its sources may speak of; before any was read nothing is known, and nothing
is taken. One that is unclear is not taken up: the one before stays in force, loudly.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from agents.gateway.grants import CatalogUnclear, Grants, grants_in
from agents.outbox.kafka_channel import LOG, Property
from schemas.codec import Codec
from schemas.errors import NotAvro
from schemas.topics import CONFIG_CATALOG

POLL_S = 0.2
LOOK_S = 5.0  # at most, while there is something to read


class Catalog(Protocol):
    """Where grants come from."""

    now: Grants | None  # None: none was read yet
    refused: str | None  # why what is there now is not in force

    def look(self) -> bool:
        """Take up what is new; return whether something is. Blocks for some seconds at most."""

    def close(self) -> None:
        """Let go of connections."""


class CatalogFile:
    """A catalog that is a file, read again when it changes."""

    def __init__(self, path: Path) -> None:
        """Read it. Raises CatalogUnclear, and OSError where there is none."""
        self._path = path
        self._text = path.read_text(encoding="utf-8")
        self.now: Grants | None = grants_in(self._text)
        self.refused: str | None = None

    def look(self) -> bool:
        """Read it again; return whether it says something new."""
        try:
            text = self._path.read_text(encoding="utf-8")
            if text == self._text:
                return False
            self.now, self._text, self.refused = grants_in(text), text, None
        except (CatalogUnclear, OSError, UnicodeError) as error:
            self.refused = f"{self._path}: {error}"
            return False
        return True

    def close(self) -> None:
        """Have nothing to let go of."""


class PublishedCatalog:
    """The catalog published last, followed on its topic. For one thread at a time."""

    def __init__(self, kafka: Mapping[str, Property], cache: Path) -> None:
        self._cache = cache
        self._codec = Codec()
        self._has_ended = False  # the end of the topic was seen, so nothing older is in force
        self.now = cached(cache)
        self.refused: str | None = None
        self._consumer = Consumer(
            {
                **kafka,
                "group.id": "apportion-collector",  # wanted by the client; nothing is committed
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "log_level": 2,
            },
            logger=LOG,
        )
        self._consumer.assign([TopicPartition(CONFIG_CATALOG.name, 0, OFFSET_BEGINNING)])

    def look(self) -> bool:
        """Read what is new; return whether something is. Blocks while there is something."""
        texts: list[str] = []
        deadline_s = time.monotonic() + LOOK_S
        while time.monotonic() < deadline_s:
            message = self._consumer.poll(POLL_S)
            if message is None:
                break
            error = message.error()
            if error is None:
                texts += self._text(message)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                self._has_ended = True
                break
            else:
                self.refused = f"{CONFIG_CATALOG.name}: {error.str()}"
                return False
        return self._take(texts)

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()

    def _take(self, texts: list[str]) -> bool:
        for text in reversed(texts):
            try:
                self.now = grants_in(text)
            except CatalogUnclear as error:
                self.refused = str(error)
                continue
            self.refused = None if text is texts[-1] else self.refused
            keep(self._cache, text)
            return True
        if self._has_ended and self.now is None and self.refused is None:
            self.now = Grants(None)  # none was ever published: as the processors take it
            return True
        return False

    def _text(self, message: Message) -> list[str]:
        value = message.value()
        try:
            name, record = self._codec.decode(value) if value else ("", {})
        except NotAvro as error:
            self.refused = f"offset {message.offset()} of {CONFIG_CATALOG.name}: {error}"
            return []
        return [record["body"]] if name == "Config" else []


def cached(path: Path) -> Grants | None:
    """Return the grants of the catalog kept in a file; None where there is none."""
    try:
        return grants_in(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, CatalogUnclear):
        return None


def keep(path: Path, text: str) -> None:
    """Keep a catalog in a file, whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
