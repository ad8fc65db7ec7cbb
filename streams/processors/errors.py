"""What makes a processor stop. It exits non-zero; a supervisor starts it again.

ProcessorError
├── SendFailed        the broker did not take a message within the client's own retries
├── CeilingReached    more dead letters than the settings allow: the input is wrong as a whole
├── VersionUnknown    a partial names a price book or catalog that nobody can be asked for
├── NotOpened         ClickHouse cannot be used: its own error says why
├── NotStored         ClickHouse refused rows, or was down when the processor was told to stop
└── AppCrashed        Faust stopped by itself; its cause is attached
"""


class ProcessorError(Exception):
    """Root of everything this package raises."""


class SendFailed(ProcessorError):
    """A message was not acknowledged. Nothing after it was committed, so it is sent again."""

    def __init__(self, topic: str, cause: BaseException) -> None:
        super().__init__(f"expected {topic} to take a message, got {cause!r}; check the broker")
        self.topic = topic


class CeilingReached(ProcessorError):
    """Too large a part of the input cannot be counted."""

    def __init__(self, rejected: int, events: int, ceiling_ratio: float) -> None:
        super().__init__(
            f"expected at most {ceiling_ratio:.0%} of events to be dead letters, got {rejected} of "
            f"{events}; read dlq.usage.v1, fix the producers or raise the ceiling"
        )
        self.rejected = rejected
        self.events = events


class VersionUnknown(ProcessorError):
    """Lines cannot be drawn under a version that is not there. Nothing was committed past it."""

    def __init__(
        self, kind: str, topic: str, version: str, detail: str = "no such version"
    ) -> None:
        verb = "prices" if kind == "price book" else kind
        super().__init__(
            f"expected the {kind} {version} on {topic}, got {detail}; publish it again with "
            f"`apportion {verb} publish FILE` (ClickHouse keeps its text in the table configs), or "
            "run the release that can read it"
        )
        self.kind = kind
        self.version = version


class NotOpened(ProcessorError):
    """The database could not be opened or migrated."""


class NotStored(ProcessorError):
    """Rows are not in the database, and their offsets not committed: they are read again."""


class AppCrashed(ProcessorError):
    """Faust stopped by itself."""
