"""What is said of budgets: alerts and states, and what of that is new.

An alert lives while its part of the limit is spent, or while it is spent too fast; and at most as
long as its period. Its identity is the budget's, what it is about, the period, and a number that
counts up, so whoever knows what was said last says the next thing under the same name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, NamedTuple, get_args

from schemas.decimals import to_bytes
from schemas.records import Alert, AlertSeverity, BudgetState
from streams.core.alerts import NO_DETAILS
from streams.core.budgets import words
from streams.core.budgets.budget import BUDGET
from streams.core.budgets.burn import FAST
from streams.core.budgets.periods import EVER
from streams.core.budgets.standing import Kind, Mark, Speed, Standing
from streams.core.cap_reached import is_known
from streams.core.money import half_even
from streams.core.reserved import PLATFORM
from streams.core.windows import HOUR_US

KINDS: Final = get_args(Kind)
PARTS_OF_AN_ID: Final = 4


class Episode(NamedTuple):
    """One alert: its number, whether it was said to be over, and what is to be said again."""

    number: int
    is_over: bool
    since_us: int
    currency: str
    tenant: str


@dataclass(frozen=True, slots=True)
class Said:
    """What was said last of a budget: the last alert of each mark, and the state."""

    episodes: Mapping[Mark, Episode] = field(default_factory=dict)
    state: BudgetState | None = None

    def later(self, alert: Alert) -> "Said":
        """Return what was said where this was said, too; in any order, any number of times."""
        found = said_by(alert)
        if found is None:
            return self
        mark, episode = found
        known = self.episodes.get(mark)
        if known is not None and known >= episode:
            return self
        return Said({**self.episodes, mark: episode}, self.state)

    def with_state(self, state: BudgetState | None) -> "Said":
        """Return it with another state."""
        return Said(self.episodes, state)


@dataclass(frozen=True, slots=True)
class Saying:
    """What is to be said of a budget. `is_gone`: there is none any longer."""

    budget_id: str
    alerts: tuple[Alert, ...] = ()
    state: BudgetState | None = None
    is_gone: bool = False
    is_turn: bool = False  # it is in another stage, or period

    @property
    def is_of_state(self) -> bool:
        """Whether there is another state, or none any longer."""
        return self.state is not None or self.is_gone

    @property
    def is_urgent(self) -> bool:
        """Whether somebody is to act on it, not only to know."""
        return bool(self.alerts) or self.is_gone or self.is_turn


def judged(
    standing: Standing,
    said: Said,
    tenants: tuple[str, ...],
    positions: Mapping[int, int],
    *,
    again: bool = False,
) -> Saying:
    """Return what is new of a budget, and its state `again` even when it is not.

    `tenants`: whose costs count now, none for everybody's.
    """
    state = state_of(standing, tenants, positions)
    before = said.state
    is_turn = before is None or any(
        before[name] != state[name] for name in ("stage", "limit", "currency")
    )
    is_turn |= (
        before is not None
        and before["period_start_us"] < state["period_start_us"]
        and (standing.period.name != EVER)
    )
    return Saying(
        standing.budget.budget_id,
        tuple(_alerts(standing, said, tenants)),
        None if is_known(state, before) and not again else state,
        is_turn=is_turn,
    )


def ended(budget_id: str, said: Said, why: str) -> Saying:
    """Return what is new of a budget that is gone, and why it is."""
    name = budget_id.removeprefix(BUDGET)
    alerts = tuple(
        _over(budget_id, mark, episode, f"Budget {name} {why}.")
        for mark, episode in said.episodes.items()
        if not episode.is_over
    )
    return Saying(budget_id, alerts, is_gone=said.state is not None)


def state_of(
    standing: Standing, tenants: tuple[str, ...], positions: Mapping[int, int]
) -> BudgetState:
    """Return where a budget stands, but for who says so when."""
    budget, spent, period = standing.budget, standing.spent, standing.period
    return {
        "budget_id": budget.budget_id,
        "period_start_us": period.start_us,
        "period_end_us": period.end_us,
        "limit": to_bytes(budget.limit),
        "spent": to_bytes(spent.pico),
        "forecast": None if standing.forecast is None else to_bytes(standing.forecast),
        "burn_rate": standing.burn_rate,
        "currency": budget.currency,
        "stage": standing.stage,
        "positions": {str(number): offset for number, offset in positions.items()},
        "price_book": "" if spent.newest is None else spent.newest.price_book,
        "said_at_us": None,
        "revision": None if spent.newest is None else spent.newest.revision,
        "tenants": list(tenants),
        "projects": list(budget.projects),
        "models": list(budget.models),
        "jobs": list(budget.jobs),
        "pools": list(budget.pools),
    }


def said_by(alert: Alert) -> tuple[Mark, Episode] | None:
    """Return what an alert says of a budget; None where it is about something else.

    >>> said_by({"alert_id": "budget_burn/2/fast/2026-01-01/budget:a/b", "state": "opened",
    ...          "since_us": 5, "currency": "USD", "tenant": "t"})[0]
    Mark(kind='budget_burn', label='fast', period='2026-01-01')
    """
    parts = alert["alert_id"].split("/", PARTS_OF_AN_ID)
    if len(parts) <= PARTS_OF_AN_ID or not parts[1].isdecimal():
        return None
    said, number, label, period, _ = parts
    for kind in KINDS:
        if kind == said:
            is_over = alert["state"] == "resolved"
            episode = Episode(
                int(number), is_over, alert["since_us"], alert["currency"], alert["tenant"]
            )
            return Mark(kind, label, period), episode
    return None


def _alerts(standing: Standing, said: Said, tenants: tuple[str, ...]) -> Iterator[Alert]:
    budget = standing.budget
    marks = standing.marks()
    for mark, episode in said.episodes.items():
        if not episode.is_over and mark not in marks:
            yield _over(budget.budget_id, mark, episode, words.passed(budget, mark, standing))
    for mark, about in marks.items():
        known = said.episodes.get(mark)
        is_open = known is not None and not known.is_over
        is_on = standing.is_on(about, is_open=is_open)
        if is_on and not is_open:
            number = 1 if known is None else known.number + 1
            tenant = budget.tenant or PLATFORM
            since_us = standing.since_us(about)
            episode = Episode(number, is_over=False, since_us=since_us,
                              currency=budget.currency, tenant=tenant)  # fmt: skip
            yield _opened(standing, mark, episode, about, tenants)
        elif known is not None and is_open and not is_on:
            yield {
                **_over(budget.budget_id, mark, known, words.less(standing, about)),
                "at_us": standing.at_us,
                "excess": to_bytes(standing.spent.pico - budget.limit),
            }


def _opened(
    standing: Standing,
    mark: Mark,
    episode: Episode,
    about: Fraction | Speed,
    tenants: tuple[str, ...],
) -> Alert:
    budget, spent = standing.budget, standing.spent
    alert: Alert = {
        **_alert(budget.budget_id, mark, episode, words.summary(standing, about)),
        "at_us": standing.at_us if spent.newest is None else spent.newest.end_us,
        "excess": to_bytes(spent.pico - budget.limit),
        "model": words.only(budget.models),
        "pool": words.only(budget.pools),
        "project": words.only(budget.projects),
        "job": words.only(budget.jobs),
        "query": words.query(standing, tenants),
    }
    if isinstance(about, Speed):
        per_hour = half_even(about.long_pico * HOUR_US, about.pair.long_us)
        usual = half_even(budget.limit * HOUR_US, standing.period.for_us)
        alert["expected"], alert["actual"] = to_bytes(usual), to_bytes(per_hour)
        alert["excess_per_hour"] = to_bytes(per_hour - usual)
    return alert


def _over(budget_id: str, mark: Mark, episode: Episode, text: str) -> Alert:
    return _alert(budget_id, mark, episode._replace(is_over=True), text)


def _alert(budget_id: str, mark: Mark, episode: Episode, text: str) -> Alert:
    return {
        **NO_DETAILS,
        "alert_id": f"{mark.kind}/{episode.number}/{mark.label}/{mark.period}/{budget_id}",
        "tenant": episode.tenant,
        "kind": mark.kind,
        "state": "resolved" if episode.is_over else "opened",
        "since_us": episode.since_us,
        "at_us": episode.since_us,
        "expected": None,
        "actual": None,
        "excess": None,
        "currency": episode.currency,
        "summary": text,
        "severity": severity(mark),
        "revision": 2 if episode.is_over else 1,
        "budget_id": budget_id,
        "group": f"{budget_id}/{mark.period}",
    }


def severity(mark: Mark) -> AlertSeverity:
    """Return how much an alert matters, from opened to resolved."""
    return "critical" if mark.kind == "budget_exceeded" or mark.label == FAST else "warning"
