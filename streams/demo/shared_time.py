"""The time of the day for which a shared cost is paid, said as `apportion run accrue` says it."""

from collections.abc import Iterator

from schemas.topics import USAGE_RESOURCE
from streams.core.accrual import due
from streams.core.monthly import MonthOfCost, month_of
from streams.demo.plan import Plan
from streams.demo.sends import Send

SHARED_COST = "observability"  # by its name in the demo's catalog


def shared_time(plan: Plan) -> Iterator[Send]:
    """Yield a batch for every three minutes of the day, ascending."""
    month = MonthOfCost(SHARED_COST, month_of(plan.start_us))
    for step in due(month, plan.start_us, plan.end_us):
        record = USAGE_RESOURCE.records[0]
        yield Send(step.end_us, USAGE_RESOURCE.name, step.source, record, step.batch())
