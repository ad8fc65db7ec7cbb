"""A worker that says which cost lines it read as the leader: `leader_child.py <bootstrap>`."""

import asyncio
import sys

from prometheus_client import CollectorRegistry

from schemas import topics
from schemas.codec import Codec
from streams.metrics import Metrics
from streams.processors.app import make_app
from streams.processors.leader import Leader, Lines
from streams.settings import KafkaSettings

NAME = "leader-test"
TICK_S = 0.1


async def lead(lines: Lines) -> None:
    """Say each line once, and when all was read that there was."""
    lines.begin(dict.fromkeys(range(topics.COST_LINE.partitions), 0))
    was_at_end = False
    while True:
        for read in await lines.more():
            say("line", read.line["line_id"], read.partition, read.offset)
        if lines.is_at_end and not was_at_end:
            was_at_end = True
            say("at_end", sum(lines.positions.values()))


def say(*words: object) -> None:
    """Write a line."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def main(bootstrap: str) -> None:
    """Run until killed."""
    kafka = KafkaSettings(bootstrap=bootstrap)
    app = make_app(NAME, kafka, loop=asyncio.get_running_loop())
    leader = Leader(app, kafka, Codec(), Metrics(CollectorRegistry(), NAME), lead)
    app.finalize()
    await app.start()
    while True:
        await asyncio.sleep(TICK_S)
        if leader.reader.ready:
            say("leads" if leader.is_leading else "stands_by")
            await leader.reader.recover()
            leader.check()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
