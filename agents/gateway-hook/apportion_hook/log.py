"""The hook's log: the standard library's, under `apportion_hook`. Names, counts and paths only."""

import logging
from typing import Final

LOG: Final = logging.getLogger("apportion_hook")


class StandardLog:
    """Writes what an outbox tells: the name of what happened, then the facts."""

    def __init__(self, source: str) -> None:
        self._source = source

    def info(self, event: str, /, **facts: object) -> None:
        """Tell what is as it should be."""
        LOG.info("%s %s", event, self._said(facts))

    def warning(self, event: str, /, **facts: object) -> None:
        """Tell what mends itself, or does not."""
        LOG.warning("%s %s", event, self._said(facts))

    def exception(self, event: str, /, **facts: object) -> None:
        """Tell what stopped the outbox."""
        LOG.error("%s %s", event, self._said(facts), exc_info=True)  # noqa: LOG014 -- the caller's

    def _said(self, facts: dict[str, object]) -> str:
        said = {"source": self._source, **facts}
        return " ".join(f"{name}={value}" for name, value in said.items())
