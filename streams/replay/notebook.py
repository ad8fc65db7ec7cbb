"""What a replay has done so far, in a file, so that one that was killed goes on where it was.

Named after everything the replay was asked for. A stretch is noted with its lines before they are
published, and again after: what is in between is published twice, with the same content.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Self

from streams.replay.encoded import Encoded, lines_of
from streams.replay.span import Span

TABLE = """
CREATE TABLE IF NOT EXISTS stretches (
    since_us INTEGER, until_us INTEGER, window_us INTEGER,
    body BLOB NOT NULL, lines BLOB NOT NULL, published INTEGER NOT NULL,
    PRIMARY KEY (since_us, until_us, window_us)
)
"""


class Notebook:
    """The stretches done. Close it; `finish` it when all is done."""

    def __init__(self, folder: Path, asked: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{sha256(asked.encode()).hexdigest()[:16]}.sqlite"
        self._file = sqlite3.connect(self.path, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute(TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def done(self) -> set[Span]:
        """Return the stretches that need not be replayed again."""
        rows = self._file.execute("SELECT since_us, until_us, window_us FROM stretches")
        return {Span(*row) for row in rows}

    def note(self, span: Span, encoded: Encoded) -> None:
        """Keep what a stretch gave."""
        body, lines = (packed(each) for each in (encoded.body, encoded.line_text))
        self._file.execute(
            "INSERT OR REPLACE INTO stretches VALUES (?, ?, ?, ?, ?, 0)",
            (span.since_us, span.until_us, span.window_us, body, lines),
        )

    def unpublished(self) -> Iterator[tuple[Span, list[tuple[str, bytes]]]]:
        """Yield the stretches whose lines may not be published yet."""
        query = "SELECT since_us, until_us, window_us, lines FROM stretches WHERE NOT published"
        for *span, lines in self._file.execute(query).fetchall():
            yield Span(*span), lines_of(unpacked(lines))

    def published(self, span: Span) -> None:
        """Record that the broker has a stretch's lines, which need no longer be kept."""
        self._file.execute(
            "UPDATE stretches SET published = 1, lines = ? WHERE since_us = ? AND window_us = ?",
            (packed("[]"), span.since_us, span.window_us),
        )

    def bodies(self) -> Iterator[str]:
        """Yield the counts and changes of every stretch."""
        for [body] in self._file.execute("SELECT body FROM stretches"):
            yield unpacked(body)

    def finish(self) -> None:
        """Forget everything: the next replay of this kind begins anew."""
        self._file.execute("DELETE FROM stretches")


def packed(text: str) -> bytes:
    """Return text, smaller."""
    return zlib.compress(text.encode(), 1)


def unpacked(data: bytes) -> str:
    """Return the text again."""
    return zlib.decompress(data).decode()
