"""What makes a replay stop.

ReplayError
└── UnknownVersion   lines name a price book or catalog that ClickHouse does not hold
"""


class ReplayError(Exception):
    """Root of everything this package raises."""


class UnknownVersion(ReplayError):
    """A version that lines were drawn under, and that was never stored."""

    def __init__(self, kind: str, version: str) -> None:
        super().__init__(
            f"expected the {kind} {version} in the table configs, got none; publish it again with "
            f"`apportion {'prices' if kind == 'price-book' else kind} publish FILE`"
        )
        self.kind = kind
        self.version = version
