"""The three clocks of a node, read together."""

import time

from agents.gpu.observed import Instant


def instant() -> Instant:
    """Return now by all three clocks."""
    return Instant(
        wall_us=time.time_ns() // 1_000,
        monotonic_us=time.monotonic_ns() // 1_000,
        boottime_us=time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000,
    )
