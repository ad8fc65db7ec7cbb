"""What was spent, by budget and time: sums of windows, older ones by the hour."""

from collections.abc import Callable
from dataclasses import dataclass

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
    """The sums of one budget by begin of window, or of the hour that windows began in."""

    __slots__ = ("_by_begin",)

    def __init__(self) -> None:
        self._by_begin: dict[int, Sum] = {}

    def add(self, begin_us: int, pico: int, unpriced: int, newest: Newest | None) -> None:
        """Add to a sum."""
        self._by_begin.setdefault(begin_us, Sum()).add(pico, unpriced, newest)

    def drop(self, begin_us: int) -> None:
        """Drop the sum of one begin."""
        self._by_begin.pop(begin_us, None)

    def drop_where(self, is_dropped: Callable[[int], bool]) -> None:
        """Drop the sums of some begins."""
        for begin_us in [each for each in self._by_begin if is_dropped(each)]:
            del self._by_begin[begin_us]

    def between(self, start_us: int, end_us: int) -> Sum:
        """Return what begins in [start, end)."""
        total = Sum()
        for begin_us, each in self._by_begin.items():
            if start_us <= begin_us < end_us:
                total.add(each.pico, each.unpriced, each.newest)
        return total

    def reached_us(self, start_us: int, end_us: int, pico: int) -> int:
        """Return the begin with which what begins in [start, end) is at an amount it is at now."""
        total = 0
        for begin_us in sorted(each for each in self._by_begin if start_us <= each < end_us):
            total += self._by_begin[begin_us].pico
            if total >= pico:
                return begin_us
        return start_us  # later ones take away again, as what was lent does

    def coarsen(self, forget_us: int, hourly_us: int) -> None:
        """Forget what began before an instant; put by the hour together what did before another."""
        self.drop_where(lambda begin_us: begin_us < forget_us)
        for begin_us in [each for each in self._by_begin if each < hourly_us and each % HOUR_US]:
            old = self._by_begin.pop(begin_us)
            self.add(window_start(begin_us, HOUR_US), old.pico, old.unpriced, old.newest)
