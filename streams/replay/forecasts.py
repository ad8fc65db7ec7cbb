"""What tenants or pools will have cost at the end of a month, out of ClickHouse.

What was spent is summed from the lines in force until the hour that is known last; the rest is
forecast from the hours before it. An hour in which a tenant had no line cost it nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from streams.core.catalog import Catalog
from streams.core.forecast.drivers import Driver
from streams.core.forecast.forecaster import Forecaster
from streams.core.forecast.period import PeriodEnd, learned, period_end
from streams.core.windows import DAY_US, HOUR_US, window_start
from streams.replay.ask import Asker, Params
from streams.replay.errors import TooFarAhead
from streams.replay.month import Month

By: TypeAlias = Literal["tenant", "pool"]

HISTORY_US = 56 * DAY_US  # eight weeks, from before what is known last
FURTHEST_US = 100 * DAY_US  # ahead: a quarter, and some


class Subject(NamedTuple):
    """A tenant or a pool, and the currency of its prices."""

    name: str
    currency: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Tenants or pools, of one name or all, and a month, by what is known until an instant."""

    by: By
    of: str
    month: Month
    until_us: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a subject costs in a month. `known_us`: until when what was spent is known."""

    subject: Subject
    known_us: int
    end: PeriodEnd
    unpriced_lines: int = 0
    provisional_lines: int = 0


class Spent(NamedTuple):
    """What was spent so far, pico, of how many lines there is more to know."""

    pico: int = 0
    unpriced_lines: int = 0
    provisional_lines: int = 0


def forecasts(asker: Asker, asked: Asked, catalog: Catalog) -> list[Forecast]:
    """Return a forecast of each subject, the dearest first; none where nothing is known. Blocks.

    Raises TooFarAhead.
    """
    known_us = known_until(asker, asked.until_us)
    span = asked.month.span
    if not known_us:
        return []
    if span.until_us - known_us > FURTHEST_US:
        raise TooFarAhead(str(asked.month), FURTHEST_US // DAY_US)
    seen = hours(asker, asked, known_us)
    spent = so_far(asker, asked, min(known_us, span.until_us))
    drivers = catalog.entries.drivers
    subjects = {*seen, *spent, *declared(drivers, asked, known_us)}
    found = [
        Forecast(
            each,
            known_us,
            period_end(
                seen.get(each, Forecaster(known_us // HOUR_US)),
                spent.get(each, Spent()).pico,
                (span.since_us, span.until_us),
                [driver for driver in drivers if fits(driver, each, asked.by)],
            ),
            *spent.get(each, Spent())[1:],
        )
        for each in sorted(subjects)
    ]
    return sorted(found, key=lambda each: -(each.end.expected or each.end.spent))


def known_until(asker: Asker, until_us: int) -> int:
    """Return the begin of the hour that is not known whole; 0: nothing is known."""
    [[newest_us]] = asker.rows("known_until", {"until": until_us})
    return window_start(min(int(newest_us), until_us), HOUR_US)


def hours(asker: Asker, asked: Asked, known_us: int) -> dict[Subject, Forecaster]:
    """Return what each subject cost by the hour, learned, from its first one with a cost on."""
    since_us = window_start(known_us - HISTORY_US, DAY_US)
    params: Params = {"since": since_us, "until": known_us, "by": asked.by, "of": asked.of}
    found: dict[Subject, dict[int, int]] = {}
    for name, currency, hour, pico in asker.rows("spend_hours", params):
        found.setdefault(Subject(name, currency), {})[int(hour)] = int(pico)
    end = known_us // HOUR_US
    return {
        subject: learned(min(costs), [costs.get(hour, 0) for hour in range(min(costs), end)])
        for subject, costs in found.items()
    }


def so_far(asker: Asker, asked: Asked, until_us: int) -> dict[Subject, Spent]:
    """Return what was spent of the month by an instant."""
    since_us = asked.month.span.since_us
    params: Params = {"since": since_us, "until": until_us, "by": asked.by, "of": asked.of}
    return {
        Subject(name, currency): Spent(*map(int, numbers))
        for name, currency, *numbers in asker.rows("spend_so_far", params)
    }


def named(driver: Driver, by: By) -> str | None:
    """Return the tenant or the pool that a driver names."""
    return driver.tenant if by == "tenant" else driver.pool


def declared(drivers: Sequence[Driver], asked: Asked, known_us: int) -> Iterator[Subject]:
    """Yield subjects that drivers bring to the rest of the month, seen before or not."""
    until_us = asked.month.span.until_us
    for each in drivers:
        name = named(each, asked.by)
        is_ahead = each.from_us < until_us and each.to_us > known_us
        if is_ahead and each.currency and name and asked.of in ("", name):
            yield Subject(name, each.currency)


def fits(driver: Driver, subject: Subject, by: By) -> bool:
    """Whether a driver changes what a subject costs: one that names nobody changes everybody's."""
    is_of_all = driver.tenant is None and driver.pool is None
    is_of_it = is_of_all or named(driver, by) == subject.name
    return is_of_it and driver.currency in (None, subject.currency)
