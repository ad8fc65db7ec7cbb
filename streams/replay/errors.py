"""What makes a replay stop.

ReplayError
├── UnknownVersion     a price book or catalog that ClickHouse does not hold
├── AmbiguousVersion   what was given begins several versions
├── CurrencyDiffers    prices in another currency than the lines'
├── UnreadableVersion  ClickHouse holds one that this release cannot read
├── MonthOpen          a month that cannot be settled yet
└── TooFarAhead        a month that no forecast reaches
"""


class ReplayError(Exception):
    """Root of everything this package raises."""


class UnknownVersion(ReplayError):
    """A version that was never stored."""

    def __init__(self, kind: str, version: str) -> None:
        verb = "prices" if kind == "price-book" else kind
        super().__init__(
            f"expected a {kind} of version {version} in ClickHouse, got none; publish it with "
            f"`apportion {verb} publish FILE`, or see `apportion {verb} history`"
        )
        self.kind = kind
        self.version = version


class AmbiguousVersion(ReplayError):
    """A beginning that several versions share."""

    def __init__(self, kind: str, prefix: str, versions: list[str]) -> None:
        super().__init__(
            f"expected one {kind} whose version begins with {prefix!r}, got {', '.join(versions)}; "
            "write more of it"
        )
        self.versions = versions


class CurrencyDiffers(ReplayError):
    """Prices that cannot be compared with what was billed."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(
            f"expected prices in {expected}, as the lines are, got {got}; amounts of two "
            "currencies cannot be compared"
        )
        self.expected = expected
        self.got = got


class UnreadableVersion(ReplayError):
    """A version that another release has published."""

    def __init__(self, kind: str, version: str, problem: str) -> None:
        super().__init__(
            f"expected the {kind} {version} to be one that this release reads, got {problem}; run "
            "the release that published it, or a later one"
        )
        self.kind = kind
        self.version = version


class MonthOpen(ReplayError):
    """A month in which usage may still be counted."""

    def __init__(self, month: str, why: str) -> None:
        super().__init__(
            f"expected a month that is over and all of whose lines are final, got {month}: {why}; "
            "leave out --publish to see how it stands"
        )
        self.month = month


class StretchFailed(ReplayError):
    """What stopped a process of a replay, in words: other errors do not get out of a process."""


class TooFarAhead(ReplayError):
    """A month that ends later than forecasts reach."""

    def __init__(self, month: str, days: int) -> None:
        super().__init__(
            f"expected a month that ends within {days} days of what is known, got {month}; ask for "
            "an earlier one"
        )
        self.month = month
