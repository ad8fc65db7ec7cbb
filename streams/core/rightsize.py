"""Which GPUs are worked too little, or too much, for too long: hour by hour, with hysteresis.

A signal opens when every hour of a declared time was beyond the limit, and ends when some hours in
a row were well back. An hour that nobody saw says nothing; after too many of them all begins anew.
Shares are compared as integers, money is summed as pico: nothing is rounded.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

from streams.core.windows import HOUR_US

Side: TypeAlias = Literal["low", "high"]

MILLE = 1000


class UsedHour(NamedTuple):
    """How GPU time was used in an hour: GPU-microseconds and pico.

    `seen_us` was there to be used, `active_us` of it was worked, `unpriced_us` of it has no price.
    `unworked` is the part of `cost` that nobody worked in.
    """

    at_us: int
    seen_us: int
    active_us: int
    unpriced_us: int
    cost: int
    unworked: int


@dataclass(frozen=True, slots=True)
class Terms:
    """When it is too little or too much: parts of a thousand of the time seen, and hours."""

    low: int = 300
    low_over: int = 400  # from this on it is well back
    high: int = 900
    high_over: int = 800  # below this
    sustained: int = 24  # hours beyond
    calm: int = 3  # hours back, in a row


TERMS = Terms()


def terms_of(low: int, high: int, sustained: int) -> Terms:
    """Return terms by their limits, in parts of a thousand; well back is a tenth of all within."""
    return Terms(
        low=low,
        low_over=low + TERMS.low_over - TERMS.low,
        high=high,
        high_over=high - TERMS.high + TERMS.high_over,
        sustained=sustained,
    )


class Place(NamedTuple):
    """What is sized, and the currency of its prices. Empty: it is of none, or of all."""

    pool: str
    endpoint: str
    node: str
    device: str
    currency: str


@dataclass(frozen=True, slots=True)
class Run:
    """Hours in a row beyond a limit, and what they sum to. No side: the last hour was within.

    `busiest_us`: what was worked in the hour in which most was. `back`: hours back, the last ones.
    """

    side: Side | None = None
    is_open: bool = False
    since_us: int = 0
    until_us: int = 0
    hours: int = 0
    back: int = 0
    seen_us: int = 0
    active_us: int = 0
    unpriced_us: int = 0
    cost: int = 0
    unworked: int = 0
    busiest_us: int = 0


WITHIN = Run()


def step(run: Run, hour: UsedHour, terms: Terms = TERMS) -> Run:
    """Return a run after one more hour; hours come in order."""
    if hour.seen_us <= 0:
        return run
    if is_forgotten(run, hour.at_us, terms):
        run = WITHIN
    side = beyond(hour, terms)
    if run.is_open:
        back = run.back + 1 if is_back(run, hour, terms) else 0
        if back < terms.calm:
            return replace(longer(run, hour), back=back)
    elif side is not None and side == run.side:
        grown = longer(run, hour)
        return replace(grown, is_open=grown.hours >= terms.sustained)
    if side is None:
        return WITHIN
    begun = longer(Run(side, since_us=hour.at_us), hour)
    return replace(begun, is_open=begun.hours >= terms.sustained)


def run_of(hours: Iterable[UsedHour], terms: Terms = TERMS) -> Run:
    """Return the run that some hours end with."""
    run = WITHIN
    for hour in hours:
        run = step(run, hour, terms)
    return run


def is_forgotten(run: Run, at_us: int, terms: Terms = TERMS) -> bool:
    """Whether nothing was seen for so long before an instant that a run is over."""
    return run.side is not None and at_us - run.until_us > terms.sustained * HOUR_US


def beyond(hour: UsedHour, terms: Terms) -> Side | None:
    """Return the limit that an hour is beyond.

    >>> beyond(UsedHour(0, 10, 2, 0, 0, 0), TERMS), beyond(UsedHour(0, 10, 3, 0, 0, 0), TERMS)
    ('low', None)
    """
    active, seen = MILLE * hour.active_us, hour.seen_us
    if active < terms.low * seen:
        return "low"
    return "high" if active > terms.high * seen else None


def is_back(run: Run, hour: UsedHour, terms: Terms) -> bool:
    """Whether an hour is well back within the limit that a run is beyond."""
    active, seen = MILLE * hour.active_us, hour.seen_us
    return active >= terms.low_over * seen if run.side == "low" else active < terms.high_over * seen


def longer(run: Run, hour: UsedHour) -> Run:
    """Return a run with one more hour in it."""
    return replace(
        run,
        until_us=hour.at_us + HOUR_US,
        hours=run.hours + 1,
        seen_us=run.seen_us + hour.seen_us,
        active_us=run.active_us + hour.active_us,
        unpriced_us=run.unpriced_us + hour.unpriced_us,
        cost=run.cost + hour.cost,
        unworked=run.unworked + hour.unworked,
        busiest_us=max(run.busiest_us, hour.active_us),
    )
