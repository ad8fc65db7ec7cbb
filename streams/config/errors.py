"""What can be wrong with a document.

ConfigError
├── NotYaml           a text that is no YAML, or more of it than a document may be
└── InvalidDocument   a price book or catalog with faults, all of them listed
"""

from streams.config.faults import Mark


class ConfigError(Exception):
    """Root of everything this package raises."""


class NotYaml(ConfigError):
    """A text that says nothing; `read` turns it into the one fault of an InvalidDocument."""

    def __init__(self, problem: str, mark: Mark | None) -> None:
        super().__init__(problem)
        self.mark = mark


class InvalidDocument(ConfigError):
    """A document that cannot be used. `faults` lists every one, with its place."""

    def __init__(self, what: str, faults: list[str]) -> None:
        super().__init__(f"{what} has {len(faults)} fault(s):\n" + "\n".join(faults))
        self.what = what
        self.faults = faults
