"""What can end a demo early, beside what `streams.errors` and the clients' packages name.

StreamsError
├── BadInput
│   └── BadTrace   a trace file, or a row of it, is not what it should be
└── Broken
    └── DemoOff    the figures at the end are not what they must be: a bug, or lost data
"""

from pathlib import Path

from streams.errors import BadInput, Broken

GOT_CHARACTERS = 120  # of a bad row are enough to find it


class BadTrace(BadInput):
    """A trace that cannot be played. `line` counts from 1, header included."""

    def __init__(self, path: Path, line: int, expected: str, got: str) -> None:
        super().__init__(f"{path}:{line}: expected {expected}, got {got[:GOT_CHARACTERS]}")
        self.path = path
        self.line = line
        self.expected = expected


class DemoOff(Broken):
    """The stack answered, but its figures do not add up or are not complete."""
