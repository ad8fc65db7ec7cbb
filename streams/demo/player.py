"""Plays sends into Kafka: in their order, at a pace in event time, with heartbeats.

Event times are kept as they are; only how fast they pass is chosen. A heartbeat never says more
than has been put before it, at any pace, so no window closes over data still to come.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Event

from schemas.codec import Codec
from schemas.topics import partition_of
from streams.demo.heartbeats import Heartbeats
from streams.demo.outlet import Outlet
from streams.demo.sends import Send
from streams.demo.settling import Sent


@dataclass(slots=True)
class Progress:
    """How far a player is. Written by the player's thread, read by any."""

    position_us: int = 0  # event time; 0 before the first send
    events: int = 0  # duplicates included
    batches: int = 0  # likewise
    sent: Sent = field(default_factory=Sent)


class Player:
    """One playing of one load. `speed` is event seconds a wall second; None: as fast as it goes."""

    def __init__(
        self,
        outlet: Outlet,
        codec: Codec,
        speed: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.progress = Progress()
        self._outlet = outlet
        self._codec = codec
        self._speed = speed
        self._clock = clock
        self._stop = Event()

    def play(self, sends: Iterable[Send], tail_us: int) -> bool:
        """Put all sends, then move time `tail_us` past the last one; blocks until acknowledged.

        Returns False when it was stopped before the end. Raises DeliveryFailed.
        """
        heartbeats: Heartbeats | None = None
        begin_us = 0
        begin_s = self._clock()
        for send in sends:
            if heartbeats is None:
                begin_us = send.at_us
                heartbeats = Heartbeats(self._outlet, self._codec, begin_us, self._clock)
            if self._speed:
                due_s = begin_s + (send.at_us - begin_us) / 1e6 / self._speed
                self._wait_until(due_s, heartbeats, send.at_us)
            if self._stop.is_set():
                return False
            self.progress.position_us = send.at_us
            heartbeats.beat_if_due(send.at_us)
            self._put(send)
        if heartbeats is not None:
            heartbeats.beat(self.progress.position_us + tail_us)
        self._outlet.flush()
        return True

    def stop(self) -> None:
        """Make `play` return soon; from any thread."""
        self._stop.set()

    def _wait_until(self, due_s: float, heartbeats: Heartbeats, next_us: int) -> None:
        """Let wall time pass, beating with the event time that has passed with it."""
        while (left_s := due_s - self._clock()) > 0 and not self._stop.is_set():
            passed_us = next_us - int(left_s * 1e6 * (self._speed or 0))
            self.progress.position_us = max(self.progress.position_us, passed_us)
            heartbeats.beat_if_due(self.progress.position_us)
            self._outlet.wait(min(left_s, heartbeats.due_in_s))

    def _put(self, send: Send) -> None:
        value = self._codec.encode(send.record_name, send.batch)
        partition = partition_of(send.source, self._outlet.partitions(send.topic))
        self._outlet.put(send.topic, partition, send.source, value)
        self.progress.events += len(send.batch["events"])
        self.progress.batches += 1
        self.progress.sent.count(send)
