"""What can be wrong with a document.

ConfigError
└── InvalidDocument   a price book or catalog with faults, all of them listed
"""


class ConfigError(Exception):
    """Root of everything this package raises."""


class InvalidDocument(ConfigError):
    """A document that cannot be used. `faults` lists every one, with its place."""

    def __init__(self, what: str, faults: list[str]) -> None:
        super().__init__(f"{what} has {len(faults)} fault(s):\n" + "\n".join(faults))
        self.what = what
        self.faults = faults
