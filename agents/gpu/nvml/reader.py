"""The reader over NVML: every GPU of the node at every look, also those that are lost.

Invariant: a GPU that was seen once is in every answer after it, whatever NVML says or stops saying.
Reads in the calling thread; a hung driver blocks it (see `watched`). Not thread-safe.
"""

from collections.abc import Callable
from dataclasses import replace

from agents.errors import NvmlRefused, ReaderStale, ReaderUnavailable
from agents.gpu.clocks import instant
from agents.gpu.nvml import library as nvml
from agents.gpu.nvml.faults import Fault, fault_of, flag_of, standing_of
from agents.gpu.nvml.inventory import Inventory
from agents.gpu.observed import DeviceSeen, Instant, Standing

SECOND_US = 1_000_000
RESCAN_US = 30 * SECOND_US
FIRST_PAUSE_US = SECOND_US  # between two attempts to initialise
LONGEST_PAUSE_US = 60 * SECOND_US
CLOCK_STEP_US = SECOND_US  # a wall clock that moves so far against the steady one was set


class NvmlReader:
    """Implements `observed.Reader`. `clock` is what the samples are stamped with."""

    def __init__(
        self, clock: Callable[[], Instant] = instant, *, rescan_us: int = RESCAN_US
    ) -> None:
        self._clock = clock
        self._rescan_us = rescan_us
        self._inventory = Inventory()
        self._down: NvmlRefused | None = None  # why NVML is not initialised
        self._is_open = False
        self._pause_us = 0
        self._open_at_us = 0  # by the clock that goes on during a suspend
        self._rescan_at_us = 0
        self._offset_us: int | None = None  # wall clock minus steady clock

    def look(self) -> tuple[DeviceSeen, ...]:
        """Return every GPU. Raises ReaderStale, and ReaderUnavailable while none was ever seen."""
        now = self._clock()
        flags = self._clock_flags(now)
        seen = self._look(now)
        if seen is None:  # the driver went away during the look, and may be back
            seen = self._look(now)
        if seen is None:
            seen = self._without_driver()
        return tuple(_flagged(device, flags) for device in seen)

    def close(self) -> None:
        """Leave NVML."""
        if self._is_open:
            self._is_open = False
            nvml.close_session()

    def _look(self, now: Instant) -> list[DeviceSeen] | None:
        """Return every GPU, or None when the driver is not there."""
        if not self._open(now):
            return None
        try:
            if now.boottime_us >= self._rescan_at_us:
                self._rescan(now)
            return self._look_at_devices(now)
        except NvmlRefused as refused:
            match fault_of(refused):
                case Fault.STALE:
                    raise _stale(refused) from refused
                case Fault.SESSION_LOST:
                    self._lose_session(refused)
                    return None
                case _:  # the enumeration itself failed
                    return self._inventory.unread(standing_of(refused), flag_of(refused))

    def _look_at_devices(self, now: Instant) -> list[DeviceSeen]:
        seen = self._inventory.look(now)
        void = self._inventory.void()
        if void:
            self._rescan(now)
            seen = self._inventory.look_again(now, seen, void)
        self._inventory.told()
        return seen

    def _rescan(self, now: Instant) -> None:
        self._inventory.scan()
        self._rescan_at_us = now.boottime_us + self._rescan_us

    def _open(self, now: Instant) -> bool:
        if self._is_open:
            return True
        if now.boottime_us < self._open_at_us:
            return False
        try:
            nvml.open_session()
            self._inventory.renew()
        except NvmlRefused as refused:
            self._stay_closed(refused, now)
            return False
        self._is_open, self._down = True, None
        self._pause_us = self._rescan_at_us = 0
        return True

    def _stay_closed(self, refused: NvmlRefused, now: Instant) -> None:
        if fault_of(refused) is Fault.STALE:
            raise _stale(refused) from refused
        if not self._inventory.is_known:
            raise ReaderUnavailable(
                f"expected NVML to initialise, but {refused} ({flag_of(refused)}); install or load "
                "the NVIDIA driver, and give this process libnvidia-ml.so.1 and /dev/nvidia*"
            ) from refused
        self._down = refused
        self._pause_us = min(max(2 * self._pause_us, FIRST_PAUSE_US), LONGEST_PAUSE_US)
        self._open_at_us = now.boottime_us + self._pause_us

    def _lose_session(self, refused: NvmlRefused) -> None:
        self._is_open, self._down = False, refused
        self._open_at_us = 0
        try:
            nvml.close_session()
        except NvmlRefused as stale:
            raise _stale(stale) from stale

    def _without_driver(self) -> list[DeviceSeen]:
        """Say of every GPU that no driver is loaded, so nothing can run, or that nobody knows."""
        if self._down is None:
            return self._inventory.unread(Standing.UNREADABLE, "nvml_uninitialized")
        return self._inventory.unread(standing_of(self._down), flag_of(self._down))

    def _clock_flags(self, now: Instant) -> frozenset[str]:
        """Begin new windows when the wall clock was set: the driver stamps its samples with it."""
        before_us, self._offset_us = self._offset_us, now.wall_us - now.boottime_us
        if before_us is None or abs(self._offset_us - before_us) <= CLOCK_STEP_US:
            return frozenset()
        self._inventory.forget_samples()
        return frozenset({"clock_step"})


def _stale(refused: NvmlRefused) -> ReaderStale:
    return ReaderStale(
        f"{refused} ({flag_of(refused)}): the driver was replaced while its old library is loaded "
        "here; start a new process, in a container a new container"
    )


def _flagged(seen: DeviceSeen, flags: frozenset[str]) -> DeviceSeen:
    return replace(seen, flags=seen.flags | flags) if flags else seen
