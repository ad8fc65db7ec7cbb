"""What was spent, by budget and time: sums of windows, older ones by the hour."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from streams.core.job_cost import Newest
from streams.core.windows import HOUR_US, window_start


@dataclass(slots=True)
class Sum:
    """An amount in pico, how many lines in it have no price, and the newest window of them."""

    pico: int = 0
    unpriced: int = 0
    newest: Newest | None = None

    def add(self, pico: int, unpriced: int, newest: Newest | None) -> None:
        """Add to it."""
        self.pico += pico
        self.unpriced += unpriced
        if newest is not None and (self.newest is None or newest > self.newest):
            self.newest = newest


class Sums:
    """The sums of one budget by begin of window; older ones by the hour that windows began in.

    Those are many and seldom change, so what they come to is remembered.
    """

    __slots__ = ("_hourly", "_hourly_us", "_known", "_recent")

    def __init__(self) -> None:
        self._recent: dict[int, Sum] = {}
        self._hourly: dict[int, Sum] = {}
        self._hourly_us = 0  # what begins before is by the hour
        self._known: tuple[int, int, Sum] | None = None  # what the hours of a period come to

    def __len__(self) -> int:
        return len(self._recent) + len(self._hourly)

    def add(self, begin_us: int, pico: int, unpriced: int, newest: Newest | None) -> None:
        """Add to a sum."""
        if begin_us >= self._hourly_us:
            self._recent.setdefault(begin_us, Sum()).add(pico, unpriced, newest)
        else:
            hour = window_start(begin_us, HOUR_US)
            self._hourly.setdefault(hour, Sum()).add(pico, unpriced, newest)
            self._known = None

    def drop_where(self, is_dropped: Callable[[int], bool]) -> None:
        """Drop the sums of some begins."""
        for sums in (self._recent, self._hourly):
            for begin_us in [each for each in sums if is_dropped(each)]:
                del sums[begin_us]
        self._known = None

    def drop(self, begin_us: int) -> None:
        """Drop the sum of the windows of one begin, not long ago."""
        self._recent.pop(begin_us, None)

    def between(self, start_us: int, end_us: int) -> Sum:
        """Return what begins in [start, end)."""
        known = self._known
        if known is None or known[:2] != (start_us, end_us):
            hours = total(self._hourly, start_us, end_us)
            known = self._known = (start_us, end_us, hours)
        found = total(self._recent, start_us, end_us)
        hours = known[2]
        found.add(hours.pico, hours.unpriced, hours.newest)
        return found

    def lately(self, starts_us: Sequence[int], end_us: int) -> list[int]:
        """Return what begins in [start, end) for several starts, none of them hours ago; pico."""
        first_us = min(starts_us, default=end_us)
        recent = [
            (begin_us, each.pico)
            for begin_us, each in self._recent.items()
            if first_us <= begin_us < end_us
        ]
        return [
            sum(pico for begin_us, pico in recent if begin_us >= start_us) for start_us in starts_us
        ]

    def reached_us(self, start_us: int, end_us: int, pico: int) -> int:
        """Return the begin with which what begins in [start, end) is at an amount it is at now."""
        so_far = 0
        for begin_us, each in sorted({**self._hourly, **self._recent}.items(), key=itemgetter(0)):
            so_far += each.pico if start_us <= begin_us < end_us else 0
            if so_far >= pico:
                return begin_us
        return start_us  # later ones take away again, as what was lent does

    def coarsen(self, forget_us: int, hourly_us: int) -> None:
        """Forget what began before an instant; put by the hour together what did before another."""
        self.drop_where(lambda begin_us: begin_us < forget_us)
        self._hourly_us = max(self._hourly_us, hourly_us)
        for begin_us in [each for each in self._recent if each < self._hourly_us]:
            old = self._recent.pop(begin_us)
            self.add(begin_us, old.pico, old.unpriced, old.newest)


def total(sums: Mapping[int, Sum], start_us: int, end_us: int) -> Sum:
    """Return the sum of what begins in [start, end)."""
    within = [each for begin_us, each in sums.items() if start_us <= begin_us < end_us]
    newest = max((each.newest for each in within if each.newest is not None), default=None)
    pico = sum(each.pico for each in within)
    return Sum(pico, sum(each.unpriced for each in within), newest)
