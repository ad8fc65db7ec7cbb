"""From the driver's samples to microseconds of work. Pure.

The driver samples several times a second and stamps each sample with the wall clock. A device
sample stands for the time since the one before it. A process row is the mean over all samples since
the instant asked for, and who has no row did nothing; rows of one answer carry different stamps.
"""

from collections.abc import Mapping, Sequence

LONGEST_SAMPLE_US = 1_000_000  # "between 1 second and 1/6 second" (nvml.h, nvmlUtilization_t)
SURELY_KEPT_US = (
    100 * LONGEST_SAMPLE_US // 6
)  # buffers of 100 samples were seen, 6 a second at most
MOST_PERCENT = 100

Sample = tuple[int, int]  # (at_us, percent)
Row = tuple[int, int, int]  # (pid, at_us, percent)


def sensible(rows: Sequence[Row], since_us: int, now_us: int) -> tuple[list[Row], bool]:
    """Return the rows that can be true, and whether another one claimed a process.

    Some drivers leave rows of a buffer unset (pid 0), repeat old ones, or fill in nonsense.

    >>> sensible([(0, 0, 0), (7, 50, 10), (7, 150, 30), (8, 150, 4200)], since_us=100, now_us=200)
    ([(7, 150, 30)], True)
    """
    kept = []
    is_garbled = False
    for pid, at_us, percent in rows:
        if pid == 0 or at_us <= since_us:
            continue
        if percent > MOST_PERCENT or at_us > now_us + LONGEST_SAMPLE_US:
            is_garbled = True
        else:
            kept.append((pid, at_us, percent))
    return kept, is_garbled


def device_us(samples: Sequence[Sample], since_us: int, until_us: int) -> int:
    """Return how long kernels ran in (since, until]. The last sample also stands for what follows.

    >>> device_us([(200, 50), (400, 100)], since_us=0, until_us=400)  # 50 % of 200, 100 % of 200
    300
    >>> device_us([(200, 50), (400, 100)], since_us=100, until_us=300)  # 50 % of 100, all of 100
    150
    """
    hundredths = 0
    edge_us, percent = since_us, 0
    for at_us, percent in samples:
        start_us = max(edge_us, at_us - LONGEST_SAMPLE_US)
        hundredths += percent * max(0, min(at_us, until_us) - start_us)
        edge_us = max(edge_us, at_us)
    hundredths += percent * max(0, min(until_us - edge_us, LONGEST_SAMPLE_US))
    return share_us(hundredths, 1)


def sm_us(rows: Sequence[Row], window_us: int) -> Mapping[int, int]:
    """Return how long each process kept the SMs busy in a window."""
    newest = {pid: percent for pid, _, percent in sorted(rows, key=lambda row: row[1])}
    return {pid: share_us(percent, window_us) for pid, percent in newest.items()}


def share_us(percent: int, of_us: int) -> int:
    """Return a percentage of a time, to the nearest microsecond.

    >>> share_us(30, 5)
    2
    """
    return (percent * of_us + MOST_PERCENT // 2) // MOST_PERCENT
