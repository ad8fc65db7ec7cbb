"""A catalog in a file, given with `--catalog`: read again when it changes, unless it is bad."""

from pathlib import Path

from agents.errors import CatalogUnreadable
from agents.gpu.catalog_text import RuleSet, rules_in


class FileCatalog:
    """The rules of one file. Raises CatalogUnreadable when it cannot be read at first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault: str | None = None
        self._seen = self._stamp()
        self._rules = self._read()

    def current(self) -> RuleSet:
        """Return the rules of the file, or those it had while it could be read."""
        try:
            stamp = self._stamp()
            if stamp != self._seen:
                self._rules = self._read()
                self._seen, self.fault = stamp, None
        except CatalogUnreadable as error:
            self.fault = str(error)
        return self._rules

    def _read(self) -> RuleSet:
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise CatalogUnreadable(str(self.path), f"expected text, got {error!r}") from error
        return rules_in(text, str(self.path), str(self.path))

    def _stamp(self) -> tuple[int, int, int]:
        """Return what changes with the file: Kubernetes replaces the one that a link names."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise CatalogUnreadable(str(self.path), f"expected a file, got {error!r}") from error
        return found.st_mtime_ns, found.st_ino, found.st_size
