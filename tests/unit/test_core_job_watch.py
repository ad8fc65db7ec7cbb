"""What is said of jobs under caps: once, when it is so, and no more when it is not."""

from dataclasses import dataclass, field

import pytest

from schemas.decimals import from_bytes
from schemas.records import Alert, CostLine
from streams.config.catalog import load_catalog
from streams.core.cap_reached import Episode, Said, budget_id, episode_of, job_of
from streams.core.job_cost import RANK, JobKey, Newest, Past
from streams.core.job_watch import Due, Job, JobWatch
from streams.core.windows import MINUTE_US
from tests.builders.jobs import JOB, caps, job_line
from tests.builders.usage import T0

USD = 10**12
KEY = JobKey("acme", JOB, "USD")
OPENED = "cap_reached/1/job:acme:train-7"


@dataclass
class Bench:
    """A watch that has heard of everything before, and what it said."""

    watch: JobWatch
    offset: int = 0
    alerts: list[Alert] = field(default_factory=list)

    def read(self, *lines: CostLine) -> None:
        for line in lines:
            self.watch.take(line, self.offset)
            self.offset += 1
        self.watch.learn({key: Past() for key in self.watch.unread()})

    def say(self, *, is_calm: bool = True) -> list[Due]:
        due = self.watch.due(lambda _: {"0": self.offset}, is_calm=is_calm)
        self.watch.told(due)
        self.alerts += [due.saying.alert for due in due if due.saying.alert is not None]
        return due

    @property
    def said(self) -> list[tuple[str, str]]:
        self.say()
        return [(each["alert_id"], each["state"]) for each in self.alerts]


def bench(catalog: str = caps("10"), said: dict[Job, Said] | None = None) -> Bench:
    watch = JobWatch(load_catalog(catalog))
    watch.remember(said or {})
    return Bench(watch)


def test_an_alert_is_opened_when_a_job_has_cost_its_limit_and_not_again() -> None:
    it = bench()
    it.read(job_line(0, "9.999999999999"))
    assert it.said == []
    it.read(job_line(1, "0.000000000001"))
    assert it.said == [(OPENED, "opened")]
    it.read(job_line(2, "5"))
    assert it.said == [(OPENED, "opened")]
    (alert,) = it.alerts
    assert (alert["job"], alert["budget_id"]) == (JOB, "job:acme:train-7")
    assert (alert["since_us"], alert["at_us"]) == (T0 + MINUTE_US, T0 + 2 * MINUTE_US)
    assert from_bytes(alert["excess"] or b"") == 0


def test_a_state_is_exactly_what_was_read_and_says_up_to_where() -> None:
    it = bench()
    it.read(job_line(0, "4"), job_line(0, "5", thing=1), job_line(0, "4.5", revision=2))
    (due,) = it.say()
    state = due.saying.state
    assert state is not None
    assert (from_bytes(state["spent"]), from_bytes(state["limit"])) == (19 * USD // 2, 10 * USD)
    assert (state["stage"], state["positions"]) == ("ok", {"0": 3})
    assert (state["period_start_us"], state["period_end_us"]) == (T0, T0 + MINUTE_US)


def test_a_state_that_says_nothing_new_is_not_said_again() -> None:
    it = bench()
    it.read(job_line(0, "4"))
    assert len(it.say()) == 1
    it.read(job_line(0, "4", revision=2))
    assert it.say() == []


def test_amounts_wait_for_a_calm_moment_and_another_stage_does_not() -> None:
    it = bench()
    it.read(job_line(0, "4"))
    assert len(it.say(is_calm=False)) == 1  # the first time
    it.read(job_line(1, "4"))
    assert it.say(is_calm=False) == []
    assert len(it.say(is_calm=True)) == 1
    it.read(job_line(2, "4"))
    assert len(it.say(is_calm=False)) == 1  # the cap is reached


def test_a_correction_below_the_cap_resolves_and_the_next_crossing_is_another_alert() -> None:
    it = bench()
    it.read(job_line(0, "12"))
    assert it.said == [(OPENED, "opened")]
    it.watch.learn({KEY: Past(settled=3 * USD, corrected=frozenset({(T0, "h100")}))})
    it.read(job_line(1, "1"))
    assert it.said == [(OPENED, "opened"), (OPENED, "resolved")]
    assert from_bytes(it.alerts[-1]["excess"] or b"") == -6 * USD
    it.read(job_line(2, "8"))
    assert it.said[2:] == [("cap_reached/2/job:acme:train-7", "opened")]


def test_a_job_all_of_whose_cost_was_corrected_away_has_no_state_and_no_alert() -> None:
    it = bench()
    it.read(job_line(0, "12"))
    it.say()
    it.watch.learn({KEY: Past(corrected=frozenset({(T0, "h100")}))})
    (due,) = it.say()
    assert due.saying.is_gone
    assert it.said == [(OPENED, "opened"), (OPENED, "resolved")]
    assert it.say() == []


@pytest.mark.parametrize(
    ("limit", "states"), [("10.5", ["opened"]), ("20", ["opened", "resolved"])]
)
def test_a_cap_that_is_raised_holds_for_what_was_spent_before(
    limit: str, states: list[str]
) -> None:
    it = bench()
    it.read(job_line(0, "12"))
    it.say()
    it.watch.follow(load_catalog(caps(limit)))
    assert [state for _, state in it.said] == states


def test_a_cap_that_is_taken_out_of_the_catalog_resolves_and_its_state_is_gone() -> None:
    it = bench()
    it.read(job_line(0, "12"))
    it.say()
    it.watch.follow(load_catalog(caps("10", jobs="eval-*")))
    (due,) = it.say()
    assert due.saying.is_gone
    assert "no cap any longer" in it.alerts[-1]["summary"]
    assert it.say() == []


MINUTE_1, MINUTE_3 = "2026-01-01T00:01:00Z", "2026-01-01T00:03:00Z"


def test_a_cap_begins_and_ends_with_the_windows_it_holds_for() -> None:
    """From minute 1 until 3, and all that the job has cost so far counts."""
    it = bench(caps("10", effective_from=MINUTE_1, effective_to=MINUTE_3))
    it.read(job_line(0, "12"))
    assert it.said == []
    it.read(job_line(1, "1"))
    assert it.said == [(OPENED, "opened")]
    it.read(job_line(3, "1"))
    assert it.said == [(OPENED, "opened"), (OPENED, "resolved")]


def test_a_cap_in_another_currency_is_said_to_be_of_no_use() -> None:
    it = bench()
    it.read(job_line(0, "12", currency="EUR"))
    assert it.said == []
    assert it.watch.uncompared() == [("acme", JOB)]


def test_only_jobs_with_a_cap_are_kept() -> None:
    it = bench(caps("10", tenant="acme"))
    it.read(job_line(0, "1", tenant="globex"), job_line(0, "1", job="eval-1"), job_line(0, "1"))
    assert list(it.watch.jobs) == [KEY]


def test_nothing_is_said_before_it_is_known_what_was_said() -> None:
    watch = JobWatch(load_catalog(caps("10")))
    watch.take(job_line(0, "12"), 0)
    watch.learn({KEY: Past()})
    assert watch.due(lambda _: {}, is_calm=True) == []


@pytest.mark.parametrize(
    ("is_over", "expected"),
    [(False, []), (True, [("cap_reached/4/job:acme:train-7", "opened")])],
)
def test_an_alert_that_was_opened_before_is_not_opened_again(
    is_over: bool,
    expected: list[tuple[str, str]],
) -> None:
    it = bench(said={("acme", JOB): Said(Episode(3, is_over, T0, "USD"))})
    it.read(job_line(0, "12"))
    assert it.said == expected


def test_what_was_said_of_a_job_that_has_no_cap_any_more_is_taken_back() -> None:
    it = bench(caps("10", jobs="eval-*"), {("acme", JOB): Said(Episode(3, False, T0, "USD"))})
    assert it.said == [("cap_reached/3/job:acme:train-7", "resolved")]


def test_a_job_that_is_silent_for_long_is_let_go_of() -> None:
    it = bench()
    it.read(job_line(0, "12"))
    it.say()
    newest = Newest(T0, T0 + MINUTE_US, 0, 1, 0, "book-1")
    past = Past(1, T0 + MINUTE_US, settled=12 * USD, first_us=T0, newest=newest)
    it.watch.learn_all({KEY: past}, it.watch.catalog, lambda _: 1)
    assert it.say() == []
    it.watch.learn_all({}, it.watch.catalog, lambda _: 1)
    assert it.watch.jobs == {}
    assert it.said == [(OPENED, "opened"), (OPENED, "resolved")]


def test_who_is_silent_is_not_said_by_an_answer_about_another_catalog_s_jobs() -> None:
    before, after = load_catalog(caps("10", tenant="globex")), load_catalog(caps("10"))
    watch = JobWatch(before)
    watch.follow(after)  # while ClickHouse was asked
    watch.learn_all({}, before, lambda _: 1)
    watch.remember({("acme", JOB): Said(Episode(1, is_over=False, since_us=T0, currency="USD"))})
    assert watch.due(lambda _: {}, is_calm=True) == []
    watch.learn_all({}, after, lambda _: 1)
    assert len(watch.due(lambda _: {}, is_calm=True)) == 1


def test_who_is_silent_is_said_when_all_was_read_there_may_be_of_them() -> None:
    it = bench(said={("acme", JOB): Said(Episode(1, is_over=False, since_us=T0, currency="USD"))})
    it.watch.learn_all({}, it.watch.catalog, lambda _: 1)
    assert it.watch.absent() == [KEY]
    assert it.watch.due(lambda _: None, is_calm=True) == []
    assert it.said == [(OPENED, "resolved")]


def test_a_job_too_new_for_clickhouse_is_not_let_go_of() -> None:
    it = bench()
    it.read(job_line(0, "12"))
    it.watch.learn_all({}, it.watch.catalog, lambda _: 0)
    assert list(it.watch.jobs) == [KEY]


def test_a_job_is_said_to_lack_prices() -> None:
    it = bench()
    it.read(job_line(0, "12"), job_line(0, None, thing=1))
    it.say()
    assert "1 of its lines have no price" in it.alerts[0]["summary"]


def test_two_owners_say_the_same_under_the_same_name() -> None:
    one, other = bench(), bench()
    for it in (one, other):
        it.read(job_line(0, "6"), job_line(1, "7"))
        it.say()
    assert one.alerts == other.alerts


def test_since_when_a_cap_is_reached_depends_on_the_lines_not_on_who_read_them_how_fast() -> None:
    one, other = bench(), bench()
    lines = [job_line(0, "6"), job_line(1, "6"), job_line(2, "6")]
    for line in lines:
        one.read(line)
        one.say()
    other.read(*lines)  # all at once, as a worker does that was paused
    other.say()
    assert [it.alerts[0]["since_us"] for it in (one, other)] == [T0 + MINUTE_US] * 2


@pytest.mark.parametrize(("settled", "since_us"), [("11", T0), ("9", T0 + MINUTE_US)])
def test_a_cap_reached_before_is_reached_in_the_newest_settled_window(
    settled: str, since_us: int
) -> None:
    newest = Newest(T0, T0 + MINUTE_US, 0, 1, RANK["final"], "book-1")
    past = Past(1, T0 + MINUTE_US, int(settled) * USD, first_us=T0 - MINUTE_US, newest=newest)
    it = bench()
    it.offset = 1
    it.read(job_line(1, "1"), job_line(2, "1"))
    it.watch.learn({JobKey("acme", JOB, "USD"): past})
    it.say()
    assert it.alerts[0]["since_us"] == since_us


@pytest.mark.parametrize(("tenant", "job"), [("a", "b"), ("a:b", "c"), ("a", "b:c"), ("a%3A", ":")])
def test_a_budget_s_name_is_one_job_s(tenant: str, job: str) -> None:
    assert job_of(budget_id(tenant, job)) == (tenant, job)


def test_an_alert_of_another_kind_is_no_episode() -> None:
    it = bench()
    it.read(job_line(0, "12"))
    it.say()
    (alert,) = it.alerts
    assert episode_of(alert) == Episode(1, is_over=False, since_us=T0, currency="USD")
    assert episode_of({**alert, "alert_id": "cost_anomaly/1/x"}) is None
    assert episode_of({**alert, "alert_id": "cap_reached/x"}) is None
