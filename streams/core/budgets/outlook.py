"""What budgets of the calendar come to at the end of their period, as far as can be said.

Forecasters of `core.forecast` learn what counts in each budget, hour by hour. Whoever was told the
same hours from the same midnight on says the same; so all is learned anew once a day. Pure.
"""

from collections.abc import Iterable, Mapping
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

HISTORY_US: Final = 56 * DAY_US  # eight weeks, as forecasts of tenants have
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
        self._seen: dict[int, Forecaster] = {}

    @property
    def is_wanted(self) -> bool:
        """Whether there is a budget of the calendar."""
        return bool(self._costs)

    def since_us(self, until_us: int) -> int:
        """Return since when, a midnight, hours are needed to know of those until an instant."""
        return max(first_us(until_us), window_start(max(0, self.known_us - AGAIN_US), DAY_US))

    def learn(self, settled: Iterable[Settled], since_us: int, until_us: int) -> None:
        """Take in all that was spent in the hours of [since, until), which are over."""
        kept = range(first_us(until_us) // HOUR_US, since_us // HOUR_US)
        for number, costs in self._costs.items():
            self._costs[number] = {hour: pico for hour, pico in costs.items() if hour in kept}
        for each in settled:
            hour = each.begin_us // HOUR_US
            for number in self._costs.keys() & self.scopes.of(each.what, each.at_us):
                costs = self._costs[number]
                costs[hour] = costs.get(hour, 0) + each.pico
        if window_start(until_us, DAY_US) != window_start(self.known_us, DAY_US):
            self._seen.clear()
        self.known_us = until_us
        for number, costs in self._costs.items():
            if costs:
                self._learn(number, costs)

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

    def _learn(self, number: int, costs: Mapping[int, int]) -> None:
        seen = self._seen.setdefault(number, Forecaster(min(costs)))
        for hour in range(seen.hour, self.known_us // HOUR_US):
            seen.learn(costs.get(hour, 0) / PICO)


def first_us(until_us: int) -> int:
    """Return the midnight from which on it is learned what was spent until an instant."""
    return window_start(max(0, until_us - HISTORY_US), DAY_US)


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
