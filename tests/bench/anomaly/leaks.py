"""What is found of leaks, and said for nothing: a leak in each larger use, one at a time.

Worlds of five weeks in which all goes wrong but leaks; then, one after the other, each use that
costs enough grows by a few percent a day, from the fourth week on. What is asked is the watch of
growth alone, told of hours as ClickHouse would sum them up. Seeds 1 to 10 chose its constants.
"""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Final, NamedTuple, TypeAlias

from schemas.records import Alert
from streams.core.growths import Whose
from streams.core.money import PICO
from streams.core.reserved import IDLE
from streams.core.windows import DAY_US, HOUR_US
from tests.bench.anomaly.customers import Use
from tests.bench.anomaly.daily import Daily
from tests.bench.anomaly.minutes import drawings_of
from tests.bench.anomaly.season import DAY, HOUR, WEEK, at_us
from tests.bench.anomaly.tables import share
from tests.bench.anomaly.world import World

WEEKS: Final = 5
BEGIN: Final = 3 * WEEK  # of leaks, in minutes, and of what counts as false
LEAST_PER_HOUR: Final = 15.0  # USD: what a use costs that leaks
RATES: Final = (0.03, 0.04, 0.05, 0.06, 0.08)  # a day
MONTH: Final = 30

Part: TypeAlias = tuple[str, str, str]  # tenant, project, model
Hourly: TypeAlias = dict[Part, list[int]]  # pico of each hour


class Seed(NamedTuple):
    """What came of a seed: the days until each leak was found by its rate, None: never."""

    found: dict[float, list[float | None]]
    wrong: list[Alert]
    tenants: int


def leaks_of(drawn: World) -> Seed:
    """Run the world of a seed."""
    mishaps = tuple(each for each in drawn.injections if each.kind != "slow leak")
    world = replace(drawn, injections=mishaps)
    hourly = hourly_of(world)
    wrong = [each for each in said_of(hourly) if each["at_us"] > at_us(BEGIN)]
    found: dict[float, list[float | None]] = {rate: [] for rate in RATES}
    for use in world.uses:
        part = (use.tenant, use.project, use.model)
        if leaks(use, hourly[part]):
            for rate in RATES:
                found[rate].append(days_until_found(hourly, part, rate))
    return Seed(found, wrong, len({use.tenant for use in world.uses}))


def hourly_of(world: World) -> Hourly:
    """Return what each hour of a world cost, by tenant, project and model."""
    found: Hourly = {}
    for number, drawing in enumerate(drawings_of(world)):
        for line in drawing.lines:
            if line.what.tenant == IDLE:
                continue
            part = line.what.tenant, line.what.project or "", line.what.model or ""
            hours = found.setdefault(part, [0] * (world.minutes // HOUR))
            hours[number // HOUR] += line.cost
    return found


def leaks(use: Use, hours: Sequence[int]) -> bool:
    """Whether a use is one that leaks: it costs enough, and runs all day."""
    before = hours[: BEGIN // HOUR]
    is_steady = not use.is_sparse and use.shape not in {"nightly", "weekly"}
    return is_steady and sum(before) / len(before) >= LEAST_PER_HOUR * PICO


def days_until_found(hourly: Hourly, part: Part, rate: float) -> float | None:
    """Return after how many days of a leak its tenant was told of; None: never."""
    begin = BEGIN // HOUR
    grown = [
        round(pico * (1 + rate) ** max(0.0, (number - begin) * HOUR / DAY))
        for number, pico in enumerate(hourly[part])
    ]
    of_tenant = {each: hours for each, hours in hourly.items() if each[0] == part[0]}
    told = said_of({**of_tenant, part: grown})
    after = [each["at_us"] - at_us(BEGIN) for each in told if each["at_us"] > at_us(BEGIN)]
    return min(after) / DAY_US if after else None


def said_of(hourly: Hourly) -> list[Alert]:
    """Return the alerts that are opened of some costs."""
    daily = Daily()
    opened: list[Alert] = []
    for day_us in range(at_us(0), at_us(WEEKS * WEEK), DAY_US):
        first = (day_us - at_us(0)) // HOUR_US
        for (tenant, _, model), hours in hourly.items():
            for number in range(first, first + DAY // HOUR):
                at = at_us(number * HOUR)
                daily.spend(Whose(tenant, model, "USD"), at, hours[number])
        opened += (each for each in daily.said(day_us) if each["state"] == "opened")
    return opened


def leak_table(seeds: Sequence[Seed]) -> str:
    """Return the figures, as Markdown."""
    lines = [
        "| a leak of | injected | found | days: p50 | the slowest found |",
        "|---|---|---|---|---|",
    ]
    for rate in RATES:
        found = [each for seed in seeds for each in seed.found[rate]]
        days = sorted(each for each in found if each is not None)
        cells = [f"{rate:.0%} a day".replace("%", " %"), len(found), share(len(days), len(found))]
        cells += [f"{median(days):.0f}", f"{days[-1]:.0f}"] if days else ["", ""]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    months = sum(seed.tenants for seed in seeds) * (WEEKS * WEEK - BEGIN) / DAY / MONTH
    wrong = sum(len(seed.wrong) for seed in seeds)
    said = f"{wrong} alerts about no leak in {months:.0f} tenant-months"
    return "\n".join([*lines, "", f"{said}: {wrong / months:.3f} a month."])
