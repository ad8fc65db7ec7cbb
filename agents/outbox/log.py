"""What an outbox tells of itself, and to whom."""

from typing import Protocol, cast


class Log(Protocol):
    """Takes the name of what happened, and facts about it."""

    def info(self, event: str, /, **facts: object) -> object:
        """Tell what is as it should be."""

    def warning(self, event: str, /, **facts: object) -> object:
        """Tell what mends itself, or does not."""

    def exception(self, event: str, /, **facts: object) -> object:
        """Tell what stopped the outbox, with the exception being handled."""


def structured(source: str) -> Log:
    """Return the log of our own programs."""
    import structlog  # noqa: PLC0415 -- who brings a log of their own need not have it

    return cast("Log", structlog.get_logger("agents.outbox").bind(source=source))
