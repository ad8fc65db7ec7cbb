"""Laws of budgets: a state is the fold of the lines before its positions, however it came to be.

A log of two partitions is read line by line. ClickHouse has some of it, at times more than was
read, and answers with sums and lines. Wherever reading begins anew, and whichever hours are read
again, what is spent is what a plain recomputation of the log up to there says.
"""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decimals import from_bytes
from schemas.records import Alert, BudgetState, CostLine
from streams.config.catalog import load_catalog
from streams.core.budgets.ledger import Ledger, Past, Settled, Streamed
from streams.core.budgets.sayings import Said
from streams.core.budgets.scopes import Scopes, what_of
from streams.core.budgets.watch import BudgetWatch
from streams.core.job_cost import EVERYWHERE, Newest, newest_of, told_of
from streams.core.windows import HOUR_US, MINUTE_US, window_start
from tests.builders.budgets import budget, budgets, spent
from tests.builders.usage import T0

LIVE_US = 3 * MINUTE_US
AT_US = T0 + 3 * HOUR_US - 1
CATALOGS = [
    load_catalog(
        budgets(
            budget("retail", retail, tenant="retail"),
            budget("all", "40"),
            budget("gpt", "9", models="['gpt-*']", period="day"),
        )
    )
    for retail in ("8", "20")
]
TENANTS = ("search", "shop", "risk")
MINUTES = (0, 1, 2, 3, 58, 59, 60, 61, 62, 121)
POOLS = ("api:a", "api:b")
CORRECTED_LINES = 2

lines = st.builds(
    lambda minute, cost, revision, tenant, pool, model: spent(
        minute, cost, tenant, revision=revision, pool=pool, model=model, thing=POOLS.index(pool)
    ),
    st.sampled_from(MINUTES),
    st.sampled_from(["0", "1", "2.5", None]),
    st.integers(1, 4),
    st.sampled_from(TENANTS),
    st.sampled_from(POOLS),
    st.sampled_from(["gpt-4o"]),  # of one line_id there is one model
)
corrections = st.builds(
    lambda minute, cost, pool, tenant: spent(
        minute, cost, tenant, thing=9, pool=pool, generation=1, status="corrected",
        lines=CORRECTED_LINES,
    ),
    st.sampled_from(MINUTES), st.sampled_from(["0.5", "4"]), st.sampled_from(POOLS),
    st.sampled_from(TENANTS[:2]),
)  # fmt: skip
logs = st.lists(st.one_of(lines, lines, lines, corrections), min_size=1, max_size=25)


def partition(line: CostLine) -> int:
    return int(line["tenant"] == "shop")


def in_force(log: list[CostLine]) -> dict[str, CostLine]:
    """Return the lines that count, as `cost_current` does: complete corrections, else as streamed.

    Of equal versions the first stays.
    """
    latest: dict[tuple[str, int], CostLine] = {}
    for line in log:
        key = line["line_id"], line["generation"]
        if key not in latest or line["revision"] > latest[key]["revision"]:
            latest[key] = line
    places = Counter((line["window_start_us"], line["pool"]) for (_, generation), line
                     in latest.items() if generation)  # fmt: skip
    complete = {place for place, count in places.items() if count >= CORRECTED_LINES}
    return {
        name: line
        for (name, generation), line in latest.items()
        if bool(generation) == ((line["window_start_us"], line["pool"]) in complete)
    }


def pico(line: CostLine) -> int:
    return from_bytes(line["cost"] or b"\0")


@dataclass
class World:
    """The log, how far it was read and what was said."""

    log: list[CostLine]
    read: int = 0
    alerts: list[Alert] = field(default_factory=list)
    states: dict[str, BudgetState] = field(default_factory=dict)
    watch: BudgetWatch = field(init=False)

    def __post_init__(self) -> None:
        self.begin(0, 0, 0)

    def before(self, count: int) -> dict[int, int]:
        """Return the offsets before which are the first so many of the log."""
        return {n: sum(partition(line) == n for line in self.log[:count]) for n in (0, 1)}

    def answer(self, stored: int, ahead: int, since_us: int, hours: set[int] | None = None) -> Past:
        """Return what ClickHouse says, which has the first `ahead` and committed fewer."""
        settled, streamed = [], []
        for line in in_force(self.log[:ahead]).values():
            start_us = line["window_start_us"]
            if hours is not None and window_start(start_us, HOUR_US) not in hours:
                continue
            fixed = line["generation"] > 0 and start_us >= since_us
            told = told_of(line, EVERYWHERE)
            if line["generation"] or start_us < since_us:
                newest = Newest(*newest_of(start_us, told)[:2], line["generation"],
                                line["revision"], told.rank, line["price_book"])  # fmt: skip
                settled.append(
                    Settled(what_of(line), start_us, start_us, line["pool"] if fixed else None,
                            pico(line), int(line["cost"] is None), newest)
                )  # fmt: skip
            elif hours is None:
                place = (start_us, line["pool"])
                streamed.append(Streamed(what_of(line), place, line["line_id"], told))
        return Past(self.before(stored), since_us, tuple(settled), tuple(streamed))

    def begin(self, stored: int, ahead: int, catalog: int) -> None:
        """Begin anew, as another leader does: read on from what is stored."""
        self.read = max(self.read, ahead)
        newest_us = max((line["window_start_us"] for line in self.log[:ahead]), default=0)
        since_us = max(0, newest_us - LIVE_US)
        of = CATALOGS[catalog]
        ledger = Ledger(Scopes(of), self.answer(stored, ahead, since_us), LIVE_US)
        said = {name: Said(state=state) for name, state in self.states.items()}
        for alert in self.alerts:
            name = alert["budget_id"] or ""
            said[name] = said.get(name, Said()).later(alert)
        self.watch = BudgetWatch(of, ledger, said)
        self.take(stored, self.read)

    def take(self, first: int, end: int) -> None:
        """Read lines of the log."""
        for number in range(first, end):
            line = self.log[number]
            n = partition(line)
            self.watch.ledger.take(line, n, self.before(number)[n])

    def read_on(self, count: int) -> None:
        first, self.read = self.read, min(len(self.log), self.read + count)
        self.take(first, self.read)

    def mend(self, ahead: int) -> None:
        """Read again all hours in which something may be another, and on to what that has."""
        ledger = self.watch.ledger
        hours = {window_start(line["window_start_us"], HOUR_US) for line in self.log[:ahead]
                 if line["generation"]} | set(ledger.stale)  # fmt: skip
        past = self.answer(ahead, ahead, ledger.since_us, hours)
        self.read_on(max(0, ahead - self.read))
        ledger.mend(past, hours)
        ledger.coarsen(AT_US)

    def say(self, stop: str) -> None:
        """Say what is new; perhaps stop while at it."""
        due = self.watch.due(AT_US, self.before(self.read), is_calm=True)
        if stop == "before":
            return
        self.alerts += [alert for each in due for alert in each.alerts]
        if stop == "between":
            return
        for each in due:
            if each.state is not None:
                self.states[each.budget_id] = each.state
        if stop == "never":
            self.watch.told(due)

    def recomputed(self) -> dict[str, int]:
        """Return what is spent of each budget by the log alone."""
        found: Counter[str] = Counter({"all": 0, "retail": 0, "gpt": 0})
        for line in in_force(self.log[: self.read]).values():
            found["all"] += pico(line)
            found["gpt"] += pico(line)
            found["retail"] += pico(line) * (line["tenant"] != "risk")
        return dict(found)

    def counted(self) -> dict[str, int]:
        """Return what the ledger says."""
        ledger = self.watch.ledger
        budgets_ = ledger.scopes.budgets
        return {
            b.name: s.between(0, AT_US).pico for b, s in zip(budgets_, ledger.sums, strict=True)
        }


@settings(max_examples=300)
@given(logs, st.lists(st.tuples(st.sampled_from("rmb"), st.integers(0, 9), st.integers(0, 9)),
                      max_size=12))  # fmt: skip
def test_what_is_spent_is_the_recomputation_wherever_reading_begins(
    log: list[CostLine], story: list[tuple[str, int, int]]
) -> None:
    world = World(log)
    for what, count, other in story:
        if what == "r":
            world.read_on(count)
        elif what == "m":
            world.mend(min(len(log), world.read + count))
        else:
            world.begin(max(0, world.read - count), min(len(log), world.read + other), 0)
    world.mend(world.read)
    if world.watch.ledger.stale:  # a window was settled while it was read again
        world.mend(world.read)
    assert not world.watch.ledger.stale
    assert world.counted() == world.recomputed()
    lived = world.watch.due(AT_US, {}, is_calm=True)
    world.begin(world.read, world.read, 0)
    world.watch.ledger.coarsen(AT_US)
    rebuilt = world.watch.due(AT_US, {}, is_calm=True)
    assert [each.state for each in rebuilt] == [each.state for each in lived]


STOPS = ("before", "between", "after", "never")


@settings(max_examples=300)
@given(logs, st.lists(st.tuples(st.integers(0, 6), st.sampled_from(STOPS), st.integers(0, 1)),
                      min_size=1, max_size=12))  # fmt: skip
def test_whatever_stops_where_each_crossing_is_said_once(
    log: list[CostLine], story: list[tuple[int, str, int]]
) -> None:
    world = World(log)
    for count, stop, catalog in story:
        if world.watch.catalog is not CATALOGS[catalog]:
            world.begin(world.read, world.read, catalog)
        world.read_on(count)
        for _ in range(2):
            world.mend(world.read)
        world.say(stop)
        if stop != "never":
            world.begin(world.read, world.read, catalog)
    world.say("never")
    named = [(alert["alert_id"], alert["state"]) for alert in world.alerts]
    assert len(set(named)) == len(named)
    spent_now = world.recomputed()
    wanted = {
        (each.budget_id, "budget_exceeded") for each in world.watch.catalog.entries.budgets
        if spent_now[each.name] >= each.limit
    } | {
        (each.budget_id, "budget_warning") for each in world.watch.catalog.entries.budgets
        if spent_now[each.name] * 5 >= each.limit * 4
    }  # fmt: skip
    last = {(a["budget_id"], a["kind"]): a["state"] for a in world.alerts}
    opened = {key for key, state in last.items() if state == "opened" and key[1] != "budget_burn"}
    assert opened == wanted
    stages = {name for name, state in world.states.items() if state["stage"] == "exceeded"}
    assert stages == {name for name, kind in wanted if kind == "budget_exceeded"}
