"""Whether the time between two looks can be believed. Pure.

Three clocks tell what happened: the boot-time clock what passed, the monotonic one whether the node
slept, the wall clock whether somebody set it.
"""

from agents.gpu.observed import Instant
from agents.gpu.sampler.terms import SECOND_US

MISSED_PERIODS = 3  # a look that is later than this many periods has left a hole
SLEPT_US = SECOND_US // 10  # the two steady clocks differ by less while the node is awake
# A slewed wall clock runs at most a twelfth fast or slow (chrony: maxslewrate is 83,333 ppm);
# what moves further was set. NTP daemons set it from 128 ms on (ntpd's step threshold).
STEP_US = SECOND_US // 8
SLEWED_PART = 12


def trouble(before: Instant, now: Instant, period_us: int) -> frozenset[str]:
    """Return why the time between two looks was not watched; nothing when it was.

    >>> one = Instant(5_000_000, 7_000_000, 7_000_000)
    >>> trouble(one, Instant(6_000_000, 8_000_000, 8_000_000), 1_000_000)
    frozenset()
    >>> trouble(one, Instant(2_000_000, 8_000_000, 8_000_000), 1_000_000)
    frozenset({'clock_step'})
    """
    passed_us = now.boottime_us - before.boottime_us
    slept_us = passed_us - (now.monotonic_us - before.monotonic_us)
    set_by_us = now.wall_us - before.wall_us - passed_us
    found = set()
    if slept_us > SLEPT_US:
        found.add("suspend")
    elif passed_us > MISSED_PERIODS * period_us:
        found.add("missed_samples")
    if abs(set_by_us) > STEP_US + passed_us // SLEWED_PART:
        found.add("clock_step")
    return frozenset(found)
