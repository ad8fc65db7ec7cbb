"""What the busiest values of past days were, for series that come at no hour.

Who calls a few times a day at any hour has no habit to be judged by: the mean of a quarter of an
hour is next to nothing, and every call is far above it. What can be known of such a series is how
much it is when it is something. The second busiest of the days counts, so one wild day teaches
nothing; in a series so young that nothing is known yet, the busiest.
"""

from array import array
from typing import Final

from streams.core.anomaly.judgement import Quarter
from streams.core.windows import DAY_US

DAYS: Final = 7  # that are remembered, before this one
NEAR: Final = 1.5  # times what is usual at its time: what is within it came at its time
MEMORY: Final = 300  # values as great as the busiest, after which half of what came when is new
AT_ITS_TIME: Final = 0.5  # of what came: a series of which less did comes at any time
NO_DAY: Final = -1


class Busiest:
    """The greatest value of each of the last days, and which part of values came at their time."""

    __slots__ = ("_days", "_in_time", "_most", "_weight")

    def __init__(self) -> None:
        self._days = array("q", [NO_DAY]) * (DAYS + 1)
        self._most = array("d", bytes(8 * (DAYS + 1)))
        self._in_time = 0.0
        self._weight = 0.0  # values that counted, as parts of the busiest

    @property
    def comes_any_time(self) -> bool:
        """Whether most of what came was not to be expected at its time."""
        return self._weight > 0 and self._in_time < AT_ITS_TIME

    def before(self, at_us: int, *, is_young: bool) -> float:
        """Return what the busiest values before that day were; 0 where there was none."""
        today = at_us // DAY_US
        most = sorted(
            value
            for day, value in zip(self._days, self._most, strict=True)
            if today - DAYS <= day < today and day != NO_DAY
        )
        return most[-2] if len(most) > 1 and not is_young else max(most, default=0.0)

    def learn(self, value: float, at_us: int, usual: float | None) -> None:
        """Take in a value, and the most that was usual at its time; None: nobody knew."""
        if value > 0:
            self._note(value, at_us)
            self._weigh(value, 1, at_us, usual)

    def recall(self, past: Quarter, usual: float | None) -> None:
        """Take in the values of a quarter of an hour, of which a half is as its greater ones."""
        greater = past.halves[1]
        if past.most > 0:
            self._note(past.most, past.at_us)
        if greater > 0:
            values = past.values * min(1.0, max(0.0, past.mean) / greater)
            self._weigh(greater, values, past.at_us, usual)

    def _note(self, value: float, at_us: int) -> None:
        """Remember the greatest value of each day."""
        day = at_us // DAY_US
        place = day % (DAYS + 1)
        if self._days[place] != day:
            self._days[place], self._most[place] = day, 0.0
        self._most[place] = max(self._most[place], value)

    def _weigh(self, value: float, values: float, at_us: int, usual: float | None) -> None:
        """Take in whether so many values came at their time."""
        if usual is None:
            return
        busiest = self.before(at_us, is_young=False)
        weight = values * (min(1.0, value / busiest) if busiest else 1.0)
        self._weight += weight
        rate = min(1.0, weight * max(1 / max(self._weight, 1.0), 1 / MEMORY))
        self._in_time += rate * ((value <= NEAR * usual) - self._in_time)
