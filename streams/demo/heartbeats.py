"""Batches without events that move event time where no data does.

With the processors' clock set to the log, time in a partition is what its batches say. A partition
that gets no data would hold back every window, so a player tells each of them how far it is.
"""

from collections.abc import Callable

from schemas.codec import Codec
from schemas.topics import USAGE
from streams.demo.outlet import Outlet
from streams.demo.sends import Batcher

EVERY_S = 1.0  # of wall time


class Heartbeats:
    """Puts the player's position on every partition of every usage topic, at most once a second."""

    def __init__(
        self, outlet: Outlet, codec: Codec, epoch: int, clock: Callable[[], float]
    ) -> None:
        self._outlet = outlet
        self._codec = codec
        self._clock = clock
        self._due_s = clock()
        self._batchers = [
            (topic.name, partition, Batcher(topic, f"clock-{topic.name}-{partition}", epoch))
            for topic in USAGE
            for partition in range(outlet.partitions(topic.name))
        ]

    @property
    def due_in_s(self) -> float:
        """Wall seconds until the next one, not negative."""
        return max(0.0, self._due_s - self._clock())

    def beat_if_due(self, at_us: int) -> None:
        """Say that everything sent before an instant of event time is in the log."""
        if not self.due_in_s:
            self.beat(at_us)

    def beat(self, at_us: int) -> None:
        """Say it now."""
        for topic, partition, batcher in self._batchers:
            send = batcher.close(at_us)
            value = self._codec.encode(send.record_name, send.batch)
            self._outlet.put(topic, partition, send.source, value)
        self._due_s = self._clock() + EVERY_S
