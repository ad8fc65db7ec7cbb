"""Watches the embedded broker's memory, which only grows, against a bound.

The broker has no way to refuse a message, so at the bound the whole stack is drained and ended
while it still can be. `rss_bytes` reads; the rest is pure.
"""

import resource
import subprocess
from enum import Enum
from pathlib import Path

WARN_RATIO = 0.7  # of the bound
KIB = 1024  # what ps counts in


class Pressure(Enum):
    """How near the bound the broker is."""

    LOW = "low"
    HIGH = "high"
    FULL = "full"


def pressure(used_bytes: int, bound_bytes: int) -> Pressure:
    """Judge the broker's memory.

    >>> [pressure(used, 100).value for used in (69, 70, 99, 100)]
    ['low', 'high', 'high', 'full']
    """
    if used_bytes >= bound_bytes:
        return Pressure.FULL
    return Pressure.HIGH if used_bytes >= WARN_RATIO * bound_bytes else Pressure.LOW


def rss_bytes(pid: int) -> int | None:
    """Return the resident memory of a process; None when there is no such process."""
    statm = Path(f"/proc/{pid}/statm")  # Linux: in pages, the second number
    if Path("/proc/self/statm").exists():
        try:
            return int(statm.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
        except (FileNotFoundError, ProcessLookupError):
            return None
    listed = subprocess.run(
        ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=False, text=True
    )
    return int(listed.stdout) * KIB if listed.stdout.strip() else None


def advice(bound_bytes: int) -> str:
    """Say what happened and what to do about it."""
    return (
        f"the embedded broker reached its bound of {bound_bytes / 1024**3:.1f} GiB; it never frees "
        "memory, so input was stopped and what had been read was finished. Start again: producers "
        "resend what was not acknowledged. For more, raise --broker-memory or give a real Kafka "
        "with --kafka"
    )
