"""Budgets: periods, which costs count in which, how they stand, and what is said of them."""

from collections.abc import Mapping

import pytest

from schemas.decimals import from_bytes
from schemas.records import Alert, BudgetState, CostLine
from streams.config.catalog import load_catalog
from streams.core.budgets.burn import pairs
from streams.core.budgets.ledger import Ledger, Past, Settled
from streams.core.budgets.periods import period_at
from streams.core.budgets.sayings import Said, Saying
from streams.core.budgets.scopes import Scopes, What
from streams.core.budgets.watch import BudgetWatch
from streams.core.catalog import Catalog
from streams.core.job_cost import Newest
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US
from tests.builders.budgets import budget, budgets, spent
from tests.builders.usage import T0

PICO = 10**12
LIVE_US = 30 * MINUTE_US
FEBRUARY_US = T0 + 31 * DAY_US
WHOLE = Past({}, 0)


def catalog(*entries: str, tree: str | None = None) -> Catalog:
    return load_catalog(budgets(*entries) if tree is None else budgets(*entries, tree=tree))


def watching(
    of: Catalog, past: Past = WHOLE, said: Mapping[str, Said] | None = None
) -> BudgetWatch:
    return BudgetWatch(of, Ledger(Scopes(of), past, LIVE_US), said or {})


def taken(watch: BudgetWatch, *lines: CostLine, partition: int = 0, first: int = 0) -> None:
    for offset, line in enumerate(lines, first):
        watch.ledger.take(line, partition, offset)


def looked(
    watch: BudgetWatch, at_us: int = T0 + 5 * MINUTE_US, *, calm: bool = True
) -> list[Saying]:
    """Return what is said, which is then remembered."""
    due = watch.due(at_us, {0: 1}, is_calm=calm)
    watch.told(due)
    return due


def dollars(watch: BudgetWatch, name: str) -> float:
    """Return what the state last said of a budget says was spent."""
    state = watch.said[f"budget:{name}"].state
    assert state is not None
    return from_bytes(state["spent"]) / PICO


def named(sayings: list[Saying]) -> list[tuple[str, str]]:
    return [(alert["alert_id"], alert["state"]) for each in sayings for alert in each.alerts
            if alert["kind"] != "budget_burn"]  # fmt: skip


@pytest.mark.parametrize(
    ("period", "at_us", "start_us", "end_us"),
    [
        ("month", T0, T0, FEBRUARY_US),
        ("month", FEBRUARY_US - 1, T0, FEBRUARY_US),
        ("month", FEBRUARY_US, FEBRUARY_US, FEBRUARY_US + 28 * DAY_US),
        ("week", T0, T0 - 3 * DAY_US, T0 + 4 * DAY_US),  # 2026-01-01 is a Thursday
        ("week", T0 + 4 * DAY_US, T0 + 4 * DAY_US, T0 + 11 * DAY_US),
        ("day", T0 + DAY_US - 1, T0, T0 + DAY_US),
        ("6 hours", T0 + MINUTE_US + 1, T0 + 2 * MINUTE_US - 6 * HOUR_US, T0 + 2 * MINUTE_US),
        ("3 days", T0 + HOUR_US, T0 + 2 * HOUR_US - 3 * DAY_US, T0 + 2 * HOUR_US),
    ],
)
def test_an_instant_is_in_one_period(period: str, at_us: int, start_us: int, end_us: int) -> None:
    assert period_at(period, at_us)[:2] == (start_us, end_us)


SCOPED = catalog(
    budget("all", "1"),
    budget("retail", "1", tenant="retail"),
    budget("gpt", "1", tenant="retail", models="['gpt-*', 'o?']"),
    budget("nightly", "1", jobs="['nightly-*']"),
    budget("idle", "1", tenant="__idle__", pools="[h100]"),
    budget("batch", "1", projects="[batch]"),
)
LINE = What("risk", None, None, None, "api:openai", "USD")


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (LINE, ["all"]),
        (LINE._replace(tenant="search"), ["all", "retail"]),
        (LINE._replace(tenant="retail"), ["all", "retail"]),
        (LINE._replace(tenant="corp"), ["all"]),
        (LINE._replace(tenant="search", model="gpt-4o"), ["all", "retail", "gpt"]),
        (LINE._replace(tenant="search", model="o1"), ["all", "retail", "gpt"]),
        (LINE._replace(tenant="search", model="o1-mini"), ["all", "retail"]),
        (LINE._replace(job="nightly-7"), ["all", "nightly"]),
        (LINE._replace(tenant="__idle__", pool="h100"), ["all", "idle"]),
        (LINE._replace(tenant="__idle__", pool="h200"), ["all"]),
        (LINE._replace(project="batch"), ["all", "batch"]),
    ],
)
def test_a_cost_counts_in_every_budget_that_it_fits(what: What, expected: list[str]) -> None:
    scopes = Scopes(SCOPED)
    assert [scopes.budgets[number].name for number in scopes.of(what, T0)] == expected


def test_a_cost_in_another_currency_is_not_counted_and_its_budgets_are_named() -> None:
    watch = watching(catalog(budget("all", "5")))
    taken(watch, spent(0, "9", currency="EUR"), spent(1, "2"))
    looked(watch)
    assert dollars(watch, "all") == 2
    assert watch.ledger.scopes.uncompared == {"all"}


MOVED = """tenants:
  - {name: retail}
  - {name: risk}
  - {name: search, parent: retail, effective_to: 2026-01-01T00:01:00Z}
  - {name: search, parent: risk, effective_from: 2026-01-01T00:01:00Z}
"""


def test_of_a_tenant_that_moves_each_window_counts_where_it_was_then() -> None:
    watch = watching(
        catalog(budget("old", "9", tenant="retail"), budget("new", "9", tenant="risk"), tree=MOVED)
    )
    taken(watch, spent(0, "1"), spent(1, "2"))
    looked(watch)
    assert (dollars(watch, "old"), dollars(watch, "new")) == (1, 2)
    state = watch.said["budget:new"].state
    assert state is not None
    assert state["tenants"] == ["risk", "search"]


def test_charges_corrections_on_their_way_and_older_revisions_do_not_count() -> None:
    watch = watching(catalog(budget("all", "100")))
    taken(
        watch,
        spent(0, "3", revision=2),
        spent(0, "2", revision=1),
        spent(0, "3", revision=2),
        spent(0, "3", revision=2, status="final", price_book="later"),
        spent(0, "50", generation=1, status="corrected"),
        spent(0, "70", pool="charge:shared"),
    )
    looked(watch)
    state = watch.said["budget:all"].state
    assert state is not None
    assert dollars(watch, "all") == 3
    assert (state["price_book"], state["revision"], state["positions"]) == ("later", 2, {"0": 1})


def test_each_part_of_the_limit_is_said_once() -> None:
    watch = watching(catalog(budget("all", "10", warn_at="['0.5', '0.8']")))
    taken(watch, spent(0, "4.99"))
    assert named(looked(watch)) == []
    taken(watch, spent(1, "0.01"))
    warned = "budget_warning/1/0.5/2026-01-01/budget:all"
    assert named(looked(watch, calm=False)) == [(warned, "opened")]
    assert watch.said["budget:all"].state == {**stated(watch), "stage": "warning"}
    taken(watch, spent(2, "5"))
    assert named(looked(watch, calm=False)) == [
        ("budget_warning/1/0.8/2026-01-01/budget:all", "opened"),
        ("budget_exceeded/1/1/2026-01-01/budget:all", "opened"),
    ]
    taken(watch, spent(3, "5"))
    assert named(looked(watch)) == []
    assert (stated(watch)["stage"], dollars(watch, "all")) == ("exceeded", 15)


def stated(watch: BudgetWatch) -> BudgetState:
    state = watch.said["budget:all"].state
    assert state is not None
    return state


def test_amounts_alone_wait_for_calm_and_are_said_again_when_asked() -> None:
    watch = watching(catalog(budget("all", "10000")))
    taken(watch, spent(0, "1"))
    assert [each.state is not None for each in looked(watch, calm=False)] == [True], "the first"
    taken(watch, spent(1, "1"))
    assert looked(watch, calm=False) == []
    assert dollars(watch, "all") == 1
    assert len(looked(watch)) == 1
    assert dollars(watch, "all") == 2
    assert looked(watch) == []
    (again,) = watch.due(T0 + 5 * MINUTE_US, {0: 1}, is_calm=True, again=True)
    assert again.state is not None


def test_a_raised_limit_resolves_and_is_another_alert_when_reached_again() -> None:
    watch = watching(catalog(budget("all", "10")))
    taken(watch, spent(0, "12"))
    looked(watch)
    raised = watching(catalog(budget("all", "20")), said=watch.said)
    taken(raised, spent(0, "12"))
    exceeded, warned = "budget_exceeded/1/1/2026-01-01/budget:all", "budget_warning/1/0.8/"
    ends = named(looked(raised))
    assert (exceeded, "resolved") in ends
    assert any(name.startswith(warned) and state == "resolved" for name, state in ends)
    taken(raised, spent(1, "8"))
    assert ("budget_exceeded/2/1/2026-01-01/budget:all", "opened") in named(looked(raised))


def test_a_budget_that_is_deleted_resolves_its_alerts_and_has_no_state_any_longer() -> None:
    watch = watching(catalog(budget("all", "10")))
    taken(watch, spent(0, "12"))
    looked(watch)
    bare = watching(catalog(budget("other", "10")), said=watch.said)
    (gone,) = [each for each in looked(bare) if each.budget_id == "budget:all"]
    assert gone.is_gone
    assert {alert["state"] for alert in gone.alerts} == {"resolved"}
    assert {alert["severity"] for alert in gone.alerts} == {"warning", "critical"}, "as opened"
    assert not [each for each in looked(bare) if each.budget_id == "budget:all"]


def test_a_new_period_resolves_and_begins_anew() -> None:
    watch = watching(catalog(budget("all", "10")))
    taken(watch, spent(0, "12"))
    looked(watch)
    (turned,) = looked(watch, FEBRUARY_US, calm=False) or looked(watch, FEBRUARY_US)
    assert {state for _, state in named([turned])} == {"resolved"}
    assert (stated(watch)["stage"], dollars(watch, "all")) == ("ok", 0)
    assert (stated(watch)["price_book"], stated(watch)["revision"]) == ("", None)
    taken(watch, spent(31 * 24 * 60, "11"))
    assert ("budget_exceeded/1/1/2026-02-01/budget:all", "opened") in named(
        looked(watch, FEBRUARY_US + 1)
    )


def test_a_rolling_alert_ends_when_clearly_less_is_spent() -> None:
    watch = watching(catalog(budget("all", "100", period="2 hours")))
    taken(watch, spent(0, "3"), spent(1, "3"), spent(2, "94"))
    exceeded = ("budget_exceeded/1/1/rolling/budget:all", "opened")
    assert exceeded in named(looked(watch, T0 + 3 * MINUTE_US))
    assert named(looked(watch, T0 + 2 * HOUR_US + MINUTE_US // 2)) == [], "97 are left"
    assert stated(watch)["stage"] == "warning", "what a gateway goes by is exact"
    assert (exceeded[0], "resolved") in named(looked(watch, T0 + 2 * HOUR_US + MINUTE_US))


def test_a_budget_spent_too_fast_is_said_by_both_windows_and_over_by_the_long_one() -> None:
    """20 USD in an hour are 2 % of 1,000 a month (744 hours), so 14.88 times as fast."""
    watch = watching(catalog(budget("all", "1000")))
    taken(watch, *(spent(minute, "0.4") for minute in range(49)))
    burning = [
        a["alert_id"] for each in looked(watch, T0 + 49 * MINUTE_US - 1) for a in each.alerts
    ]
    fast = "budget_burn/1/fast/2026-01-01/budget:all"
    assert burning == [fast], "19.60 USD: 14.58, above 14.4; the slow one is below 6 over 6 hours"
    taken(watch, *(spent(minute, "0.4") for minute in range(49, 55)))
    assert looked(watch, T0 + 55 * MINUTE_US, calm=False) == []
    assert looked(watch, T0 + 70 * MINUTE_US)[0].alerts == (), "still three quarters of it"
    (over,) = looked(watch, T0 + 80 * MINUTE_US)
    assert [(a["alert_id"], a["state"], a["revision"]) for a in over.alerts] == [
        (fast, "resolved", 2)
    ]


def test_spent_fast_but_not_lately_it_is_not_burning() -> None:
    watch = watching(catalog(budget("all", "1000")))
    taken(watch, spent(0, "30"))
    assert all(each.alerts == () for each in looked(watch, T0 + 20 * MINUTE_US))


def test_an_alert_of_speed_says_when_the_rest_is_gone() -> None:
    watch = watching(catalog(budget("all", "1000")))
    taken(watch, spent(0, "40"))
    (saying,) = looked(watch, T0 + MINUTE_US // 2)
    alert: Alert = saying.alerts[0]
    assert "29.8 times as fast" in alert["summary"]
    assert "the 960.00 USD that are left are gone in 24.0 hours" in alert["summary"]
    actual, expected, excess = (
        from_bytes(alert[name] or b"") for name in ("actual", "expected", "excess_per_hour")
    )
    assert (actual, expected) == (40 * PICO, 1_344_086_021_505)  # 1000 / 744
    assert excess == actual - expected


def test_too_little_of_a_period_seen_there_is_no_rate() -> None:
    watch = watching(catalog(budget("all", "1000")))
    taken(watch, spent(0, "40"))
    looked(watch, T0 + 59 * MINUTE_US)
    assert stated(watch)["burn_rate"] is None
    looked(watch, T0 + HOUR_US - 1 + MINUTE_US)
    assert stated(watch)["burn_rate"] == 0.0, "nothing in the last hour"


def test_windows_of_speed_are_in_proportion_to_the_period() -> None:
    for period in ("month", "week", "day", "24 hours", "90 days", "6 hours", "4 hours", "1 hours"):
        for pair in pairs(period):
            assert pair.short_us * 3 <= pair.long_us
            assert pair.factor * pair.long_us <= period_at(period, T0).for_us
    assert not pairs("1 hours")
    assert [pair.name for pair in pairs("6 hours")] == ["fast"]


def test_what_has_no_price_is_not_counted_and_said() -> None:
    watch = watching(catalog(budget("all", "10")))
    taken(watch, spent(0, "12"), spent(0, None, thing=1, kind="unpriced"))
    (saying,) = looked(watch)
    texts = [a["summary"] for a in saying.alerts if a["kind"] == "budget_exceeded"]
    said = (
        "Budget all: 12.00 of 10.00 USD are spent in the month from 2026-01-01: it is exceeded. "
        "See who spends it, or raise the limit in the catalog. 1 lines have no price yet and are "
        "not counted."
    )
    assert texts == [said]
    taken(watch, spent(0, "1", thing=1, revision=2))
    looked(watch)
    assert dollars(watch, "all") == 13


def test_an_entry_counts_from_its_date_on_with_all_of_its_period() -> None:
    date = "2026-01-01T00:10:00Z"
    watch = watching(
        catalog(budget("all", "10", effective_to=date), budget("all", "5", effective_from=date))
    )
    taken(watch, spent(0, "6"))
    looked(watch)
    assert (stated(watch)["stage"], dollars(watch, "all")) == ("ok", 6)
    looked(watch, T0 + 10 * MINUTE_US)
    assert (stated(watch)["stage"], from_bytes(stated(watch)["limit"])) == ("exceeded", 5 * PICO)


def settled(minute: int, pico: int, pool: str | None = None) -> Settled:
    what = What("search", None, None, None, pool or "", "USD")
    start_us = T0 + minute * MINUTE_US
    newest = Newest(start_us, start_us + MINUTE_US, int(pool is not None), 1, 1, "book-1")
    return Settled(what, start_us, start_us, pool, pico, 0, newest)


def test_a_line_of_a_window_settled_makes_its_budgets_wait_until_the_hour_is_read_again() -> None:
    past = Past({0: 10}, T0 + HOUR_US, (settled(0, 3 * PICO), settled(61, PICO, "api:openai")))
    watch = watching(catalog(budget("all", "100"), budget("risk", "9", tenant="risk")), past)
    looked(watch)
    assert dollars(watch, "all") == 4
    taken(watch, spent(0, "3"), first=9)  # the store had it
    assert not watch.ledger.stale
    taken(watch, spent(0, "5", revision=2), spent(70, "1"), first=10)
    assert watch.ledger.stale == {T0: {0: 11}}
    assert looked(watch) == [], "all waits, and risk has nothing new"
    watch.ledger.mend(Past({0: 10}, T0 + HOUR_US, (settled(0, 3 * PICO),)), [T0])
    assert looked(watch) == [], "the store did not have the line yet"
    watch.ledger.mend(Past({0: 11}, T0 + HOUR_US, (settled(0, 5 * PICO),)), [T0])
    looked(watch)
    assert dollars(watch, "all") == 7


def test_a_corrected_window_counts_in_place_of_its_lines() -> None:
    watch = watching(catalog(budget("all", "100")))
    taken(watch, spent(0, "6"), spent(0, "1", pool="other"), spent(1, "2"))
    watch.ledger.mend(Past({}, 0, (settled(0, PICO, "api:openai"),)), [T0])
    taken(watch, spent(0, "9", revision=7), first=4)  # of what was corrected
    looked(watch)
    assert dollars(watch, "all") == 4


def test_what_was_settled_while_its_correction_was_read_is_read_again() -> None:
    watch = watching(catalog(budget("all", "100")))
    taken(watch, spent(0, "6"), spent(45, "1"))  # settles the first
    watch.ledger.mend(Past({}, 0, (settled(0, PICO, "api:openai"),)), [T0])
    assert set(watch.ledger.stale) == {T0}
    watch.ledger.mend(Past({}, watch.ledger.since_us, (settled(0, PICO),)), [T0])
    looked(watch)
    assert not watch.ledger.stale
    assert dollars(watch, "all") == 2


def test_old_windows_are_kept_by_the_hour_and_what_no_period_needs_not_at_all() -> None:
    watch = watching(catalog(budget("all", "1000"), budget("day", "1000", period="day")))
    taken(watch, *(spent(minute, "1") for minute in range(0, 60 * 60, 10)))
    at_us = T0 + 60 * HOUR_US - 1
    watch.ledger.coarsen(at_us)
    month, day = map(len, watch.ledger.sums)
    assert month < 60 + 8 * 6
    assert day <= 12 + 8 * 6
    assert watch.ledger.lines == 3  # of the last half hour
    looked(watch, at_us)
    assert (dollars(watch, "all"), dollars(watch, "day")) == (360, 72)


def test_a_line_of_a_window_settled_here_is_missed_although_the_store_had_it() -> None:
    """The store is ahead of this reader: the hour was read again, but not that window of it."""
    watch = watching(catalog(budget("all", "100")), Past({0: 0}, T0))
    taken(watch, spent(0, "3"), spent(45, "1"))  # settles the first by what was read of it
    watch.ledger.mend(Past({0: 9}, T0), [T0])  # asked before that
    taken(watch, spent(0, "4", revision=2), first=5)
    assert watch.ledger.stale == {T0: {0: 6}}
    watch.ledger.mend(Past({0: 9}, watch.ledger.since_us, (settled(0, 4 * PICO),)), [T0])
    looked(watch)
    assert dollars(watch, "all") == 5
