"""How one budget stands at an instant: what was spent of it, and how fast."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from streams.core.budgets.budget import Budget
from streams.core.budgets.burn import OPEN_WHILE, Pair, pairs, rate
from streams.core.budgets.periods import EVER, Period, period_at
from streams.core.budgets.sums import Sum, Sums
from streams.core.windows import MINUTE_US, window_start

Kind = Literal["budget_warning", "budget_exceeded", "budget_burn"]
Stage = Literal["ok", "warning", "exceeded"]

ROLLING_WHILE: Final = Fraction(19, 20)  # of a part, once an alert of a rolling period is open
WHOLE: Final = Fraction(1)


class Mark(NamedTuple):
    """What an alert of a budget is about: a kind, which part or pair of windows, which period."""

    kind: Kind
    label: str
    period: str


@dataclass(frozen=True, slots=True)
class Speed:
    """The rates over the two windows of a pair; exact. `long_pico`: spent in the long one."""

    pair: Pair
    long: Fraction
    short: Fraction
    long_pico: int


class Outcome(NamedTuple):
    """What a budget is expected to come to, pico, in the period that begins at an instant."""

    start_us: int
    pico: int


class Standing:
    """A budget at an instant, by its sums. `outcome`: the last that was said by a forecast."""

    def __init__(
        self, budget: Budget, sums: Sums, at_us: int, outcome: Outcome | None = None
    ) -> None:
        self.budget = budget
        self.at_us = at_us
        self.period: Period = period_at(budget.period, at_us)
        self.spent: Sum = sums.between(self.period.start_us, self.period.end_us)
        self._sums = sums
        self._outcome = outcome
        self.speeds = self._speeds()

    @property
    def stage(self) -> Stage:
        """What a gateway acts on."""
        if self.is_at(WHOLE):
            return "exceeded"
        return "warning" if any(map(self.is_at, self.budget.warn_at)) else "ok"

    @property
    def forecast(self) -> int | None:
        """What it comes to in the end, pico; null while nobody says of this period."""
        if self._outcome is None or self._outcome.start_us != self.period.start_us:
            return None
        return self._outcome.pico

    @property
    def burn_rate(self) -> float | None:
        """The rate over the shorter of the long windows; null while less of the period is over."""
        for speed in self.speeds:
            if self.at_us - self.period.start_us >= speed.pair.long_us:
                return float(speed.long)
        return None

    def is_at(self, part: Fraction) -> bool:
        """Whether a part of the limit is spent."""
        return self.spent.pico * part.denominator >= part.numerator * self.budget.limit

    def marks(self) -> dict[Mark, Fraction | Speed]:
        """Return everything there may be an alert of: parts of the limit, and speeds."""
        name = self.period.name
        found: dict[Mark, Fraction | Speed] = {
            Mark("budget_warning", part_name(part), name): part for part in self.budget.warn_at
        }
        found[Mark("budget_exceeded", part_name(WHOLE), name)] = WHOLE
        for speed in self.speeds:
            found[Mark("budget_burn", speed.pair.name, name)] = speed
        return found

    def is_on(self, about: Fraction | Speed, *, is_open: bool) -> bool:
        """Whether there is an alert; one that is open stays for a little longer.

        Not so for parts of calendar periods: what is spent there only grows, but for corrections.
        """
        if isinstance(about, Speed):
            factor = about.pair.factor
            if is_open:
                return about.long >= factor * OPEN_WHILE
            return about.long >= factor and about.short >= factor
        stays = is_open and self.period.name == EVER
        return self.is_at(about * ROLLING_WHILE if stays else about)

    def since_us(self, about: Fraction | Speed) -> int:
        """Return when it began: the window with which a part was spent, or the long window."""
        if isinstance(about, Speed):
            return max(self.period.start_us, self._now_us - about.pair.long_us)
        wanted = -(-about.numerator * self.budget.limit // about.denominator)
        return self._sums.reached_us(self.period.start_us, self.period.end_us, wanted)

    @property
    def _now_us(self) -> int:
        """The end of the minute that is under way, by which windows end."""
        return window_start(self.at_us, MINUTE_US) + MINUTE_US

    def _speeds(self) -> tuple[Speed, ...]:
        known = pairs(self.budget.period)
        within = [for_us for pair in known for for_us in (pair.long_us, pair.short_us)]
        starts = [max(self.period.start_us, self._now_us - for_us) for for_us in within]
        spent = self._sums.lately(starts, self._now_us)
        limit, period_us = self.budget.limit, self.period.for_us
        rates = [rate(pico, for_us, limit, period_us)
                 for pico, for_us in zip(spent, within, strict=True)]  # fmt: skip
        return tuple(
            Speed(pair, rates[2 * number], rates[2 * number + 1], spent[2 * number])
            for number, pair in enumerate(known)
        )


def part_name(part: Fraction) -> str:
    """Return a part of a limit as it was written.

    >>> part_name(Fraction(4, 5)), part_name(Fraction(1))
    ('0.8', '1')
    """
    digits = f"{part.numerator * 10**6 // part.denominator / 10**6:.6f}"
    return digits.rstrip("0").rstrip(".")
