"""Things that cross a limit one after the other, and when a reader of a topic saw each do so."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from statistics import quantiles
from typing import Any

from schemas.codec import Codec
from streams.kafka import follow
from streams.settings import KafkaSettings
from tests.bench import stage
from tests.bench.figure import Number

APART_S = 0.05  # two crossings
SETTLE_S = 60.0  # for what was sent last to be seen

Named = Callable[[dict[str, Any]], str | None]  # what a record shows to have crossed


class Seen:
    """When each name was first read, by the monotonic clock, and on how many records."""

    def __init__(self) -> None:
        self._at_s: dict[str, float] = {}

    def note(self, name: str | None, at_s: float) -> None:
        """Note a name; none is nothing."""
        if name is not None:
            self._at_s.setdefault(name, at_s)

    def waits(self, sent: Mapping[str, float]) -> dict[str, float]:
        """Return how long each took that was sent, once all were read. Raises Stuck."""
        stage.wait_for(
            lambda: self._at_s.keys() >= sent.keys(), SETTLE_S, f"{len(sent)} crossings to be read"
        )
        return {name: self._at_s[name] - sent_s for name, sent_s in sent.items()}


@contextmanager
def seeing(kafka: KafkaSettings, topic: str, named: Named) -> Iterator[Seen]:
    """Read a topic from its begin as another service would, in a thread, while in the block."""
    seen, leaving = Seen(), threading.Event()
    arguments = (kafka, topic, named, seen, leaving)
    threading.Thread(target=_see, args=arguments, daemon=True).start()
    try:
        yield seen
    finally:
        leaving.set()


def one_by_one(
    names: Iterable[str], chance: random.Random, send: Callable[[int, str], float]
) -> dict[str, float]:
    """Send each name, told its number, at uneven intervals; return when, as `send` says."""
    sent = {}
    for number, name in enumerate(names):
        time.sleep(chance.uniform(0, 2 * APART_S))
        sent[name] = send(number, name)
    return sent


def middle_and_end(name: str, waits: Iterable[float]) -> dict[str, Number]:
    """Return the median and the 99th percentile of some waits."""
    cuts = quantiles(waits, n=100)
    return {f"{name}p50_s": cuts[49], f"{name}p99_s": cuts[98]}


def exceeded_budget(state: dict[str, Any]) -> str | None:
    """Return the name of a budget that a state says is exceeded."""
    return str(state["budget_id"]).removeprefix("budget:") if state["stage"] == "exceeded" else None


def _see(
    kafka: KafkaSettings, topic: str, named: Named, seen: Seen, leaving: threading.Event
) -> None:
    codec = Codec()
    for entry in follow(kafka, topic):
        at_s = time.monotonic()
        _, record = codec.decode(entry.value or b"")
        seen.note(named(record), at_s)
        if leaving.is_set():
            return
