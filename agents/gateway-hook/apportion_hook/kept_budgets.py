"""The last state of every budget, in memory. One thread writes, any may read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from schemas.decimals import from_bytes, to_decimal

Stage = Literal["ok", "warning", "exceeded"]
WORST_FIRST: Final = ("exceeded", "warning", "ok")
SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Budget:
    """Where a budget stood when it was said. Empty `tenants`: everybody's; empty globs: all."""

    budget_id: str
    stage: Stage
    limit: Decimal
    spent: Decimal
    currency: str
    period_end_us: int
    said_at_us: int
    tenants: frozenset[str] = frozenset()
    projects: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()

    def fits(self, model: str | None, project: str | None, pool: str | None) -> bool:
        """Whether a call of one of its tenants counts in it. One of jobs is never of calls."""
        asked = ((self.models, model), (self.projects, project), (self.pools, pool))
        return not self.jobs and all(
            not globs or (name is not None and any(fnmatchcase(name, glob) for glob in globs))
            for globs, name in asked
        )

    def stage_at(self, at_us: int) -> Stage:
        """Return its stage at an instant: of the next period nothing is spent yet."""
        return self.stage if at_us < self.period_end_us else "ok"


class Kept:
    """Budgets by id and by tenant. `only`: ids that are kept, none for all; `most`: how many."""

    def __init__(self, only: Collection[str], most: int) -> None:
        self.left_out = 0  # states of budgets that there was no room for
        self._only = frozenset(only)
        self._most = most
        self._by_id: dict[str, Budget] = {}
        self._by_tenant: dict[str, dict[str, Budget]] = {}
        self._everybody: dict[str, Budget] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, budget_id: str) -> Budget | None:
        """Return a budget; None where nothing is known of it."""
        return self._by_id.get(budget_id)

    def of(self, tenant: str) -> list[Budget]:
        """Return the budgets that costs of a tenant may count in."""
        here = self._by_tenant.get(tenant)
        # A list of values is made in one step, whatever another thread writes meanwhile.
        return [*list((here or {}).values()), *list(self._everybody.values())]

    def put(self, state: Mapping[str, Any]) -> None:
        """Keep a state, decoded, instead of the one before."""
        budget_id = state["budget_id"]
        if self._only and budget_id not in self._only:
            return
        before = self._by_id.get(budget_id)
        if before is None and len(self._by_id) >= self._most:
            self.left_out += 1
            return
        budget = budget_of(state)
        if before is not None and before.tenants != budget.tenants:
            self.drop(budget_id)
        self._by_id[budget_id] = budget
        for tenant in budget.tenants:
            self._by_tenant.setdefault(tenant, {})[budget_id] = budget
        if not budget.tenants:
            self._everybody[budget_id] = budget

    def drop(self, budget_id: str) -> None:
        """Forget a budget that there is no longer."""
        budget = self._by_id.pop(budget_id, None)
        if budget is None:
            return
        self._everybody.pop(budget_id, None)
        for tenant in budget.tenants:
            here = self._by_tenant.get(tenant, {})
            here.pop(budget_id, None)
            if not here:
                self._by_tenant.pop(tenant, None)

    def keep_only(self, budget_ids: Collection[str]) -> None:
        """Forget all others."""
        for budget_id in [each for each in self._by_id if each not in budget_ids]:
            self.drop(budget_id)


def budget_of(state: Mapping[str, Any]) -> Budget:
    """Return what is kept of a state."""
    return Budget(
        state["budget_id"],
        state["stage"],
        to_decimal(from_bytes(state["limit"])),
        to_decimal(from_bytes(state["spent"])),
        state["currency"],
        state["period_end_us"],
        state["said_at_us"] or 0,
        frozenset(state["tenants"]),
        *(tuple(state[name]) for name in ("projects", "models", "jobs", "pools")),
    )
