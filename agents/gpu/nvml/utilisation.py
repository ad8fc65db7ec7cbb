"""What ran on one GPU between two looks, by the driver's own samples.

Invariant: the windows of one GPU follow each other without overlap, so no work is counted twice.
Each window ends at the newest sample the driver has given, and the next begins there; where it has
given none, the window is empty, and the work of that time is in the next.
"""

from agents.gpu.nvml import library as nvml
from agents.gpu.nvml.activity import (
    LONGEST_SAMPLE_US,
    SURELY_KEPT_US,
    Row,
    Sample,
    device_us,
    sensible,
    share_us,
    sm_us,
)
from agents.gpu.nvml.features import Features
from agents.gpu.nvml.library import Handle
from agents.gpu.observed import Activity


class Utilisation:
    """Reads the samples of one GPU, each once. Not for a GPU in MIG mode: NVML has none for it."""

    def __init__(self) -> None:
        self._last_seen_us: int | None = None

    def forget(self) -> None:
        """Begin anew at the next look: the wall clock was stepped, or the driver reloaded."""
        self._last_seen_us = None

    def read(self, handle: Handle, features: Features, now_us: int) -> Activity | None:
        """Return what ran since the last call. None: that cannot be known.

        The device is asked before its processes: then a process that starts between the two calls
        is seen at the next look, and not lost.
        """
        since_us = self._last_seen_us
        if since_us is None:
            self._last_seen_us = now_us
            return None
        samples = features.ask("samples", nvml.utilisation_samples, handle, since_us)
        given = features.ask("process_work", nvml.process_utilisation, handle, since_us)
        rows = None
        if given is not None:
            rows, is_garbled = sensible(given, since_us, now_us)
            if is_garbled:
                features.flag("garbage_rows")
        until_us = max(since_us, _newest(rows, samples, now_us))
        self._last_seen_us = until_us
        since_us = min(until_us, max(since_us, _oldest(samples, until_us)))
        busy_us = _busy(handle, features, samples, since_us, until_us)
        if busy_us is None and rows is None:
            return None
        return _activity(features, rows, busy_us, since_us, until_us)


def _newest(rows: list[Row] | None, samples: list[Sample] | None, now_us: int) -> int:
    """Return until when the driver has told. No news mean idle, once any sample would be there."""
    if rows:
        return max(at_us for _, at_us, _ in rows)
    if samples:
        return samples[-1][0]
    return now_us - LONGEST_SAMPLE_US


def _oldest(samples: list[Sample] | None, until_us: int) -> int:
    """Return since when the driver can have told. What is older than its buffer, nobody saw."""
    return samples[0][0] - LONGEST_SAMPLE_US if samples else until_us - SURELY_KEPT_US


def _busy(
    handle: Handle, features: Features, samples: list[Sample] | None, since_us: int, until_us: int
) -> int | None:
    if samples:
        return device_us(samples, since_us, until_us)
    percent = features.ask("utilisation", nvml.utilisation_percent, handle)
    return None if percent is None else share_us(percent, until_us - since_us)


def _activity(
    features: Features, rows: list[Row] | None, busy_us: int | None, since_us: int, until_us: int
) -> Activity:
    by_pid = None if rows is None else sm_us(rows, until_us - since_us)
    if by_pid is not None and sum(by_pid.values()) > until_us - since_us:
        features.flag("over_100")
    return Activity(since_us, until_us, busy_us, by_pid)
