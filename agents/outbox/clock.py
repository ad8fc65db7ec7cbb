"""The two clocks of an outbox, in one place so that a test can hold them still."""

import time
from collections.abc import Callable
from dataclasses import dataclass


def utc_now_us() -> int:
    """Return the wall clock in UTC microseconds."""
    return time.time_ns() // 1_000


@dataclass(frozen=True, slots=True)
class Clock:
    """Wall clock for labels, monotonic clock for durations."""

    now_us: Callable[[], int] = utc_now_us
    monotonic_s: Callable[[], float] = time.monotonic
