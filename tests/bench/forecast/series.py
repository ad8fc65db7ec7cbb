"""Hourly series to forecast: NAB's, one of River's, and made-up cost with the shapes of a month.

None of the public ones is a cost: requests, traffic and load stand in for it. A made-up one knows
working days, growth, level shifts, work at the end of the month, outliers, and jobs that come and
go.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from river.datasets import WaterFlow

from streams.config.fields import EPOCH
from streams.core.windows import HOUR_US, SECOND_US
from streams.demo.chance import stream
from streams.demo.curve import busyness
from tests.nab.corpus import read_series

DAY = 24  # hours
JANUARY = EPOCH.replace(year=2026)
DAYS = 120  # of a made-up series: January to April
ASKED_ON = (8, 15, 22)  # days of a month on which its end is forecast
ORIGINS = 8  # of a public series, at most
LONG_ORIGINS = 4  # of one of months, for which the offline library takes minutes
SHAPES, JOBS = 12, 3
GROWTHS = (0.0, 0.004, -0.003, 0.01, 0.0, 0.002)  # a day


@dataclass(frozen=True, slots=True)
class Series:
    """Values from an hour on, and where to forecast from: how many are known, how many hours."""

    name: str
    group: str
    hour: int
    values: list[float]
    origins: list[tuple[int, int]]


def every(nab: Path, seed: int) -> Iterator[Series]:
    """Yield all series, those without an origin too: they are too short."""
    for each in read_series(nab):
        group = "artificial" if each.group.startswith("artificial") else each.group
        name = Path(each.name).stem
        yield public(name, group, by_hour(each.at_us, each.values), (7 * DAY, 3 * DAY))
    rows = [(each["Time"], value) for each, value in WaterFlow()]  # type: ignore[no-untyped-call]  # no types
    flow = [round(at.timestamp()) * SECOND_US for at, _ in rows], [value for _, value in rows]
    yield public("WaterFlow", "River", by_hour(*flow), (21 * DAY, 7 * DAY))
    for number in range(SHAPES):
        yield made_up(f"shape-{number}", "made-up", shape(number, stream(seed, f"shape-{number}")))
    for number in range(JOBS):
        yield made_up(f"jobs-{number}", "made-up jobs", jobs(stream(seed, f"jobs-{number}")))


def long_ones(folder: Path) -> Iterator[Series]:
    """Yield other series, of months, to see whether it carries over."""
    for each in read_series(folder):
        hours = by_hour(each.at_us, each.values)
        yield public(Path(each.name).stem, each.group, hours, (28 * DAY, 14 * DAY), LONG_ORIGINS)


def by_hour(at_us: list[int], values: list[float]) -> tuple[int, list[float]]:
    """Return the first whole hour, and means by hour; one without a value repeats the last."""
    found: dict[int, list[float]] = {}
    for instant_us, value in zip(at_us, values, strict=True):
        found.setdefault(instant_us // HOUR_US, []).append(value)
    first, last = min(found) + 1, max(found)
    means, before = [], found[min(found)]
    for hour in range(first, last):
        before = found.get(hour, before)
        means.append(math.fsum(before) / len(before))
    return first, means


def public(
    name: str,
    group: str,
    hours: tuple[int, list[float]],
    asked: tuple[int, int],
    most: int = ORIGINS,
) -> Series:
    """Return a series with origins spread evenly, from the first possible on."""
    (hour, values), (known, ahead) = hours, asked
    last = (len(values) - ahead - known) // DAY
    count = min(most, last + 1)
    steps = [round(n * last / max(1, count - 1)) for n in range(max(0, count))]
    return Series(name, group, hour, values, [(known + DAY * step, ahead) for step in steps])


def made_up(name: str, group: str, values: list[float]) -> Series:
    """Return a series whose origins are days of a month, and reach to its end."""
    origins = []
    for month in (2, 3, 4):
        end = (JANUARY.replace(month=month + 1) - JANUARY).days
        for day in ASKED_ON:
            known = (JANUARY.replace(month=month, day=day) - JANUARY).days
            origins.append((known * DAY, (end - known) * DAY))
    return Series(name, group, (JANUARY - EPOCH) // timedelta(hours=1), values, origins)


def shape(number: int, chance: Random) -> list[float]:
    """Return a tenant's cost by the hour."""
    kind = number % len(GROWTHS)
    base = 10 ** chance.uniform(0, 3)
    weekend, swing = chance.choice([0.25, 0.5, 0.9, 1.0]), chance.choice([0.2, 0.7, 1.0])
    noise = chance.choice([0.05, 0.15, 0.3])
    shift_day, shift_by = chance.randrange(40, 90), chance.choice([0.5, 1.6, 2.5])
    drift, values = 0.0, []
    for step in range(DAYS * DAY):
        at = JANUARY + timedelta(hours=step)
        day = step / DAY
        value = base * (1 + GROWTHS[kind] * min(day, 60.0))
        value *= 1 - swing + swing * busyness(at.hour / DAY)
        value *= weekend if at.weekday() >= 5 else 1.0
        value *= shift_by if kind == 4 and day >= shift_day else 1.0
        value *= 1.8 if kind == 5 and (at + timedelta(days=3)).day <= 3 else 1.0
        drift = 0.9 * drift + chance.gauss(0, 0.44 * noise)
        value *= math.exp(drift + chance.gauss(0, noise / 2))
        value *= chance.uniform(3, 15) if chance.random() < 0.002 else 1.0
        values.append(0.0 if kind == 1 and chance.random() < 0.01 else value)
    return values


def jobs(chance: Random) -> list[float]:
    """Return the cost of jobs that hold some GPUs for some hours, on about every second day."""
    values = [0.0] * (DAYS * DAY)
    for day in range(DAYS):
        if chance.random() < 0.45:
            begin = day * DAY + chance.randrange(DAY)
            for hour in range(begin, begin + int(chance.lognormvariate(2, 0.8))):
                if hour < len(values):
                    values[hour] += 2.5 * chance.choice([8, 16, 64])
    return values
