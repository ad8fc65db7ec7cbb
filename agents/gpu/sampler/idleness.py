"""Whether a device that is held has stood idle for long. A report: it changes no number. Pure.

With hysteresis, so that a device near the bound does not flicker: it is idle once every interval of
five minutes stayed below 1 % of what was held, and no more once one reaches 2 %.
"""

from agents.gpu.sampler.terms import MINUTE_US
from schemas.records import GpuInterval

IDLE_AFTER_US = 5 * MINUTE_US
IDLE_BELOW_PCT = 1
BUSY_FROM_PCT = 2
FLAG = "held_idle"


class Idleness:
    """One device, interval by interval."""

    def __init__(self) -> None:
        self._below_us = 0
        self.is_idle = False

    def note(self, interval: GpuInterval) -> None:
        """Take in an interval, and flag it while the device is idle."""
        held_us = sum(holder["held_us"] for holder in interval["holders"])
        worked_us = sum(holder["active_us"] for holder in interval["holders"])
        if not held_us:
            if not interval["unobserved_us"]:  # which says nothing
                self._below_us, self.is_idle = 0, False
            return
        if 100 * worked_us >= BUSY_FROM_PCT * held_us:
            self.is_idle = False
        if 100 * worked_us >= IDLE_BELOW_PCT * held_us:
            self._below_us = 0
        else:
            self._below_us += interval["end_us"] - interval["start_us"]
            self.is_idle = self.is_idle or self._below_us >= IDLE_AFTER_US
        if self.is_idle:
            interval["flags"] = sorted({*interval["flags"], FLAG})
