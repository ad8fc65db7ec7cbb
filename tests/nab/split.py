"""Which series detectors were tuned on, and which were kept apart to see whether it carries over.

By a hash of the name, so that nobody chose, and a series that is added has its side already.
"""

from zlib import crc32


def is_tuned_on(name: str) -> bool:
    """Return whether choices may be made by looking at how a series scores.

    >>> is_tuned_on("realTraffic/speed_7578.csv"), is_tuned_on("realTraffic/speed_t4013.csv")
    (True, False)
    """
    return crc32(name.encode()) % 2 == 0
