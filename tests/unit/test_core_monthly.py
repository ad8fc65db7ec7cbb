"""Monthly amounts: whole, by the window, whoever says that their time went by and however often."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.records import CostLine, Partial
from streams.core.accrual import STEP_US, Step, due
from streams.core.catalog import Catalog, Entries
from streams.core.lines import NO_MONEY
from streams.core.metering import Rules, meter_batch
from streams.core.monthly import EPOCH, Month, MonthOfCost, month_of, months, spread
from streams.core.shared_costs import Share, SharedCost
from streams.core.tenants import Tenant
from streams.core.timeline import FOREVER
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US
from streams.explain.line_steps import line_steps
from streams.explain.step import total as total_of
from tests.builders.drawing import ORIGIN, agreed, lines, plain, total
from tests.builders.explained import made_of
from tests.builders.terms import book, rules

USD = 10**12
FEBRUARY_2028 = datetime(2028, 2, 1, tzinfo=UTC)  # of 29 days
TENANTS = ("acme", "globex", "initech")


def us(instant: datetime) -> int:
    """Return an instant in microseconds."""
    return int((instant - EPOCH).total_seconds()) * 10**6


FEBRUARY = month_of(us(FEBRUARY_2028))


def licence(**changes: Any) -> SharedCost:  # noqa: ANN401  # fields of it
    """Return 1,000 USD a month, shared evenly by three."""
    fixed: dict[str, Any] = {
        "key": "even", "monthly": 1000 * USD, "currency": "USD", "among": TENANTS
    }  # fmt: skip
    return SharedCost("licence", **{**fixed, **changes})


def terms(*shared: SharedCost, window_us: int = MINUTE_US, tenants: Any = None) -> Rules:  # noqa: ANN401  # as Entries has them
    """Return rules with these shared costs."""
    catalog = Catalog("catalog-1", Entries(tenants=tenants, shared=shared))
    return rules(book(), catalog, window_us)


def partials(ruled: Rules, *steps: Step) -> list[Partial]:
    """Meter steps, each as the batch that it is."""
    metered = [
        meter_batch("ResourceUsageBatch", step.batch(), ORIGIN, ruled, FEBRUARY.to_us * 2)
        for step in steps
    ]
    assert not any(each.rejected for each in metered)
    return [partial for each in metered for partial in each.partials]


def drawn(ruled: Rules, *steps: Step) -> list[CostLine]:
    """Return the lines that steps make."""
    return lines(partials(ruled, *steps), agreed(ruled))


def step(number: int, name: str = "licence", month: Month = FEBRUARY) -> Step:
    """Return one step of a month."""
    return Step(MonthOfCost(name, month), number)


@pytest.mark.parametrize(
    ("year", "month", "days"), [(2026, 1, 31), (2026, 2, 28), (2028, 2, 29), (2026, 4, 30)]
)
def test_months_are_those_of_the_calendar(year: int, month: int, days: int) -> None:
    found = month_of(us(datetime(year, month, 14, 15, tzinfo=UTC)))
    assert found.from_us == us(datetime(year, month, 1, tzinfo=UTC))
    assert found.to_us - found.from_us == days * DAY_US
    assert month_of(found.to_us - 1) == found
    assert month_of(found.to_us) == Month(found.number + 1)


@pytest.mark.parametrize("amount", [1, 7 * USD + 3])
def test_the_lines_of_a_leap_february_sum_to_its_amount(amount: int) -> None:
    """Windows of six hours, three takers: 29 x 4 windows, 348 lines."""
    steps = list(due(MonthOfCost("licence", FEBRUARY), 0, FEBRUARY.to_us))
    assert len(steps) == 29 * 480
    found = drawn(terms(licence(monthly=amount), window_us=6 * HOUR_US), *steps)
    assert len(found) == 29 * 4 * 3
    assert total(found) == amount
    assert sum(line["events"] for line in found) == len(steps)


def test_a_window_is_split_evenly_to_the_pico() -> None:
    """29 days are 41,760 minutes; a minute of 41,760 x 10 pico is 10: 4 + 3 + 3."""
    found = drawn(terms(licence(monthly=417_600)), step(0))
    assert [(row.tenant, row.cost) for row in plain(found)[:3]] == [
        ("acme", "0.000000000004"), ("acme", "0.000000000004"), ("acme", "0.000000000004")
    ]  # fmt: skip
    assert total(found) == 3 * 10
    assert {(line["kind"], line["meter"], line["model"], line["pool"]) for line in found} == {
        ("shared", "shared.monthly", "licence", "shared:licence")
    }


def test_fixed_shares_are_as_written() -> None:
    """Of 41,760 x 100 pico a month, 100 a minute: 62.5 and 37.5, the tie to the first by name."""
    shares = (Share("globex", 375_000), Share("acme", 625_000))
    found = drawn(terms(licence(key="fixed", among=(), shares=shares, monthly=4_176_000)), step(0))
    assert [row.cost for row in plain(found) if row.tenant == "acme"] == ["0.000000000063"] * 3
    assert [row.cost for row in plain(found) if row.tenant == "globex"] == ["0.000000000037"] * 3


def test_a_level_shares_what_has_no_names() -> None:
    tenants = (Tenant("corp", None, "corporate"), Tenant("a", "corp", "feature"),
               Tenant("b", "corp", "feature"))  # fmt: skip
    found = drawn(terms(licence(among=(), level="feature"), tenants=tenants), step(0))
    assert {line["tenant"] for line in found} == {"a", "b"}


def test_what_depends_on_usage_is_of_nobody_until_it_is_shared() -> None:
    found = drawn(terms(licence(key="proportional")), step(0))
    assert {line["tenant"] for line in found} == {"__unattributed__"}
    assert total(found) == spread(1000 * USD, FEBRUARY.from_us, FEBRUARY.from_us + STEP_US)


def test_time_said_twice_costs_once() -> None:
    """The same batch again, and somebody else who says the same time."""
    ruled = terms(licence())
    once = partials(ruled, step(5))
    other: list[Partial] = [{**each, "source": "somebody else"} for each in once]
    assert total(lines([*once, *once, *other], agreed(ruled))) == total(lines(once, agreed(ruled)))


def test_a_window_of_which_less_went_by_costs_less() -> None:
    """Six hours of a month of 116 such: 3 minutes of them are a 120th."""
    ruled = terms(licence(monthly=116 * 120 * USD), window_us=6 * HOUR_US)
    assert total(drawn(ruled, step(0))) == USD


def test_another_currency_is_unpriced_not_guessed() -> None:
    found = drawn(terms(licence(currency="EUR")), step(0))
    assert {line["cost"] for line in found} == {None}


def test_time_of_what_no_catalog_has_costs_nothing() -> None:
    found = drawn(terms(licence()), step(0, "gone"))
    assert {(line["tenant"], line["kind"]) for line in found} == {("__unattributed__", "shared")}
    assert total(found) == 0


def test_an_amount_that_changes_inside_a_month_is_paid_by_the_time_of_each() -> None:
    """14.5 of 29 days each: half of 1,000 and half of 2,000."""
    middle_us = (FEBRUARY.from_us + FEBRUARY.to_us) // 2
    costs = (licence(to_us=middle_us), licence(monthly=2000 * USD, from_us=middle_us))
    steps = due(MonthOfCost("licence", FEBRUARY), 0, FEBRUARY.to_us)
    assert total(drawn(terms(*costs, window_us=6 * HOUR_US), *steps)) == 1500 * USD


def test_a_month_is_accrued_once_whatever_is_said_of_it() -> None:
    middle_us = (FEBRUARY.from_us + FEBRUARY.to_us) // 2
    costs = (licence(to_us=middle_us), licence(from_us=middle_us, to_us=FOREVER))
    found = list(months(costs, FEBRUARY.from_us, FEBRUARY.to_us + 1))
    assert found == [
        MonthOfCost("licence", FEBRUARY),
        MonthOfCost("licence", Month(FEBRUARY.number + 1)),
    ]
    assert list(months([SharedCost("team", "even", tenant="team")], 0, FEBRUARY.to_us)) == []


def test_the_lines_of_a_month_are_explained_to_the_pico() -> None:
    """A window in which the amount is split, one of which half went by, and another currency."""
    for cost in (licence(), licence(key="proportional"), licence(currency="EUR")):
        ruled = terms(cost, window_us=2 * STEP_US)
        [made] = made_of(ruled, [[step(7).event()]])
        assert made.lines
        for what, figures in made.lines.items():
            assert total_of(line_steps(made, what)) == (figures.money or NO_MONEY)


def test_a_batch_says_nothing_of_money_or_of_who_sends_it() -> None:
    batch = step(2).batch()
    assert (batch["source"], batch["epoch"], batch["seq"]) == (
        "accrual-shared:licence", FEBRUARY.from_us, 2
    )  # fmt: skip
    assert batch["sent_at_us"] == FEBRUARY.from_us + 3 * STEP_US
