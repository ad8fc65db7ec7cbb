"""What is said of windows is believed once their lines were read."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

from streams.kafka.log import Entry
from streams.kafka.whole import WholeTopic
from streams.processors.closings import Closings
from streams.processors.leader import Lines
from tests.processor_fakes import CODEC


@dataclass
class Said:
    """The topic: what comes at each look."""

    coming: list[list[tuple[int, int]]] = field(default_factory=list)  # partition, until when
    trouble: str | None = None
    is_at_end: bool = False

    def begin(self, _: dict[int, int]) -> None:
        self.is_at_end = False

    def more(self) -> list[Entry]:
        self.is_at_end = len(self.coming) <= 1
        found = self.coming.pop(0) if self.coming else []
        return [
            Entry(b"", CODEC.encode("ClosedWindows", record(*each)), 0, offset, 0)
            for offset, each in enumerate(found)
        ]


def record(partition: int, until_us: int) -> dict[str, int]:
    return {"partition": partition, "partitions": 2, "until_us": until_us}


@dataclass
class Read:
    """Lines that are at their end, or not any more."""

    is_at_end: bool = True
    asked: int = 0

    def look_again(self) -> None:
        self.asked += 1
        self.is_at_end = False


def closings(said: Said, lines: Read) -> Closings:
    return Closings(cast("WholeTopic", said), CODEC, cast("Lines", lines))


async def believed() -> None:
    said, lines = Said([[(0, 50)], [(1, 40)]]), Read()
    of = closings(said, lines)
    await of.begin()
    assert (of.said_us, of.until_us) == (40, 0), "nothing was read to its end yet"
    await of.look()
    await of.look()
    assert (of.until_us, lines.asked) == (0, 1)
    said.coming = [[(1, 45)]]
    await of.look()
    lines.is_at_end = True
    await of.look()
    assert (of.until_us, lines.asked) == (40, 2), "what came since needs another look"
    lines.is_at_end = True
    await of.look()
    await of.look()
    assert (of.until_us, lines.asked) == (45, 2)


def test_it_is_believed_when_lines_were_read_to_the_ends_of_then() -> None:
    asyncio.run(believed())


async def silent() -> None:
    said, lines = Said(), Read()
    of = closings(said, lines)
    await of.begin()
    await of.look()
    assert (of.until_us, lines.asked) == (None, 0)
    said.coming = [[(0, 50)]]
    await of.look()
    assert (of.until_us, lines.asked) == (0, 0), "the other partition has closed nothing"


def test_while_nobody_says_anything_nothing_is_waited_for() -> None:
    asyncio.run(silent())
