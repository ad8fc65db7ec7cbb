"""A catalog in a file, given with `--catalog`: read again when it changes, unless it is bad."""

from pathlib import Path
from typing import Generic

from agents.catalog_topic import Part, Reader
from agents.errors import CatalogUnreadable


class FileCatalog(Generic[Part]):
    """The part of one file that an agent reads.

    Raises CatalogUnreadable when it cannot be read at first; `read` does too.
    """

    def __init__(self, read: Reader[Part], path: Path) -> None:
        self._read_text: Reader[Part] = read
        self.path = path
        self.fault: str | None = None
        self._seen = self._stamp()
        self._now = self._read()

    def current(self) -> Part:
        """Return the part as the file has it, or had it while it could be read."""
        try:
            stamp = self._stamp()
            if stamp != self._seen:
                self._now = self._read()
                self._seen, self.fault = stamp, None
        except CatalogUnreadable as error:
            self.fault = str(error)
        return self._now

    def _read(self) -> Part:
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise CatalogUnreadable(str(self.path), f"expected text, got {error!r}") from error
        return self._read_text(text, str(self.path), str(self.path))

    def _stamp(self) -> tuple[int, int, int]:
        """Return what changes with the file: Kubernetes replaces the one that a link names."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise CatalogUnreadable(str(self.path), f"expected a file, got {error!r}") from error
        return found.st_mtime_ns, found.st_ino, found.st_size
