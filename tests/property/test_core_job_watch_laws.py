"""Laws of what is said of jobs: stops between any two steps lose no alert and repeat none.

A watch reads a log of lines. What it says goes to two topics, the alert first. It may stop before,
between and after, and its successor knows the topics and what ClickHouse has by then.
"""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records import Alert, BudgetState, CostLine
from streams.config.catalog import load_catalog
from streams.core.cap_reached import Said, episode_of
from streams.core.job_cost import Past
from streams.core.job_watch import Job, JobWatch
from tests.builders.jobs import caps, job_line

LIMITS = ("5", "9")
TENANTS = ("acme", "globex")
CATALOGS = [load_catalog(caps(limit)) for limit in LIMITS]

lines = st.builds(
    lambda minute, cost, revision, tenant: job_line(
        minute, str(cost), revision=revision, tenant=tenant, status="provisional"
    ),
    st.integers(0, 3),
    st.integers(0, 6),
    st.integers(1, 9),
    st.sampled_from(TENANTS),
)
STOPS = ("before", "between", "after", "never")
steps = st.tuples(st.integers(0, 3), st.sampled_from(STOPS), st.integers(0, 1), st.booleans())


@dataclass
class World:
    """The topics, and a watch at work."""

    log: list[CostLine]
    read: int = 0
    alerts: list[Alert] = field(default_factory=list)
    states: dict[str, BudgetState] = field(default_factory=dict)
    watch: JobWatch = field(default_factory=lambda: JobWatch(CATALOGS[0]))

    def begin(self) -> None:
        """Start anew: the log is read from its begin, and what was said is what the topics say."""
        self.watch = JobWatch(self.watch.catalog)
        said: dict[Job, Said] = {}
        for alert in self.alerts:
            episode, job = episode_of(alert), (alert["tenant"], alert["job"] or "")
            assert episode is not None
            said[job] = said.get(job, Said()).later(episode)
        for state in self.states.values():
            _, tenant, name = state["budget_id"].split(":")
            said[tenant, name] = Said(said.get((tenant, name), Said()).episode, state)
        self.watch.remember(said)
        for offset, line in enumerate(self.log[: self.read]):
            self.watch.take(line, offset)

    def step(self, count: int, stop: str, catalog: int, *, is_calm: bool) -> None:
        """Read on, and say what is new; perhaps stop while at it."""
        for line in self.log[self.read : self.read + count]:
            self.watch.take(line, self.read)
            self.read += 1
        if self.watch.catalog is not CATALOGS[catalog]:
            self.watch.follow(CATALOGS[catalog])
        self.watch.learn({key: Past() for key in self.watch.unread()})
        due = self.watch.due(lambda _: {}, is_calm=is_calm)
        if stop == "before":
            return self.begin()
        self.alerts += [each.saying.alert for each in due if each.saying.alert is not None]
        if stop == "between":
            return self.begin()
        for _, saying in due:
            if saying.state is not None:
                self.states[saying.state["budget_id"]] = saying.state
        if stop == "after":
            return self.begin()
        return self.watch.told(due)

    def exceeded(self) -> set[str]:
        """Return the budgets that are, computed from the log alone."""
        latest: dict[str, CostLine] = {}
        for line in self.log[: self.read]:
            known = latest.get(line["line_id"])
            if known is None or line["revision"] > known["revision"]:
                latest[line["line_id"]] = line
        spent: dict[str, int] = dict.fromkeys(TENANTS, 0)
        for line in latest.values():
            spent[line["tenant"]] += int.from_bytes(line["cost"] or b"", "big")
        limit = int(LIMITS[CATALOGS.index(self.watch.catalog)]) * 10**12
        return {f"job:{name}:train-7" for name, pico in spent.items() if pico >= limit}


@settings(max_examples=400)
@given(st.lists(lines, min_size=1, max_size=20), st.lists(steps, min_size=1, max_size=20))
def test_whatever_stops_where_each_crossing_is_said_once(
    log: list[CostLine], story: list[tuple[int, str, int, bool]]
) -> None:
    world = World(log)
    world.begin()
    for count, stop, catalog, is_calm in story:
        world.step(count, stop, catalog, is_calm=is_calm)
    world.step(0, "never", 1, is_calm=True)
    exceeded = world.exceeded()
    named = [(alert["alert_id"], alert["state"]) for alert in world.alerts]
    assert len(set(named)) == len(named)
    last = {alert["budget_id"]: alert["state"] for alert in world.alerts}
    assert {budget for budget, state in last.items() if state == "opened"} == exceeded
    for budget in last:
        of_one = [each["state"] for each in world.alerts if each["budget_id"] == budget]
        assert of_one == ["opened", "resolved"] * (len(of_one) // 2) + ["opened"] * (
            len(of_one) % 2
        )
    stages = {budget for budget, state in world.states.items() if state["stage"] == "exceeded"}
    assert stages == exceeded
