"""What "now" is for judging whether an event lies in the future.

It has to be the same for everyone who reads the message, whenever they do: the archive must hold
exactly the events that were metered. So it is the time the broker put on the message (topics of
usage are created with LogAppendTime), and in replays the time the producer closed the batch.
"""

import time
from collections.abc import Mapping
from typing import Any

from faust.types.tuples import Message

from streams.core.windows import SECOND_US
from streams.settings import Clock


def now_of(message: Message, batch: Mapping[str, Any], clock: Clock) -> int:
    """Return the instant a batch is judged at, UTC microseconds."""
    if clock == "log":
        return int(batch.get("sent_at_us", 0))
    if message.timestamp <= 0:  # none: of a client older than Kafka 0.10
        return time.time_ns() // 1_000
    return round(message.timestamp * SECOND_US)
