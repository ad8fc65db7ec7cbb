"""What the reader's process and the agent say to each other, over a pair of pipes.

The agent asks with one byte; the answer is its length and a pickle. Both ends are one program at
one version, and the pipes are theirs alone.
"""

import os
import pickle
import struct
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

from agents.gpu.findings import Finding
from agents.gpu.observed import DeviceSeen

LENGTH = struct.Struct("<I")


class Question(Enum):
    """What the agent asks."""

    LOOK = b"l"
    PROBE = b"p"


@dataclass(frozen=True, slots=True)
class Failed:
    """The reader raised an error: which, and its text."""

    error: Literal["stale", "unavailable"]
    text: str


Answer: TypeAlias = tuple[DeviceSeen, ...] | tuple[Finding, ...] | Failed


def framed(answer: Answer) -> bytes:
    """Return an answer as it travels."""
    body = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def unframed(received: bytearray) -> Answer | None:
    """Take the answer out of what was received; None while it is not whole."""
    if len(received) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack_from(received)
    end = LENGTH.size + length
    if len(received) < end:
        return None
    answer: Answer = pickle.loads(received[LENGTH.size : end])  # noqa: S301 # from our own child
    del received[:end]
    return answer


def write_all(file: int, data: bytes) -> None:
    """Write to a pipe until all is written."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
