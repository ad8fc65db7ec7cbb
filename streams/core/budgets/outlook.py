"""What budgets of the calendar come to at the end of their period, as far as can be said.

Forecasters of `core.forecast` learn what counts in each budget, hour by hour. Whoever was told the
same hours from the same midnight on says the same; so each budget is learned anew once a week, a
seventh of them a day, and at midnight what was corrected since. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from streams.core.budgets.budget import Budget
from streams.core.budgets.ledger import Settled
from streams.core.budgets.periods import CALENDAR, period_at
from streams.core.budgets.scopes import Scopes, is_one_of
from streams.core.budgets.standing import Outcome
from streams.core.catalog import Catalog
from streams.core.forecast.drivers import Driver
from streams.core.forecast.forecaster import Forecaster
from streams.core.forecast.period import period_end
from streams.core.money import PICO
from streams.core.windows import DAY_US, HOUR_US, window_start

HISTORY_US: Final = 56 * DAY_US  # eight weeks, as forecasts of tenants have; a week more at most
WEEK: Final = 7  # days
AGAIN_US: Final = DAY_US  # of the day before is read again what became known late


class Outlook:
    """What was learned of the budgets of a catalog. For one thread at a time.

    `known_us`: until when, the begin of an hour; 0 before anything was. Of periods that slide
    nothing is learned.
    """

    def __init__(self, scopes: Scopes) -> None:
        self.known_us = 0
        self.scopes = scopes
        self._costs: dict[int, dict[int, int]] = {  # pico by hour, by number of the budget
            number: {} for number, each in enumerate(scopes.budgets) if each.period in CALENDAR
        }
        self._told: dict[int, dict[int, int]] = {number: {} for number in self._costs}
        self._seen: dict[int, Forecaster] = {}
        self._corrected: set[int] = set()  # what was learned of these is not what is known now

    @property
    def is_wanted(self) -> bool:
        """Whether there is a budget of the calendar."""
        return bool(self._costs)

    def since_us(self, until_us: int) -> int:
        """Return since when, a midnight, hours are needed to know of those until an instant."""
        if not self.known_us:
            return min(first_us(until_us, number) for number in range(WEEK))
        return window_start(max(0, self.known_us - AGAIN_US), DAY_US)

    def tell(self, settled: Iterable[Settled]) -> None:
        """Take some of what was spent in hours that are learned next."""
        for each in settled:
            hour = each.begin_us // HOUR_US
            for number in self._told.keys() & self.scopes.of(each.what, each.at_us):
                costs = self._told[number]
                costs[hour] = costs.get(hour, 0) + each.pico

    def learn(self, since_us: int, until_us: int) -> Iterator[int]:
        """Learn the hours of [since, until), all of which were told; yield each budget learned.

        It is known only when there is none left.
        """
        is_new_day = window_start(until_us, DAY_US) != window_start(self.known_us, DAY_US)
        for number in self._costs:
            self._take(number, since_us, until_us)
            if is_new_day and self._is_learned_anew(number, until_us):
                self._seen.pop(number, None)
        if is_new_day:
            self._corrected.clear()
        self.known_us = until_us
        for number, costs in self._costs.items():
            if costs:
                self._learn(number, costs)
                yield number

    def outcomes(self, at_us: int, catalog: Catalog) -> dict[int, Outcome]:
        """Return what budgets come to in the period that holds an instant, by their number.

        Those that too little was seen of are left out.
        """
        drivers = catalog.entries.drivers
        found = {}
        for number, seen in self._seen.items():
            budget = self.scopes.budgets[number]
            start_us, end_us, _ = period_at(budget.period, at_us)
            hours = range(start_us // HOUR_US, self.known_us // HOUR_US)
            spent = sum(pico for hour, pico in self._costs[number].items() if hour in hours)
            planned = [each for each in drivers if counts(each, budget, catalog)]
            expected = period_end(seen, spent, (start_us, end_us), planned).expected
            if expected is not None:
                found[number] = Outcome(start_us, expected)
        return found

    def _take(self, number: int, since_us: int, until_us: int) -> None:
        """Put what was told of a budget in the place of what was known of the same hours."""
        known, told = self._costs[number], self._told[number]
        again = range(since_us // HOUR_US, self.known_us // HOUR_US)
        if any(known.get(hour, 0) != told.get(hour, 0) for hour in again):
            self._corrected.add(number)
        first, since = first_us(until_us, number) // HOUR_US, since_us // HOUR_US
        costs = {hour: pico for hour, pico in known.items() if first <= hour < since}
        self._costs[number] = costs | {hour: pico for hour, pico in told.items() if hour >= first}
        self._told[number] = {}

    def _is_learned_anew(self, number: int, until_us: int) -> bool:
        first = first_us(until_us, number)
        return number in self._corrected or first != first_us(self.known_us, number)

    def _learn(self, number: int, costs: Mapping[int, int]) -> None:
        seen = self._seen.get(number)
        if seen is None:
            seen = self._seen[number] = Forecaster(min(costs))
        for hour in range(seen.hour, self.known_us // HOUR_US):
            seen.learn(costs.get(hour, 0) / PICO)


def first_us(until_us: int, number: int) -> int:
    """Return the midnight from which on a budget learns what was spent until an instant.

    It is another one once a week, on a weekday that its number decides.

    >>> [first_us(day * DAY_US, 3) // DAY_US for day in (100, 101, 102, 107, 108)]
    [38, 45, 45, 45, 52]
    """
    day = until_us // DAY_US
    return max(0, (day - (day - number) % WEEK) * DAY_US - HISTORY_US)


def counts(driver: Driver, budget: Budget, catalog: Catalog) -> bool:
    """Whether what is planned changes what a budget comes to.

    A factor does that is everybody's, or of just the tenant or pool that the budget is of. An
    amount does of a tenant or pool that counts in the budget, if it leaves nothing else out.
    """
    if driver.currency not in {None, budget.currency}:
        return False
    if driver.tenant is None and driver.pool is None:
        return True
    if budget.projects or budget.models or budget.jobs:
        return False
    if driver.factor is not None:
        pools = () if driver.pool is None else (driver.pool,)
        return (driver.tenant, pools) == (budget.tenant, budget.pools)
    above: tuple[str, ...] = ()
    if driver.tenant is not None:
        above = (driver.tenant, *catalog.ancestors(driver.tenant, driver.from_us))
    return (budget.tenant is None or budget.tenant in above) and is_one_of(
        budget.pools, driver.pool
    )
