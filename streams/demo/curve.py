"""How busy a day is: quiet in the morning, two humps around a lunch dip, quiet in the evening."""

from math import exp

QUIET = 0.30  # of the peak, at both ends of the day
HUMPS = ((0.36, 0.14, 1.0), (0.70, 0.15, 0.88))  # centre and width as parts of the day, height


def busyness(part: float) -> float:
    """Return load relative to the peak, about QUIET..1, at a part (0..1) of the day.

    >>> busyness(0.0) < busyness(0.53) < busyness(0.7) < busyness(0.36)
    True
    """
    hump = max(height * exp(-(((part - at) / width) ** 2) / 2) for at, width, height in HUMPS)
    return QUIET + (1 - QUIET) * hump
