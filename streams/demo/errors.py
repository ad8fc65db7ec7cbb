"""What can end a demo early, beside what `streams.errors` and `clickhouse.errors` name.

StreamsError
├── BadInput
│   ├── BadTrace   a trace file, or a row of it, is not what it should be
│   └── NotFresh   the Kafka or ClickHouse given holds usage already
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


class NotFresh(BadInput):
    """A demo's figures would mix with what is there: its event times are always the same."""

    def __init__(self, where: str, advice: str) -> None:
        super().__init__(f"expected {where} without usage in it, got some; {advice}")


class DemoOff(Broken):
    """The stack answered, but its figures do not add up or are not complete."""
