"""What budgets come to at the end of their period, by what was spent hour by hour."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import pytest

from schemas.decimals import from_bytes
from schemas.records import BudgetState
from streams.config.catalog import load_catalog
from streams.core.budgets import outlook as outlook_module
from streams.core.budgets.ledger import Ledger, Past, Settled
from streams.core.budgets.outlook import Outlook, counts, first_us
from streams.core.budgets.scopes import Scopes, What
from streams.core.budgets.standing import Outcome
from streams.core.budgets.watch import BudgetWatch
from streams.core.forecast.drivers import Driver
from streams.core.forecast.forecaster import Forecaster
from streams.core.job_cost import Newest
from streams.core.money import PICO
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US
from tests.builders.budgets import TREE, budget, budgets, spent
from tests.builders.usage import T0

FIRST_US = T0 - 20 * DAY_US  # of spending
NEWEST = Newest(0, 0, 0, 0, 0, "")
CATALOG = load_catalog(
    budgets(
        budget("retail", "1000", tenant="retail"),
        budget("day", "1000", "day"),
        budget("gpt", "1000", "week", models="['gpt-*']"),
        budget("rolling", "1000", "7 days"),
    )
)
RETAIL, DAY, GPT, ROLLING = range(4)


def cost(at_us: int, pico: int = PICO, tenant: str = "search", model: str = "gpt-4o") -> Settled:
    what = What(tenant, None, model, None, "", "USD")
    return Settled(what, at_us, at_us, None, pico, 0, NEWEST)


def hours(since_us: int, until_us: int, pico: int = PICO) -> Iterator[Settled]:
    """Yield an hourly cost of search, and one of risk with another model."""
    for at_us in range(max(since_us, FIRST_US), until_us, HOUR_US):
        yield cost(at_us, pico)
        yield cost(at_us, 2 * pico, "risk", "llama")


def told(outlook: Outlook, until_us: int) -> Outlook:
    """Tell what was spent until an instant, as far as it needs to know."""
    since_us = outlook.since_us(until_us)
    learn(outlook, hours(since_us, until_us), since_us, until_us)
    return outlook


def learn(outlook: Outlook, settled: Iterable[Settled], since_us: int, until_us: int) -> list[int]:
    """Have all of it told and learned; return of which budgets."""
    outlook.tell(settled)
    return list(outlook.learn(since_us, until_us))


def knowing(*untils_us: int) -> Outlook:
    outlook = Outlook(Scopes(CATALOG))
    for until_us in untils_us:
        told(outlook, until_us)
    return outlook


def dollars(outlook: Outlook, at_us: int) -> dict[int, float]:
    return {number: each.pico / PICO for number, each in outlook.outcomes(at_us, CATALOG).items()}


AT_US = T0 + 10 * DAY_US + 6 * HOUR_US  # a Sunday; weeks begin on Monday


def test_what_goes_on_as_it_went_comes_to_all_hours_of_the_period() -> None:
    """1.00 an hour in January, 3.00 in a day, 1.00 in a week; the last 7 days have no end."""
    found = dollars(knowing(AT_US), AT_US)
    assert found == pytest.approx({RETAIL: 31 * 24, DAY: 3 * 24, GPT: 7 * 24})
    starts = {n: each.start_us for n, each in knowing(AT_US).outcomes(AT_US, CATALOG).items()}
    assert starts == {RETAIL: T0, DAY: AT_US - 6 * HOUR_US, GPT: T0 + 4 * DAY_US}


def test_what_was_spent_is_in_it_as_it_was() -> None:
    """A hundred dollars an hour ago are spent, whatever is usual."""
    outlook = Outlook(Scopes(CATALOG))
    until_us = AT_US + HOUR_US
    learn(outlook, [*hours(0, until_us), cost(AT_US, 100 * PICO)], 0, until_us)
    assert outlook.outcomes(AT_US, CATALOG)[DAY].pico >= (7 * 3 + 100) * PICO


def test_two_days_must_be_seen() -> None:
    at_us = FIRST_US + 47 * HOUR_US
    assert dollars(knowing(at_us), at_us) == {}
    at_us += HOUR_US
    assert dollars(knowing(at_us), at_us).keys() == {RETAIL, DAY, GPT}


def test_nothing_is_said_of_what_costs_nothing() -> None:
    outlook = Outlook(Scopes(load_catalog(budgets(budget("shop", "10", tenant="shop")))))
    learn(outlook, hours(0, AT_US), 0, AT_US)
    assert outlook.outcomes(AT_US, CATALOG) == {}


@pytest.mark.parametrize("step", [1, 5, 30])
def test_hour_by_hour_it_says_what_is_said_by_who_begins_now(step: int) -> None:
    """Whoever learned along the day says what is said by who reads it all at once."""
    along = range(AT_US - 60 * HOUR_US, AT_US + HOUR_US, step * HOUR_US)
    known = knowing(*along)
    other = knowing(known.known_us)
    assert known.outcomes(AT_US, CATALOG) == other.outcomes(AT_US, CATALOG)


def test_the_day_before_is_read_again_and_what_came_late_is_learned_after_midnight() -> None:
    outlook = knowing(AT_US)
    late = cost(AT_US - 20 * HOUR_US, 50 * PICO)
    until_us = AT_US + 20 * HOUR_US
    since_us = outlook.since_us(until_us)
    assert since_us == T0 + 9 * DAY_US
    everything = [*hours(since_us, until_us), late]
    learn(outlook, everything, since_us, until_us)
    anew = Outlook(Scopes(CATALOG))
    learn(anew, [*hours(0, until_us), late], 0, until_us)
    assert outlook.outcomes(until_us, CATALOG) == anew.outcomes(until_us, CATALOG)
    assert dollars(outlook, until_us)[RETAIL] > 31 * 24 + 49


def test_no_more_than_nine_weeks_are_kept_and_no_less_than_eight() -> None:
    later_us = AT_US + 70 * DAY_US
    midnight_us = later_us - 6 * HOUR_US
    outlook = knowing(AT_US, later_us)
    kept = {number: min(costs) for number, costs in outlook._costs.items()}
    assert kept == {number: first_us(later_us, number) // HOUR_US for number in kept}
    for number in range(7):
        weeks_us = midnight_us - first_us(later_us, number)
        assert 56 * DAY_US <= weeks_us < 63 * DAY_US


def test_each_budget_is_learned_anew_once_a_week_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three budgets, so on three of seven midnights one each begins anew."""
    outlook = knowing(AT_US)
    begun: list[int] = []

    def begin(hour: int) -> Forecaster:
        begun.append(hour)
        return Forecaster(hour)

    monkeypatch.setattr(outlook_module, "Forecaster", begin)
    for day in range(1, 8):
        told(outlook, AT_US + day * DAY_US)
    assert len(begun) == 3
    at_us = AT_US + 7 * DAY_US
    assert outlook.outcomes(at_us, CATALOG) == knowing(at_us).outcomes(at_us, CATALOG)


def driver(tenant: str | None = None, pool: str | None = None, **more: object) -> Driver:
    given = {"per_day": 24 * PICO, "currency": "USD", "from_us": AT_US} | more
    return Driver("d", tenant, pool, **given)  # type: ignore[arg-type]  # given by the test


TWICE: dict[str, Any] = {"per_day": None, "currency": None, "factor": Fraction(2)}


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        (driver("search"), {"all", "retail", "search"}),  # and all above it
        (driver("corp"), {"all"}),
        (driver("search", "h100"), {"all", "retail", "search", "pool"}),
        (driver(None, "h100"), {"all", "pool"}),
        (driver("search", currency="EUR"), set()),
        (driver(**TWICE), {"all", "retail", "search", "pool", "model"}),
        (driver("search", **TWICE), {"search"}),
        (driver(None, "h100", **TWICE), {"pool"}),
    ],
)
def test_what_is_planned_counts_where_it_is_known_to(planned: Driver, expected: set[str]) -> None:
    catalog = load_catalog(
        budgets(
            budget("all", "10"),
            budget("retail", "10", tenant="retail"),
            budget("search", "10", tenant="search"),
            budget("pool", "10", pools="[h100]"),
            budget("model", "10", tenant="search", models="['gpt-*']"),
        )
    )
    found = {each.name for each in catalog.entries.budgets if counts(planned, each, catalog)}
    assert found == expected


def test_what_is_planned_is_in_what_a_budget_comes_to() -> None:
    """A dollar an hour more for the 20 days and 18 hours that are left of January."""
    text = (
        "drivers: [{name: new, tenant: search, per_hour: '1', currency: USD, "
        "effective_from: 2026-01-11T06:00:00Z}]\n"
    )
    found = knowing(AT_US).outcomes(AT_US, load_catalog(TREE + text))
    assert found[RETAIL].pico / PICO == pytest.approx(31 * 24 + 20 * 24 + 18)


def states(
    watch: BudgetWatch, minute: int, *, calm: bool = True, again: bool = False
) -> list[BudgetState]:
    due = watch.due(T0 + minute * MINUTE_US, {0: 1}, is_calm=calm, again=again)
    watch.told(due)
    return [each.state for each in due if each.state is not None]


def forecasts(found: Iterable[BudgetState]) -> list[int | None]:
    return [None if (of := each["forecast"]) is None else from_bytes(of) for each in found]


def watching(text: str) -> BudgetWatch:
    catalog = load_catalog(text)
    watch = BudgetWatch(catalog, Ledger(Scopes(catalog), Past({}, 0), HOUR_US), {})
    watch.ledger.take(spent(0, "1"), 0, 0)
    return watch


def test_a_state_is_not_said_again_because_its_forecast_moved() -> None:
    watch = watching(budgets(budget("all", "1000000")))
    assert forecasts(states(watch, 2)) == [None]
    watch.outcomes = {0: Outcome(T0, 744 * PICO)}
    assert states(watch, 2) == []
    assert forecasts(states(watch, 2, again=True)) == [744 * PICO]
    watch.outcomes = {0: Outcome(T0, 750 * PICO)}
    assert states(watch, 2) == []
    watch.ledger.take(spent(1, "1"), 0, 1)
    assert states(watch, 2, calm=False) == [], "amounts wait for the calm"
    assert forecasts(states(watch, 2)) == [750 * PICO]


def test_a_forecast_of_another_period_is_none() -> None:
    watch = watching(budgets(budget("day", "100", "day")))
    watch.outcomes = {0: Outcome(T0 - DAY_US, 744 * PICO)}
    assert forecasts(states(watch, 2)) == [None]
