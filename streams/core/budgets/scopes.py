"""Which budgets a cost counts in."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.records import CostLine
from streams.core.budgets.budget import Budget
from streams.core.catalog import Catalog
from streams.core.job_cost import TIME

SEEN: Final = 100_000  # kinds of costs whose budgets are at hand: producers choose their names


class What(NamedTuple):
    """What a cost is of, as far as budgets ask. `job`: null but for time of GPUs."""

    tenant: str
    project: str | None
    model: str | None
    job: str | None
    pool: str
    currency: str


class Scopes:
    """The budgets of a catalog, dated entries each for itself, by their numbers."""

    def __init__(self, catalog: Catalog) -> None:
        self.budgets = catalog.entries.budgets
        self.uncompared: set[str] = set()  # names of budgets that a cost in another currency fits
        self._catalog = catalog
        self._fitting = lru_cache(SEEN)(self._find)

    def of(self, what: What, at_us: int) -> tuple[int, ...]:
        """Return the numbers of the budgets that a cost of a window counts in.

        What the catalog says of tenants at the begin of the window decides.
        """
        if not self.budgets:
            return ()
        return self._fitting((what.tenant, *self._catalog.ancestors(what.tenant, at_us)), what)

    def asked(self) -> dict[str, int]:
        """Return which names matter to any budget beside the tenant: 1, else 0."""
        return {
            name: int(any(getattr(each, name) for each in self.budgets))
            for name in ("projects", "models", "jobs", "pools")
        }

    def _find(self, tenants: tuple[str, ...], what: What) -> tuple[int, ...]:
        found = [number for number, each in enumerate(self.budgets) if fits(each, tenants, what)]
        self.uncompared |= {
            self.budgets[n].name for n in found if self.budgets[n].currency != what.currency
        }
        return tuple(n for n in found if self.budgets[n].currency == what.currency)


def fits(budget: Budget, tenants: tuple[str, ...], what: What) -> bool:
    """Whether a cost counts in a budget, whatever its currency. `tenants`: its and all above it."""
    return (
        (budget.tenant is None or budget.tenant in tenants)
        and is_one_of(budget.projects, what.project)
        and is_one_of(budget.models, what.model)
        and is_one_of(budget.jobs, what.job)
        and is_one_of(budget.pools, what.pool)
    )


def is_one_of(globs: Iterable[str], name: str | None) -> bool:
    """Whether a name fits one of some globs; without any, everything does.

    >>> is_one_of(("gpt-*",), "gpt-4o"), is_one_of((), None), is_one_of(("*",), None)
    (True, True, False)
    """
    globs = tuple(globs)
    return not globs or (name is not None and any(fnmatchcase(name, glob) for glob in globs))


def what_of(line: CostLine) -> What:
    """Return what a line is of."""
    return What(
        line["tenant"],
        line["project"],
        line["model"],
        line["job"] if line["meter"].startswith(TIME) else None,
        line["pool"],
        line["currency"],
    )
