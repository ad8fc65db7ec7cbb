"""What stops an import.

PricesError
├── InvalidMap      the file is no price map at all
└── ImportRefused   the book holds what this import would contradict
"""


class PricesError(Exception):
    """Root of this package's errors."""


class InvalidMap(PricesError):
    """A file is no price map: nothing of it was taken."""


class ImportRefused(PricesError):
    """Importing would rewrite prices that are already in the book."""
