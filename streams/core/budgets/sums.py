"""What was spent, by budget and time: sums of windows, older ones by the hour."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from streams.core.job_cost import Newest
from streams.core.windows import HOUR_US, MINUTE_US, window_start

LIVE_US: Final = 3 * MINUTE_US  # before the newest begin: where most lines are of


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

    Lines are of the last minutes, but for a few. So what is older is added up when it changes, or
    when other instants are asked about, and not each time.
    """

    __slots__ = ("_hourly", "_hourly_us", "_hours", "_lately", "_live", "_live_us", "_older",
                 "_recent")  # fmt: skip

    def __init__(self) -> None:
        self._live: dict[int, Sum] = {}  # what begins from `_live_us` on
        self._live_us = 0
        self._recent: dict[int, Sum] = {}  # what begins before, from `_hourly_us` on
        self._hourly_us = 0
        self._hourly: dict[int, Sum] = {}
        self._hours: tuple[int, int, Sum] | None = None  # of a period, what is by the hour
        self._older: tuple[int, int, Sum] | None = None  # and what is recent
        self._lately: tuple[Sequence[int], int, list[int]] | None = None  # recent, since instants

    def __len__(self) -> int:
        return len(self._live) + len(self._recent) + len(self._hourly)

    def add(self, begin_us: int, pico: int, unpriced: int, newest: Newest | None) -> None:
        """Add to a sum."""
        if begin_us >= self._live_us:
            if begin_us not in self._live:
                self._live[begin_us] = Sum()
                self._age(begin_us - LIVE_US)
            self._live[begin_us].add(pico, unpriced, newest)
        elif begin_us >= self._hourly_us:
            self._recent.setdefault(begin_us, Sum()).add(pico, unpriced, newest)
            self._older = self._lately = None
        else:
            hour = window_start(begin_us, HOUR_US)
            self._hourly.setdefault(hour, Sum()).add(pico, unpriced, newest)
            self._hours = None

    def drop_where(self, is_dropped: Callable[[int], bool]) -> None:
        """Drop the sums of some begins."""
        for sums in (self._live, self._recent, self._hourly):
            for begin_us in [each for each in sums if is_dropped(each)]:
                del sums[begin_us]
        self._forget()

    def drop(self, begin_us: int) -> None:
        """Drop the sum of the windows of one begin, not long ago."""
        self._live.pop(begin_us, None)
        if self._recent.pop(begin_us, None) is not None:
            self._older = self._lately = None

    def between(self, start_us: int, end_us: int) -> Sum:
        """Return what begins in [start, end)."""
        if self._hours is None or self._hours[:2] != (start_us, end_us):
            self._hours = (start_us, end_us, total(self._hourly, start_us, end_us))
        if self._older is None or self._older[:2] != (start_us, end_us):
            self._older = (start_us, end_us, total(self._recent, start_us, end_us))
        found = total(self._live, start_us, end_us)
        for _, _, older in (self._hours, self._older):
            found.add(older.pico, older.unpriced, older.newest)
        return found

    def lately(self, starts_us: Sequence[int], end_us: int) -> list[int]:
        """Return what begins in [start, end) for several starts, none of them hours ago; pico."""
        if self._lately is None or self._lately[:2] != (starts_us, end_us):
            self._lately = (starts_us, end_us, since(self._recent, starts_us, end_us))
        live = since(self._live, starts_us, end_us)
        return [pico + older for pico, older in zip(live, self._lately[2], strict=True)]

    def reached_us(self, start_us: int, end_us: int, pico: int) -> int:
        """Return the begin with which what begins in [start, end) is at an amount it is at now."""
        so_far, every = 0, {**self._hourly, **self._recent, **self._live}
        for begin_us, each in sorted(every.items(), key=itemgetter(0)):
            so_far += each.pico if start_us <= begin_us < end_us else 0
            if so_far >= pico:
                return begin_us
        return start_us  # later ones take away again, as what was lent does

    def coarsen(self, forget_us: int, hourly_us: int) -> None:
        """Forget what began before an instant; put by the hour together what did before another."""
        self.drop_where(lambda begin_us: begin_us < forget_us)
        self._age(hourly_us)
        self._hourly_us = max(self._hourly_us, hourly_us)
        for begin_us in [each for each in self._recent if each < self._hourly_us]:
            old = self._recent.pop(begin_us)
            known = self._hourly.setdefault(window_start(begin_us, HOUR_US), old)
            if known is not old:
                known.add(old.pico, old.unpriced, old.newest)
        self._forget()

    def _age(self, live_us: int) -> None:
        """Let what begins before an instant change seldom."""
        if live_us > self._live_us:
            self._live_us = live_us
            for begin_us in [each for each in self._live if each < live_us]:
                self._recent[begin_us] = self._live.pop(begin_us)
            self._older = self._lately = None

    def _forget(self) -> None:
        self._hours = self._older = self._lately = None


def since(sums: Mapping[int, Sum], starts_us: Sequence[int], end_us: int) -> list[int]:
    """Return what begins in [start, end) for several starts, pico.

    >>> since({3: Sum(10), 5: Sum(20), 9: Sum(40)}, [4, 0], 9)
    [20, 30]
    """
    found, first_us = [0] * len(starts_us), min(starts_us, default=end_us)
    for begin_us, each in sums.items():
        if first_us <= begin_us < end_us:
            for number, start_us in enumerate(starts_us):
                if begin_us >= start_us:
                    found[number] += each.pico
    return found


def total(sums: Mapping[int, Sum], start_us: int, end_us: int) -> Sum:
    """Return the sum of what begins in [start, end)."""
    found = Sum()
    for begin_us, each in sums.items():
        if start_us <= begin_us < end_us:
            found.add(each.pico, each.unpriced, each.newest)
    return found
