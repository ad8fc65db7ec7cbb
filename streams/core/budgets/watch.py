"""The budgets that a catalog names: what was said of them, and what is to be said.

It is told which lines there are through its ledger, what was said before, and which instant it is;
what it says follows from that.
"""

from collections.abc import Iterable, Iterator, Mapping

from streams.core.budgets.budget import Budget
from streams.core.budgets.ledger import Ledger
from streams.core.budgets.sayings import Said, Saying, ended, judged
from streams.core.budgets.standing import Outcome, Standing
from streams.core.catalog import Catalog

NO_BUDGET = "is not in the catalog any longer"


class BudgetWatch:
    """All budgets of a catalog, over one ledger."""

    def __init__(self, catalog: Catalog, ledger: Ledger, said: Mapping[str, Said]) -> None:
        self.catalog = catalog
        self.ledger = ledger
        self.said = dict(said)
        self.outcomes: Mapping[int, Outcome] = {}  # what forecasts say, by number of the budget

    def is_outdated(self, catalog: Catalog) -> bool:
        """Whether another catalog says something else of budgets, or of who is below whom."""
        one, other = self.catalog.entries, catalog.entries
        return (one.budgets, one.tenants) != (other.budgets, other.tenants)

    def due(
        self, at_us: int, positions: Mapping[int, int], *, is_calm: bool, again: bool = False
    ) -> list[Saying]:
        """Return what is to be said at an instant; amounts that changed only when there is calm.

        Budgets that something changed of are looked at, and all of them when there is calm: time
        alone may change how they stand. `again`: then states come whether they changed or not.
        """
        ledger = self.ledger
        wanted, waiting = ledger.dirty, ledger.waiting
        ledger.dirty = set()  # of those that wait all is looked at once they do no more
        found = []
        for number, budget in self._in_force(at_us):
            if number in waiting or not (is_calm or number in wanted):
                continue
            said = self.said.get(budget.budget_id, Said())
            standing = Standing(budget, ledger.sums[number], at_us, self.outcomes.get(number))
            tenants = self._tenants(budget, at_us)
            saying = judged(standing, said, tenants, positions, again=again)
            if saying.is_urgent or (is_calm and saying.state is not None):
                found.append(saying)
        return [*found, *self._gone(at_us)]

    def told(self, sayings: Iterable[Saying]) -> None:
        """Remember that something was said, for good."""
        for saying in sayings:
            said = self.said.get(saying.budget_id, Said())
            for alert in saying.alerts:
                said = said.later(alert)
            state = None if saying.is_gone else saying.state or said.state
            self.said[saying.budget_id] = said.with_state(state)

    def _in_force(self, at_us: int) -> Iterator[tuple[int, Budget]]:
        for number, budget in enumerate(self.ledger.scopes.budgets):
            if budget.from_us <= at_us < budget.to_us:
                yield number, budget

    def _gone(self, at_us: int) -> Iterator[Saying]:
        there = {budget.budget_id for _, budget in self._in_force(at_us)}
        for budget_id, said in self.said.items():
            if budget_id not in there:
                saying = ended(budget_id, said, NO_BUDGET)
                if saying.is_urgent:
                    yield saying

    def _tenants(self, budget: Budget, at_us: int) -> tuple[str, ...]:
        """Return whose costs count now: a tenant and all below it; none: everybody's."""
        found = [] if budget.tenant is None else [budget.tenant]
        for name in found:
            found += self.catalog.at(at_us).children(name)  # which is looked at in its turn
        return tuple(found)
