"""Half-open windows [start, end) in integer microseconds, and stretches cut at them.

Not Faust's windows: those end 0.1 s early. An instant belongs to exactly one window; the pieces of
a stretch sum to it.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US


def window_start(at_us: int, window_us: int) -> int:
    """Return the begin of the window that holds an instant.

    >>> window_start(119_999_999, 60_000_000), window_start(120_000_000, 60_000_000)
    (60000000, 120000000)
    """
    return at_us - at_us % window_us


def pieces(
    start_us: int, end_us: int, window_us: int, edges: Sequence[int] = ()
) -> Iterator[tuple[int, int]]:
    """Cut [start, end) at window ends and at the given sorted instants.

    >>> list(pieces(50, 130, 60, [100]))
    [(50, 60), (60, 100), (100, 120), (120, 130)]
    """
    begin = start_us
    while begin < end_us:
        cut = min(end_us, window_start(begin, window_us) + window_us)
        following = bisect_right(edges, begin)
        if following < len(edges):
            cut = min(cut, edges[following])
        yield begin, cut
        begin = cut
