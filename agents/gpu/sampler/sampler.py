"""All devices of a node: looks go in, balanced intervals come out. Pure.

Each interval comes with what is covered once it is kept: who starts again with that, having kept
exactly the intervals before, neither doubles time nor leaves any out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.gpu.sampler.absent import Absent
from agents.gpu.sampler.covered import Covered
from agents.gpu.sampler.look import Look
from agents.gpu.sampler.terms import Terms
from agents.gpu.sampler.timeline import Timeline
from schemas.records import GpuInterval


@dataclass(frozen=True, slots=True)
class Closed:
    """An interval that is closed, and what is covered, by device, once it is kept.

    That of its own device, and of those of which nothing was told yet.
    """

    interval: GpuInterval
    covered: Mapping[str, Covered]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a look brought about. `skipped_us`: device time too long ago to be told of."""

    closed: tuple[Closed, ...] = ()
    skipped_us: int = 0


class Sampler:
    """The timelines of a node's devices.

    `remembered`: what was covered, by device, when the agent ended. Empty: it never ran, and time
    counts from `since_us` on.
    """

    def __init__(self, terms: Terms, remembered: Mapping[str, Covered], since_us: int) -> None:
        self._terms = terms
        self._remembered = dict(remembered)
        self._since_us = None if remembered else since_us
        self._timelines: dict[str, Timeline] = {}
        self._untold: dict[str, Covered] = {}  # devices of which nothing was told yet
        self._absent = Absent()
        self._new: set[str] = set()  # those of them that no agent has told of

    def look(self, look: Look) -> Outcome:
        """Go on to a look. A device that is not in it is closed at its last one, and waited for."""
        devices = self._absent.named(look.devices, self._told)
        seen = {device.uuid for device in devices}
        for uuid, timeline in list(self._timelines.items()):
            if uuid not in seen:
                timeline.close()
        for device in devices:
            timeline = self._timelines.get(device.uuid) or self._begin(device.uuid, look)
            timeline.look(look, device)
            if device.uuid in self._new and timeline.has_begun:
                timeline.close()  # so that the disk soon knows since when there is such a device
                self._new.remove(device.uuid)
        self._since_us = None
        return self._outcome()

    def finish(self) -> Outcome:
        """Close every open interval at its last look."""
        for timeline in self._timelines.values():
            timeline.close()
        return self._outcome()

    def _told(self) -> list[str]:
        """Return all devices that were told of, here or by agents before, the latest last."""
        now = {uuid: timeline.covered for uuid, timeline in self._timelines.items()}
        told = {**self._remembered, **now}
        return sorted(told, key=lambda uuid: told[uuid].last_us)

    def _begin(self, uuid: str, look: Look) -> Timeline:
        """Begin a device: where it was left, or with the agent itself, or now when it is new."""
        since_us = look.at.wall_us if self._since_us is None else self._since_us
        covered = self._remembered.get(uuid)
        if covered is None:
            covered = self._untold[uuid] = Covered(min(since_us, look.at.wall_us))
            if self._since_us is None:
                self._new.add(uuid)
        timeline = self._timelines[uuid] = Timeline(self._terms, covered)
        return timeline

    def _outcome(self) -> Outcome:
        closed = [
            self._closed(interval, covered)
            for timeline in self._timelines.values()
            for interval, covered in timeline.closed
        ]
        skipped_us = sum(timeline.skipped_us for timeline in self._timelines.values())
        for timeline in self._timelines.values():
            timeline.closed.clear()
            timeline.skipped_us = 0
        return Outcome(tuple(closed), skipped_us)

    def _closed(self, interval: GpuInterval, covered: Covered) -> Closed:
        self._untold.pop(interval["device"], None)
        return Closed(interval, {**self._untold, interval["device"]: covered})
