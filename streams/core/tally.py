"""What one batch adds to each (window, pool), while it is being metered."""

from collections import Counter

from streams.core.catalog import Nobody
from streams.core.sums import Sums


class Tally:
    """Sums by (window start, pool) of one batch."""

    __slots__ = (
        "by_window_pool",
        "capacity_events",
        "evidence",
        "newest_us",
        "unattributed",
        "window_us",
    )

    def __init__(self, window_us: int) -> None:
        self.window_us = window_us
        self.newest_us = 0  # greatest event time counted
        self.evidence = 0  # events kept and not counted
        self.by_window_pool: dict[tuple[int, str], Sums] = {}
        self.capacity_events: dict[tuple[int, str], int] = {}
        self.unattributed: Counter[Nobody] = Counter()  # events that nobody pays, by reason

    def sums(self, window_start_us: int, pool: str) -> Sums:
        """Return the sums of a (window, pool), made when they are new."""
        key = (window_start_us, pool)
        found = self.by_window_pool.get(key)
        if found is None:
            found = self.by_window_pool[key] = Sums()
        return found

    def count_capacity_events(self, window_start_us: int, pool: str, events: int = 1) -> None:
        """Count GPU intervals in the window they begin in."""
        key = (window_start_us, pool)
        self.capacity_events[key] = self.capacity_events.get(key, 0) + events
