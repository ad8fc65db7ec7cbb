"""What can end a demo early.

DemoError
├── BadTrace         a trace file, or a row of it, is not what it should be: bad input
├── DeliveryFailed   the broker did not take a message in time: transient, or misconfiguration
└── DemoOff          the figures at the end are not what they must be: a bug, or lost data
"""

from pathlib import Path


class DemoError(Exception):
    """Root of everything this package raises."""


class BadTrace(DemoError):
    """A trace that cannot be played. `line` counts from 1, header included."""

    def __init__(self, path: Path, line: int, expected: str, got: str) -> None:
        super().__init__(f"{path}:{line}: expected {expected}, got {got[:GOT_CHARACTERS]}")
        self.path = path
        self.line = line
        self.expected = expected


class DeliveryFailed(DemoError):
    """A message that the broker refused, or did not acknowledge before the deadline."""

    def __init__(self, topic: str, partition: int, detail: str) -> None:
        super().__init__(f"{topic}:{partition}: {detail}; is the broker up, and the topic there?")
        self.topic = topic
        self.partition = partition


class DemoOff(DemoError):
    """The stack answered, but its figures do not add up or are not complete."""


GOT_CHARACTERS = 120  # of a bad row are enough to find it
