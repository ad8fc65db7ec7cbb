"""The shell of budgets: what is said in which order, what it waits for, and who ends what."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from schemas.decimals import from_bytes
from schemas.records import Alert, CostLine
from streams.config.catalog import load_catalog
from streams.core.budgets.ledger import Past, Settled
from streams.core.budgets.sayings import Said
from streams.core.budgets.scopes import What
from streams.core.job_cost import Newest
from streams.core.money import PICO
from streams.core.windows import DAY_US, HOUR_US
from streams.errors import StoreUnavailable
from streams.kafka.log import Entry
from streams.kafka.whole import WholeTopic
from streams.processors import budget_mending, budget_outlook
from streams.processors import budgets as module
from streams.processors.budget_history import Asking
from streams.processors.budgets import Budgets
from streams.processors.leader import Lines
from streams.processors.rules import RulesInForce
from streams.settings import BudgetSettings, MeterSettings, WorkerSettings
from tests.builders.budgets import budget, budgets, spent
from tests.builders.terms import book, rules
from tests.builders.usage import T0
from tests.processor_fakes import CODEC, FakeOutlet, app, metrics, run, settle, until

SETTINGS = BudgetSettings(emit_every_s=0.001, look_every_s=0.01)


@dataclass
class FakeWhole:
    """A topic of one partition; the test says what comes, and when its end is told."""

    coming: list[CostLine] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)
    tells_end: bool = True
    is_at_end: bool = False
    trouble: str | None = None
    begins: list[Mapping[int, int]] = field(default_factory=list)
    looks: int = 0

    def begin(self, offsets: Mapping[int, int]) -> None:
        self.begins.append(dict(offsets))
        self.positions = {0: offsets.get(0, 0)}
        self.look_again()

    def look_again(self) -> None:
        self.looks += 1
        self.is_at_end = False

    def more(self) -> list[Entry]:
        lines, self.coming = self.coming, []
        found = []
        for line in lines:
            at = self.positions[0]
            found.append(Entry(b"", CODEC.encode("CostLine", line), 0, at, 0))
            self.positions[0] = at + 1
        self.is_at_end |= self.tells_end
        return found

    def behind(self) -> dict[int, int]:
        return {0: 0}


@dataclass
class FakeHistory:
    """What there was before, as far as the test says."""

    past: Past = field(default_factory=lambda: Past({0: 0}, 0))
    again: Past = field(default_factory=lambda: Past({0: 0}, 0))
    said_before: dict[str, Said] = field(default_factory=dict)
    hours: list[int] = field(default_factory=list)
    marks: int = 0
    newest: int = 0
    is_down: bool = False
    asked: list[str] = field(default_factory=list)

    def said(self) -> dict[str, Said]:
        self._ask("said")
        return dict(self.said_before)

    def mark(self) -> list[object]:
        self._ask("mark")
        return [self.marks]

    def newest_us(self) -> int:
        self._ask("newest")
        return self.newest

    def lines(self, _asking: Asking) -> Past:
        self._ask("lines")
        return self.past

    def of(self, _asking: Asking, hours: Iterable[int]) -> Past:
        self._ask(f"of {sorted(hours)}")
        return self.again

    def corrected_hours(self, _mark: list[object]) -> list[int]:
        return self.hours

    def settled(self, asking: Asking, since_us: int, until_us: int) -> list[Settled]:
        """Return an hourly cost of the three days before the forecast, to whoever asks for one."""
        if asking.since_us != asking.hourly_us:
            return []
        self._ask(f"settled to {until_us}")
        what = What("search", None, None, None, "", "USD")
        newest = Newest(0, 0, 0, 0, 0, "")
        begins = range(max(since_us, asking.since_us - 3 * DAY_US), until_us, HOUR_US)
        return [Settled(what, each, each, None, PICO, 0, newest) for each in begins]

    def _ask(self, what: str) -> None:
        if self.is_down:
            raise StoreUnavailable("no store answers")
        self.asked.append(what)


@dataclass
class Bench:
    """Budgets that lead."""

    budgets: Budgets
    history: FakeHistory
    whole: FakeWhole
    outlet: FakeOutlet
    rules: RulesInForce
    leading: asyncio.Task[None]
    acknowledges: bool = True

    def named(self) -> list[tuple[str, str]]:
        """Return kinds and stages of what was sent, but for alerts of speed."""
        said = [(each.record.get("kind") or each.record.get("stage") or "gone",
                 each.record.get("state") or each.name) for each in self.outlet.sent]  # fmt: skip
        return [each for each in said if each[0] != "budget_burn"]

    async def says(self, *expected: tuple[str, str]) -> None:
        """Wait until exactly this was sent."""
        await until(lambda: self.acknowledged() and self.named() == [*expected])

    def acknowledged(self) -> bool:
        """Let the broker have everything, unless it is not to."""
        if self.acknowledges:
            self.outlet.acknowledge()
        return True

    async def rounds(self, count: int = 5) -> None:
        """Let it read so many times more."""
        for _ in range(count):
            looks = len(self.history.asked)
            await until(lambda: self.acknowledged() and len(self.history.asked) > looks)  # noqa: B023 - awaited here


def beside(case: Callable[[Bench], Coroutine[Any, Any, None]], **changes: object) -> None:
    """Run a case beside budgets that lead. `changes`: of the history and the topic."""

    async def running() -> None:
        outlet, history, whole = FakeOutlet(), FakeHistory(), FakeWhole()
        for name, value in changes.items():
            setattr(history if hasattr(history, name) else whole, name, value)
        in_force = RulesInForce(rules(book(), load_catalog(budgets(budget("all", "10")))))
        settings = WorkerSettings(budgets=SETTINGS, meter=MeterSettings(clock="log"))
        shell = Budgets(app("budgets"), outlet.as_outlet(), history, in_force, settings, metrics())
        lines = Lines(cast("WholeTopic", whole), CODEC, metrics())
        leading = asyncio.ensure_future(shell.lead(lines))
        shell._leader.is_leading = True
        it = Bench(shell, history, whole, outlet, in_force, leading)
        try:
            await case(it)
        finally:
            leading.cancel()
            it.acknowledges = True
            await until(lambda: it.acknowledged() and leading.done())

    run(running())


EXCEEDED = [
    ("budget_warning", "opened"),
    ("budget_exceeded", "opened"),
    ("exceeded", "BudgetState"),
]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.001)
    monkeypatch.setattr(module, "SAY_S", 0.001)
    monkeypatch.setattr(budget_mending, "PACE_S", 0.001)
    monkeypatch.setattr(budget_outlook, "PACE_S", 0.001)


def test_the_state_is_said_after_the_broker_has_the_alerts() -> None:
    async def case(it: Bench) -> None:
        it.acknowledges = False
        it.whole.coming = [spent(0, "12")]
        await until(lambda: len(it.outlet.named("Alert")) == 4)
        await settle()
        assert not it.outlet.named("BudgetState")
        it.acknowledges = True
        await it.says(*EXCEEDED)
        await it.rounds()
        assert it.named() == EXCEEDED, "and nothing again"

    beside(case)


def test_nothing_is_said_before_all_was_read_that_the_past_may_have() -> None:
    async def case(it: Bench) -> None:
        it.whole.coming = [spent(0, "12")]
        await it.rounds()
        assert it.outlet.sent == []
        it.whole.tells_end = True
        await it.says(*EXCEEDED)
        assert it.outlet.sent[-1].record["positions"] == {"0": 8}

    beside(case, tells_end=False, past=Past({0: 7}, 0))


def test_reading_begins_where_the_store_is() -> None:
    async def case(it: Bench) -> None:
        await until(lambda: it.whole.begins == [{0: 7}])

    beside(case, past=Past({0: 7}, 0))


def test_hours_of_a_correction_are_read_again_and_nothing_is_judged_until_all_is_read() -> None:
    async def case(it: Bench) -> None:
        it.whole.coming = [spent(0, "1")]
        await it.says(("ok", "BudgetState"))
        it.whole.tells_end = False
        it.history.hours, it.history.marks = [3_600_000_000], 1
        await until(lambda: it.whole.looks == 2)
        assert "of [3600000000]" in it.history.asked
        it.whole.coming = [spent(1, "20")]
        await it.rounds()
        assert it.named() == [("ok", "BudgetState")]
        it.whole.tells_end = True
        await it.says(("ok", "BudgetState"), *EXCEEDED)
        assert it.history.asked.count("of [3600000000]") == 1

    beside(case)


def test_while_clickhouse_is_down_it_says_so_and_begins_when_it_is_back() -> None:
    async def case(it: Bench) -> None:
        it.whole.coming = [spent(0, "12")]
        await until(lambda: it.budgets.trouble == "no store answers")
        assert it.budgets.detail["judges"] is False
        it.history.is_down = False
        await it.says(*EXCEEDED)
        assert it.budgets.trouble is None
        assert it.budgets.detail["judges"] is True

    beside(case, is_down=True)


def test_without_clickhouse_what_is_known_is_followed_on() -> None:
    async def case(it: Bench) -> None:
        it.whole.coming = [spent(0, "1")]
        await it.says(("ok", "BudgetState"))
        it.history.is_down = True
        await until(lambda: it.budgets.trouble is not None)
        it.whole.coming = [spent(1, "20")]
        await it.says(("ok", "BudgetState"), *EXCEEDED)

    beside(case)


def test_another_catalog_counts_anew_and_ends_what_is_no_budget_any_longer() -> None:
    async def case(it: Bench) -> None:
        it.whole.coming = [spent(0, "12")]
        await it.says(*EXCEEDED)
        it.rules.now = rules(book(), load_catalog(budgets(budget("other", "100"))))
        await until(lambda: len(it.whole.begins) == 2)
        ends = [("budget_warning", "resolved"), ("budget_exceeded", "resolved")]
        # The lines are in ClickHouse, which has none here: another is at 0.
        await it.says(*EXCEEDED, *ends, ("ok", "BudgetState"), ("gone", ""))

    beside(case)


def test_a_catalog_that_says_the_same_of_budgets_and_tenants_is_no_reason_to_count_anew() -> None:
    async def case(it: Bench) -> None:
        it.whole.coming = [spent(0, "12")]
        await it.says(*EXCEEDED)
        more = budgets(budget("all", "10")) + "pools: [{name: p, nodes: ['*']}]\n"
        it.rules.now = rules(book(), load_catalog(more))
        await it.rounds()
        assert len(it.whole.begins) == 1

    beside(case)


def test_states_say_what_is_spent_in_the_end_by_the_hours_that_are_settled() -> None:
    """A dollar an hour for three days, and so on for the 744 hours of January."""

    async def case(it: Bench) -> None:
        it.whole.coming = [spent(0, "1")]
        await it.says(("ok", "BudgetState"))
        await until(lambda: bool(it.budgets._watch and it.budgets._watch.outcomes))
        it.whole.coming = [spent(1, "1")]
        await it.says(*[("ok", "BudgetState")] * 2)
        said = from_bytes(it.outlet.sent[-1].record["forecast"])
        assert said / PICO == pytest.approx(744)
        asked = [each for each in it.history.asked if each != "mark"]
        await it.rounds()
        assert [each for each in it.history.asked if each != "mark"] == asked, "once an hour"
        assert asked.count(f"settled to {T0 - HOUR_US}") == 1
        it.whole.coming = [spent(90, "1")]  # what is half an hour old is settled
        await until(lambda: f"settled to {T0}" in it.history.asked)
        await it.rounds()
        assert f"settled to {T0 + HOUR_US}" not in it.history.asked
        it.history.newest = T0 + HOUR_US
        await until(lambda: f"settled to {T0 + HOUR_US}" in it.history.asked)

    beside(case, newest=T0 + HOUR_US - 1)  # the store has no hour after it yet


def test_told_to_stop_it_ends_what_it_says() -> None:
    async def case(it: Bench) -> None:
        it.acknowledges = False
        it.whole.coming = [spent(0, "12")]
        await until(lambda: bool(it.outlet.named("Alert")))
        it.leading.cancel()
        it.acknowledges = True
        await it.says(*EXCEEDED)
        await until(it.leading.done)

    beside(case)


def test_what_was_said_before_is_not_said_again() -> None:
    alerts: list[Alert] = []

    async def first(it: Bench) -> None:
        it.whole.coming = [spent(0, "12")]
        await it.says(*EXCEEDED)
        alerts.extend(cast("Alert", each.record) for each in it.outlet.named("Alert"))

    async def then(it: Bench) -> None:
        it.whole.coming = [spent(0, "12")]
        await it.says(("exceeded", "BudgetState"))
        await it.rounds()
        assert it.named() == [("exceeded", "BudgetState")]

    beside(first)
    said = Said()
    for alert in alerts:
        said = said.later(alert)
    beside(then, said_before={"budget:all": said})
