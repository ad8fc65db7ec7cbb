"""When a job has reached its cap: what is said of it, and what of that is new.

An alert lives from the moment a job has cost its limit until it costs less again, is allowed more,
or has no cap any longer. Its identity is the job's and a number that counts up, so whoever knows
what was said last says the next thing under the same name.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from schemas.decimals import to_bytes, to_decimal
from schemas.records import Alert, BudgetState
from streams.core.alerts import NO_DETAILS
from streams.core.job_caps import JobCap
from streams.core.job_cost import JobKey, Spending
from streams.core.series.anomaly_query import literal

KIND: Final = "cap_reached"
JOB: Final = "job:"
SEPARATOR: Final = ":"
OPENED: Final = 1  # revisions: such an alert is said to begin, and to end
RESOLVED: Final = 2
NOTHING: Final = "costs nothing any longer: what it did cost was corrected"
NO_CAP: Final = "has no cap any longer"
SILENT: Final = "has cost nothing for so long that it is watched no more"
ESCAPED: Final = {"%": "%25", SEPARATOR: "%3A"}  # in tenants, so that no two jobs have one name


class Episode(NamedTuple):
    """One alert of a job: its number, and whether it was said to be over. Greater is later."""

    number: int
    is_over: bool
    since_us: int
    currency: str


@dataclass(frozen=True, slots=True)
class Said:
    """What was said last of a job: nothing, when both are None."""

    episode: Episode | None = None
    state: BudgetState | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is an alert that is not over."""
        return self.episode is not None and not self.episode.is_over

    @property
    def currency(self) -> str:
        """The currency it was said in; empty where nothing was said."""
        if self.episode is not None:
            return self.episode.currency
        return "" if self.state is None else self.state["currency"]

    def later(self, episode: Episode) -> "Said":
        """Return what was said where this was said, too; in any order, any number of times."""
        known = self.episode
        return self if known is not None and known >= episode else replace(self, episode=episode)


class Saying(NamedTuple):
    """What is to be said. `is_gone`: there is no budget any longer; `is_turn`: another stage."""

    alert: Alert | None = None
    state: BudgetState | None = None
    is_gone: bool = False
    is_turn: bool = False

    @property
    def is_urgent(self) -> bool:
        """Whether somebody is to act on it, not only to know."""
        return self.alert is not None or self.is_gone or self.is_turn


def judged(
    key: JobKey, cap: JobCap | None, spent: Spending, said: Said, positions: dict[str, int]
) -> Saying:
    """Return what is new of a job. Without a cap: it has none any longer."""
    if cap is None:
        return ended(key.tenant, key.job, said, NO_CAP)
    is_reached = spent.pico >= cap.limit
    state: BudgetState = {
        "budget_id": budget_id(key.tenant, key.job),
        "period_start_us": spent.first_us,
        "period_end_us": spent.newest.end_us,
        "limit": to_bytes(cap.limit),
        "spent": to_bytes(spent.pico),
        "forecast": None,
        "burn_rate": None,
        "currency": cap.currency,
        "stage": "exceeded" if is_reached else "ok",
        "positions": positions,
        "price_book": spent.newest.price_book,
        "said_at_us": None,
        "revision": spent.newest.revision,
        "tenants": [key.tenant],
        "projects": [],
        "models": [],
        "jobs": [key.job],
        "pools": [],
    }
    alert = None
    if is_reached and not said.is_open:
        number = 1 if said.episode is None else said.episode.number + 1
        since_us = spent.reached_us(cap.limit)
        episode = Episode(number, is_over=False, since_us=since_us, currency=key.currency)
        alert = alert_of(key, episode, spent, cap)
    elif said.episode is not None and said.is_open and not is_reached:
        alert = alert_of(key, said.episode._replace(is_over=True), spent, cap)
    is_turn = said.state is None or said.state["stage"] != state["stage"]
    is_new = not is_known(state, said.state)
    return Saying(alert, state if is_new else None, is_turn=is_turn)


def ended(tenant: str, job: str, said: Said, why: str) -> Saying:
    """Return what is new of a job whose budget is gone, and why it is."""
    alert: Alert | None = None
    if said.episode is not None and said.is_open:
        key = JobKey(tenant, job, said.episode.currency)
        words = f"Job {job} of {tenant} {why}."
        alert = alert_without_cost(key, said.episode._replace(is_over=True), words)
    return Saying(alert, is_gone=said.state is not None)


def is_known(state: BudgetState, said: BudgetState | None) -> bool:
    """Whether a state was said, perhaps of fewer lines, or with another forecast."""
    unlike = ("positions", "said_at_us", "forecast")
    return said is not None and all(
        said.get(name) == value for name, value in state.items() if name not in unlike
    )


def alert_of(key: JobKey, episode: Episode, spent: Spending, cap: JobCap) -> Alert:
    """Return an alert that begins or ends as a job costs more or less than it may."""
    return {
        **alert_without_cost(key, episode, summary(key, spent, cap, is_over=episode.is_over)),
        "at_us": spent.newest.end_us,
        "excess": to_bytes(spent.pico - cap.limit),
    }


def alert_without_cost(key: JobKey, episode: Episode, words: str) -> Alert:
    """Return an alert of a job, whatever it costs."""
    return {
        **NO_DETAILS,
        "alert_id": alert_id(key, episode.number),
        "tenant": key.tenant,
        "kind": KIND,
        "state": "resolved" if episode.is_over else "opened",
        "since_us": episode.since_us,
        "at_us": episode.since_us,
        "expected": None,
        "actual": None,
        "excess": None,
        "currency": key.currency,
        "summary": words,
        "severity": "critical",
        "revision": RESOLVED if episode.is_over else OPENED,
        "budget_id": budget_id(key.tenant, key.job),
        "job": key.job,
        "query": query_of(key),
    }


def query_of(key: JobKey) -> str:
    """Return SQL that shows what a job costs, by the hour: that all of it sums to what counts."""
    return (  # names go through `literal`, all else is ours
        "SELECT toStartOfHour(window_start) AS hour, project, pool, sum(cost) AS total, currency "  # noqa: S608
        f"FROM cost_current WHERE tenant = {literal(key.tenant)} AND job = {literal(key.job)} "
        f"AND startsWith(meter, 'gpu.') AND currency = {literal(key.currency)} "
        "GROUP BY hour, project, pool, currency ORDER BY hour, total DESC"
    )


def summary(key: JobKey, spent: Spending, cap: JobCap, *, is_over: bool) -> str:
    """Return what happens and what to do, in a sentence or two."""
    cost = f"Job {key.job} of {key.tenant} has cost {to_decimal(spent.pico):f} {key.currency}"
    limit = f"the {to_decimal(cap.limit):f} that its cap {cap.name} allows"
    unpriced = f" {spent.unpriced} of its lines have no price yet and are not counted."
    rest = unpriced if spent.unpriced else ""
    if is_over:
        return f"{cost}, less than {limit}.{rest}"
    return f"{cost} of {limit}; stop it, or raise the cap in the catalog.{rest}"


def budget_id(tenant: str, job: str) -> str:
    """Return the identity of a job's budget.

    >>> budget_id("research", "train:7"), budget_id("a:b", "c")
    ('job:research:train:7', 'job:a%3Ab:c')
    """
    for mark, escaped in ESCAPED.items():
        tenant = tenant.replace(mark, escaped)
    return f"{JOB}{tenant}{SEPARATOR}{job}"


def job_of(budget: str) -> tuple[str, str] | None:
    """Return the tenant and job of a budget; None where it is not a job's.

    >>> job_of("job:a%3Ab:c:d"), job_of("tenant:a")
    (('a:b', 'c:d'), None)
    """
    if not budget.startswith(JOB):
        return None
    tenant, _, job = budget.removeprefix(JOB).partition(SEPARATOR)
    for mark, escaped in reversed(ESCAPED.items()):
        tenant = tenant.replace(escaped, mark)
    return tenant, job


def alert_id(key: JobKey, number: int) -> str:
    """Return the identity of a job's alert, of which there may be several one after the other."""
    return f"{KIND}/{number}/{budget_id(key.tenant, key.job)}"


def episode_of(alert: Alert) -> Episode | None:
    """Return what an alert says of caps; None where it is about something else."""
    kind, _, rest = alert["alert_id"].partition("/")
    number, _, _ = rest.partition("/")
    if kind != KIND or not number.isdecimal():
        return None
    is_over = alert["state"] == "resolved"
    return Episode(int(number), is_over, alert["since_us"], alert["currency"])
