"""Why a GPU ran slower than it could: who holds it gets less for the same time. Pure.

Only what the hardware or the temperature forces is reported. A GPU that is idle, or at the power
limit it was given, runs as it should.
"""

FLAGS = {  # nvmlClocksEventReason*, nvml.h
    0x08: "hw_slowdown",
    0x20: "sw_thermal_slowdown",
    0x40: "hw_thermal_slowdown",
    0x80: "hw_power_brake",
}


def flags_of(reasons: int | None) -> frozenset[str]:
    """Return the flags of a bit mask of reasons.

    >>> sorted(flags_of(0x01 | 0x08 | 0x40))
    ['hw_slowdown', 'hw_thermal_slowdown']
    """
    return frozenset(flag for bit, flag in FLAGS.items() if (reasons or 0) & bit)
