"""The tenant rules of a catalog in a file, given with `--catalog`."""

from pathlib import Path

from agents.catalog_file import FileCatalog as Followed
from agents.gpu.catalog_text import RuleSet, rules_in


class FileCatalog(Followed[RuleSet]):
    """The rules of one file. Raises CatalogUnreadable when it cannot be read at first."""

    def __init__(self, path: Path) -> None:
        super().__init__(rules_in, path)
