"""The detector of any values: how surprising one is, by itself, and with the ones before it.

Five things are looked at: how far the value is above what was to come, and how far below; how far
the last values together are above the slow level, and below; and how restless they are. Each is as
surprising as it is rare among all before it (`Tail`), and surprises add up as the sides of a right
angle do. What lasts is no news: for `QUIET` values after an alarm only what is rarer is another.
"""

from math import isfinite, sqrt
from typing import Final, NamedTuple

from streams.core.anomaly.foresight import Foresight, Outlook, within
from streams.core.anomaly.judgement import Judgement
from streams.core.anomaly.lately import Lately
from streams.core.anomaly.tail import Tail

UNUSUAL: Final = 0.05  # of values, half above and half below, in the long run; at first fewer
CLIPPED: Final = 5.0  # scales: what one value counts for at most among the last ones
ALARM: Final = 0.9  # powers of ten: what is so rare is told from what comes after it
QUIET: Final = 120  # values after an alarm
RARER: Final = 0.7  # powers of ten that another alarm must be rarer by, while it is quiet
WARM_AFTER: Final = 100  # values


class Look(NamedTuple):
    """What is seen of one value, and how rare that is as a power of ten.

    `off`, `apart`: how many scales from what was expected and from the slow level, clipped.
    `signs`: the five things that are looked at.
    """

    outlook: Outlook
    scale: float
    off: float
    apart: float
    signs: tuple[float, float, float, float, float]
    rarity: float


class Surprise:
    """Judges the values of one series."""

    __slots__ = ("_foresight", "_lately", "_quiet", "_said", "_seen", "_tails")

    def __init__(self, period_us: int) -> None:
        self._foresight = Foresight(period_us)
        self._lately = Lately()
        self._tails = [Tail(UNUSUAL / 2) for _ in range(4)] + [Tail(UNUSUAL)]
        self._seen = self._quiet = 0
        self._said = 0.0

    def score(self, value: float, at_us: int) -> Judgement:
        """Judge a value; outside `low` and `high` lies what is unusual."""
        if not self._seen:
            return Judgement(0.0, is_warm=False, expected=value, low=value, high=value)
        look = self._look(value, at_us)
        expected = look.outlook.expected
        low = expected - self._tails[1].bound * look.scale
        high = expected + self._tails[0].bound * look.scale
        news = 0.0 if self._is_old(look.rarity) else look.rarity
        return Judgement(1 - 10**-news, self._seen >= WARM_AFTER, expected, low, high)

    def learn(self, value: float, at_us: int, judgement: Judgement) -> None:  # noqa: ARG002 - score has changed nothing: it is looked at again
        """Take a value in."""
        if not isfinite(value):
            raise ValueError(f"expected a finite value of a series, got {value} at {at_us} us")
        self._seen += 1
        if self._seen == 1:
            self._foresight.learn(value, at_us, self._foresight.at(at_us))
            return
        look = self._look(value, at_us)
        is_alarm = look.rarity >= ALARM and not self._is_old(look.rarity)
        self._quiet -= 1
        if is_alarm:
            self._said, self._quiet = look.rarity, QUIET
        for tail, sign in zip(self._tails, look.signs, strict=True):
            tail.learn(sign)
        self._lately.add(look.off, look.apart)
        self._foresight.learn(value, at_us, look.outlook)

    def _is_old(self, rarity: float) -> bool:
        """Tell whether what is so rare belongs to what there was an alarm of before."""
        return self._quiet > 0 and rarity < self._said + RARER

    def _look(self, value: float, at_us: int) -> Look:
        outlook = self._foresight.at(at_us)
        gap = value - outlook.expected
        scale = outlook.scale or abs(gap) or 1.0
        whole = gap / scale
        off = within(whole, CLIPPED)
        apart = within((value - outlook.slow) / scale, CLIPPED)
        together, unrest = self._lately.joined_by(off, apart)
        up, down, both_up, both_down = (max(0.0, x) for x in (whole, -whole, together, -together))
        signs = (up, down, both_up, both_down, unrest)
        found = [tail.rarity(sign) for tail, sign in zip(self._tails, signs, strict=True)]
        rarity = sqrt(sum(each * each for each in found))
        return Look(outlook, scale, off, apart, signs, rarity)
