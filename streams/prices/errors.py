"""What stops an import or an explanation.

PricesError
├── InvalidMap      the file is no price map at all
├── ImportRefused   the book holds what this import would contradict
└── BadCall         a call to explain that nobody could meter, or that fits several prices
"""


class PricesError(Exception):
    """Root of this package's errors."""


class InvalidMap(PricesError):
    """A file is no price map: nothing of it was taken."""


class ImportRefused(PricesError):
    """Importing would rewrite prices that are already in the book."""


class BadCall(PricesError):
    """A call that cannot be explained as it was asked about."""

    def __init__(self, expected: str, got: str | None = None) -> None:
        super().__init__(expected if got is None else f"{expected}; got {got!r}")
        self.got = got
