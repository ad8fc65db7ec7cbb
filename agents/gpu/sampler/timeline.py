"""One device's time, as it goes by. Pure: every instant comes with a look.

Invariant: each microsecond of the wall clock between the first look and the last is told of once,
or counted as skipped: by no interval twice, whatever the clock does, and by each interval in full.
Time before the device was first covered belongs to another: a clock set back into it tells nothing.
"""

from agents.gpu.last_answer import LastAnswer
from agents.gpu.observed import DeviceSeen
from agents.gpu.sampler.covered import Covered, Span
from agents.gpu.sampler.holding import Holding, grounds, hold
from agents.gpu.sampler.idleness import Idleness
from agents.gpu.sampler.interval import Device, OpenInterval
from agents.gpu.sampler.look import Look
from agents.gpu.sampler.stretch import Seen, Stretch, between
from agents.gpu.sampler.terms import Terms
from schemas.records import GpuInterval

RESTARTED = frozenset({"agent_restart"})


class Timeline:
    """What a device's looks become. `closed` has the intervals since it was last emptied."""

    def __init__(self, terms: Terms, covered: Covered) -> None:
        self._terms = terms
        self._open: OpenInterval | None = None
        self._before: Seen | None = None
        self._holding: LastAnswer[object, Holding] = LastAnswer()
        self._device = Device(terms.node, "", "", terms.purchase_option)
        self._instances: tuple[str, ...] | None = None  # of its MIG layout, as last known
        self._idleness = Idleness()
        self._period_us = 0
        self._owed: frozenset[str] = frozenset()  # flags of a stretch without length
        self.covered = covered  # by closed intervals
        self.closed: list[tuple[GpuInterval, Covered]] = []
        self.skipped_us = 0

    def look(self, look: Look, device: DeviceSeen) -> None:
        """Go on to a look."""
        seen = Seen(look.at, device, self._hold(look, device))
        self._period_us = look.period_us
        before = self._before
        if before is None or device.model not in {"", self._device.model}:  # it may come late
            self._device = Device(
                self._terms.node, device.uuid, device.model, self._terms.purchase_option
            )
        if before is None:
            self._restart(look)
        else:
            self._go(between(before, look, device, self._terms))
        self._cut_at_new_layout(seen.holding.instances)
        self._before = seen

    @property
    def has_begun(self) -> bool:
        """Whether there is time to tell of."""
        return self._open is not None

    def _hold(self, look: Look, device: DeviceSeen) -> Holding:
        asked = grounds(device, look)
        return self._holding.to(asked, lambda: hold(device, look, self._terms.sharing))

    def close(self) -> None:
        """Close the open interval where it stands."""
        if self._open is None:
            return
        self.covered = self.covered.plus(self._open.start_us, self._open.end_us)
        record = self._open.closed(self._device, self._period_us)
        self._idleness.note(record)
        self.closed.append((record, self.covered))
        self._open = None

    def _cut_at_new_layout(self, instances: tuple[str, ...] | None) -> None:
        """Close where MIG devices come or go: an interval is of one layout."""
        if instances is None:
            return
        if self._instances not in {None, instances}:
            self.close()
        self._instances = instances

    def _restart(self, look: Look) -> None:
        """Tell of the time since this device was last told of, in this boot.

        Before the boot the node may not have existed: that time is skipped.
        """
        now_us = look.at.wall_us
        told_us = self.covered.last_before(now_us)
        booted_us = min(now_us, now_us - look.at.boottime_us)
        if told_us < booted_us:
            self.skipped_us += booted_us - told_us
        if max(told_us, booted_us) < now_us:
            self._go(Stretch(max(told_us, booted_us), now_us, flags=RESTARTED))

    def _go(self, stretch: Stretch) -> None:
        if stretch.start_us > stretch.end_us:  # the clock was set back
            self.close()
            self._owed |= stretch.flags
            return
        free = self.covered.free(stretch.start_us, stretch.end_us)
        if stretch.is_unobserved:
            free = self._bounded(free, stretch.end_us - self._terms.longest_gap_us)
        for place, (start_us, end_us) in enumerate(free):
            self._fill(stretch, start_us, end_us, is_first=place == 0)

    def _bounded(self, free: list[Span], since_us: int) -> list[Span]:
        """Leave out what is too long ago to be told of, and count it."""
        kept = [(max(start, since_us), end) for start, end in free if end > since_us]
        length_us = sum(end - start for start, end in free)
        self.skipped_us += length_us - sum(end - start for start, end in kept)
        return kept

    def _fill(self, stretch: Stretch, start_us: int, end_us: int, *, is_first: bool) -> None:
        """Put a free span into intervals; those that reach their edge are closed."""
        if self._open is not None and self._open.end_us != start_us:
            self.close()
        while start_us < end_us:
            until_us = self._until(stretch, start_us, end_us)
            if self._open is None:
                self._open = OpenInterval(start_us, start_us, flags=set(self._owed))
                self._owed = frozenset()
            self._open.add(stretch.piece(start_us, until_us))
            if is_first:
                self._note(self._open)
                is_first = False
            start_us = until_us
            if until_us % self._terms.interval_us == 0:
                self.close()

    def _note(self, interval: OpenInterval) -> None:
        """Note what the look saw that began the stretch."""
        if self._before is None:
            return
        interval.looks += 1
        for held in self._before.holding.places:
            interval.note_memory((one.claim, one.memory_bytes) for one in held.holds)

    def _until(self, stretch: Stretch, start_us: int, end_us: int) -> int:
        """Return where a piece ends: at the next edge, or for time unobserved at the last one."""
        until_us = min(end_us, self._terms.edge_after(start_us))
        if stretch.is_unobserved and self._open is None:
            until_us = max(until_us, end_us - end_us % self._terms.interval_us)
        return until_us
