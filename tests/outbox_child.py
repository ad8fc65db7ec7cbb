"""A process that produces events until it is killed: python -m tests.outbox_child PATH TOPIC ....

After each flush that answered True it prints the number of the first event not yet put, so whoever
killed it knows what was on disk. Needs the root of the checkout as its working directory.
"""

import random
import sys
from pathlib import Path

import structlog

from agents.outbox import Limits, Outbox, OutboxConfig
from tests.outbox_parts import RECORD, event

FLUSH_EVERY = 700


def main() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    path, topic, kafka, first = sys.argv[1:]
    config = OutboxConfig(
        path=Path(path),
        source="gw-1",
        topic=topic,
        record=RECORD,
        kafka={"bootstrap.servers": kafka},
        limits=Limits(max_events=100, delivery_timeout_s=3.0),
    )
    outbox = Outbox(config)
    chance = random.Random(first)
    number = int(first)
    while True:
        for _ in range(chance.randint(1, FLUSH_EVERY)):
            number += outbox.put(event(number))
        if outbox.flush():
            print(number, flush=True)  # noqa: T201 -- read by the test that kills this


if __name__ == "__main__":
    main()
