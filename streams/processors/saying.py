"""Says alerts and states of budgets, in the order that a crash may break off.

1 the alerts: a crash behind them leaves them where the next speaker finds them
2 the states: a crash before them has the next speaker say them
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence

import structlog

from schemas import topics
from schemas.records import Alert, BudgetState
from streams.metrics import Metric, Metrics
from streams.processors.outlet import Acknowledgement, Outlet, acknowledged

LOG = structlog.get_logger()


async def say(
    outlet: Outlet,
    metrics: Metrics,
    alerts: Sequence[Alert],
    states: Mapping[str, BudgetState | None],
) -> None:
    """Return when the broker has all of it. A state that is null is gone. Raises SendFailed."""
    sent = [
        await outlet.send(topics.ALERT_COST, "Alert", alert, alert["tenant"]) for alert in alerts
    ]
    await acknowledged(topics.ALERT_COST, sent)
    sent = [await _send_state(outlet, budget, state) for budget, state in states.items()]
    await acknowledged(topics.BUDGET_STATE, sent)
    _count(metrics, alerts, len(states))


async def _send_state(outlet: Outlet, budget: str, state: BudgetState | None) -> Acknowledgement:
    if state is None:
        return await outlet.send_gone(topics.BUDGET_STATE, budget)
    said = {**state, "said_at_us": time.time_ns() // 1_000}
    return await outlet.send(topics.BUDGET_STATE, "BudgetState", said, budget)


def _count(metrics: Metrics, alerts: Sequence[Alert], states: int) -> None:
    said = Counter(alert["state"] for alert in alerts)
    for state, count in said.items():
        metrics.count(Metric.OUTCOMES, count, kind="emitted", reason=f"alert_{state}")
    if states:
        metrics.count(Metric.OUTCOMES, states, kind="emitted", reason="budget_state")
    if said:
        LOG.info("alerts_said", **{str(state): count for state, count in said.items()})
