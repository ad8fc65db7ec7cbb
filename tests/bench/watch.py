"""Reads cost.line.v1 as another service would, in a thread, and notes when each line came."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from schemas.codec import Codec
from schemas.records import CostLine
from schemas.topics import COST_LINE
from streams.kafka import follow
from streams.settings import KafkaSettings

Take = Callable[[CostLine, float], None]  # a line, and the wall time in seconds it was read at


@contextmanager
def watching(kafka: KafkaSettings, take: Take) -> Iterator[None]:
    """Hand every line to `take`, in the watching thread, while in the block."""
    leaving = threading.Event()
    thread = threading.Thread(target=_watch, args=(kafka, take, leaving), daemon=True)
    thread.start()
    try:
        yield
    finally:
        leaving.set()


def _watch(kafka: KafkaSettings, take: Take, leaving: threading.Event) -> None:
    codec = Codec()
    for entry in follow(kafka, COST_LINE.name):
        at_s = time.time()
        _, line = codec.decode(entry.value or b"")
        take(cast("CostLine", line), at_s)
        if leaving.is_set():
            return


class Counted:
    """Events counted by the lines in force: of each line the highest revision counts."""

    def __init__(self) -> None:
        self.events = 0
        self.lines = 0
        self.last_s = 0.0  # wall time the sum moved last
        self._latest: dict[str, tuple[int, int]] = {}

    def take(self, line: CostLine, at_s: float) -> None:
        """Count one line."""
        self.lines += 1
        revision, events = self._latest.get(line["line_id"], (-1, 0))
        if line["revision"] >= revision:
            self._latest[line["line_id"]] = line["revision"], line["events"]
            if line["events"] != events:
                self.events += line["events"] - events
                self.last_s = at_s
