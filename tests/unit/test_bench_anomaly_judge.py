"""The bench of anomalies end to end on hours, and how it holds alerts against what was injected."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from schemas.decimals import to_bytes
from schemas.records import Alert, AlertState, Contributor
from streams.core.alerts import NO_DETAILS
from streams.core.money import PICO
from streams.core.price_book import PriceBook
from streams.core.windows import MINUTE_US, SECOND_US
from tests.bench.anomaly.arrival import DELAY_US, FINAL_US, Waiting
from tests.bench.anomaly.customers import Use
from tests.bench.anomaly.drive import Driven, Saying, drive
from tests.bench.anomaly.hearing import Hearing
from tests.bench.anomaly.injection import Injection
from tests.bench.anomaly.judge import Score, is_fall, judge
from tests.bench.anomaly.minutes import Minute
from tests.bench.anomaly.priced import Raise
from tests.bench.anomaly.season import DAY, at_us
from tests.bench.anomaly.tables import tables
from tests.bench.anomaly.world import Inputs, World, draw_world
from tests.builders.cost_lines import line

ACME = Use("acme", "chat", "gpt-4o", "gw-0", "azure", "steady", 10.0)
OTHER = replace(ACME, tenant="other")
LOOP = Injection("runaway loop", 100, 160, ("acme",), frozenset([ACME.name]), Decimal(10))
SILENCE = Injection("dead source", 100, 160, ("acme",), frozenset([ACME.name]))


def world(*injections: Injection) -> World:
    """A month of two tenants, of which nothing is drawn."""
    nothing, no_book = cast("Inputs", None), cast("PriceBook", None)  # as nothing is priced
    return World(1, 30 * DAY, nothing, (ACME, OTHER), (), injections, no_book, quiet=0)


def saying(
    minute: float, per_hour: int = 200, state: AlertState = "opened", **changes: object
) -> Saying:
    """An alert about acme."""
    alert = {
        **NO_DETAILS,
        "tenant": "acme",
        "kind": "cost_anomaly",
        "state": state,
        "excess_per_hour": to_bytes(per_hour * PICO),
        "contributors": [part("model", "gpt-4o"), part("project", "chat")],
        **changes,
    }
    return Saying(at_us(0) + round(minute * MINUTE_US), cast("Alert", alert))


def silent(minute: float, source: str) -> Saying:
    """An alert about a source that is not heard."""
    return saying(minute, 0, kind="source_silent", tenant="__platform__", source=source)


def part(dimension: str, value: str) -> Contributor:
    return {"dimension": dimension, "value": value, "excess": b"", "share": 0.9}


def score(injection: Injection, *sayings: Saying, per_hour: int = 60) -> Score:
    """What is made of alerts when an injection cost so much in each minute but its first."""
    extra = {
        minute: per_hour * PICO // 60 * (minute > injection.begin)
        for minute in range(injection.begin, injection.end)
    }
    return judge(Driven(world(injection), list(sayings), [extra], series=7))


def test_an_overspend_is_found_so_long_after_its_first_minute_that_counts() -> None:
    found = score(LOOP, saying(104.5), saying(150))
    (one,) = found.found
    assert (one.after, one.is_rightly_put) == (3.5, True)  # the first minute cost nothing
    assert not found.wrong
    assert len(found.meant) == 2


def test_an_alert_that_went_on_before_counts_when_it_says_more() -> None:
    found = score(LOOP, saying(90), saying(103, state="updated"))
    assert [each.after for each in found.found] == [2.0]
    assert [each.now_us for each in found.wrong] == [at_us(90)]


@pytest.mark.parametrize(
    "said",
    [
        saying(99),
        saying(175),
        saying(120, tenant="other"),
        saying(120, -200),
        saying(120, state="resolved"),
    ],
    ids=["before", "after", "another tenant", "too little", "over"],
)
def test_what_is_not_about_an_overspend_does_not_find_it(said: Saying) -> None:
    found = score(LOOP, said)
    assert [each.after for each in found.found] == [None]
    assert len(found.wrong) + len(found.wrong_falls) == (said.alert["state"] == "opened")


def test_an_overspend_that_costs_too_little_is_not_to_be_found_and_may_be() -> None:
    assert not score(LOOP, per_hour=50).found
    found = score(LOOP, saying(120), per_hour=50)
    assert not found.found
    assert not found.wrong


def test_an_alert_that_names_another_cause_is_not_put_right() -> None:
    wrong = [part("model", "gpt-4o-mini"), part("project", "chat"), part("model", "gpt-4o")]
    assert [e.is_rightly_put for e in score(LOOP, saying(104, contributors=wrong)).found] == [False]
    assert [e.is_rightly_put for e in score(LOOP, saying(104, contributors=[])).found] == [False]


def of_price(model: str) -> Saying:
    """An alert of the platform about a model."""
    kind, nobody = "price_change", "__platform__"
    return saying(102, tenant=nobody, kind=kind, model=model, contributors=[])


def test_a_changed_price_is_found_by_what_is_said_of_its_model_and_by_nothing_else() -> None:
    uses, model = frozenset([ACME.name]), ACME.model
    raised = Injection("price change", 100, 160, ("acme",), uses, Decimal(2), model)
    found = score(raised, of_price("gpt-4o"))
    assert [(each.after, each.is_rightly_put) for each in found.found] == [(1.0, True)]
    assert not found.wrong
    assert not score(raised, saying(102)).wrong  # of a tenant that pays it
    for wrong in (score(raised, of_price("o3")), score(LOOP, of_price("gpt-4o"))):
        assert [each.after for each in wrong.found] == [None]
        assert len(wrong.wrong) == 1


def test_a_fall_is_told_by_an_alert_of_too_little_only() -> None:
    assert score(SILENCE, saying(120, -200)).falls == {"dead source": [True]}
    told = score(SILENCE, saying(120))
    assert told.falls == {"dead source": [False]}
    assert len(told.wrong) == 1


def test_tables_have_the_counts() -> None:
    text = tables([score(LOOP, saying(104.5), saying(2_000)), score(SILENCE, saying(120, -1))])
    assert "| runaway loop | 1 | 100 % | 100 % | 3.5 | 3.5 | 100 % |" in text
    assert "| dead source | 1 | 100 % |" in text
    assert "| cost_anomaly | 2 | 1 | 0.25 | 0 | 0.00 | 67 % |" in text  # two tenants, twice
    assert "4.0 tenant-months, 14.0 series-months; 0.07 false alerts a series-month." in text


def test_a_dead_source_is_told_by_its_silence_and_another_one_is_not() -> None:
    dead = replace(SILENCE, source="gw-0")
    told = score(dead, silent(107, "gw-0"))
    assert (told.falls, told.wrong_falls) == ({"dead source": [True]}, [])
    other = score(dead, silent(107, "gw-1"))
    assert other.falls == {"dead source": [False]}
    assert [each.alert["source"] for each in other.wrong_falls] == ["gw-1"]


def test_too_little_while_data_is_late_is_false() -> None:
    late = Injection("late data", 100, 160, ("acme",), pool="api:openai")
    told = score(late, saying(120, -200))
    assert (told.falls, len(told.wrong_falls)) == ({}, 1)


def test_a_source_is_heard_as_the_product_asks_for_it() -> None:
    """It pauses three times for five minutes, so it is missed after fifteen."""
    hearing = Hearing(at_us(0))
    said = []
    for minute in range(260):
        is_heard = minute < 240 and minute % 60 < 56
        hearing.hear(minute, ["gw-0", "gw-1"] if is_heard else ["gw-1"])
        said += [(minute, alert["source"], alert["state"]) for alert in hearing.said(minute)]
    assert said == [(251, "gw-0", "opened")]  # silent since 236, and the minute is over at 252


def test_lines_come_when_their_minute_is_over_and_again_as_final() -> None:
    waiting = Waiting([])
    waiting.add(Minute(0, at_us(0), [line(1), line(2, pool="train")], None))  # type: ignore[arg-type]  # nobody asks what is extra
    come = [
        (each.now_us - at_us(0) - DELAY_US, [found["status"] for found in each.lines])
        for each in waiting.until(at_us(60))
    ]
    assert [at for at, _ in come] == [
        30 * SECOND_US, MINUTE_US, MINUTE_US, MINUTE_US + FINAL_US, MINUTE_US + FINAL_US
    ]  # fmt: skip


def test_what_is_late_waits_and_comes_at_once() -> None:
    late = Injection("late data", 0, 40, pool="api:openai")
    waiting = Waiting([late])
    for number in range(3):
        lines = [line(number, status="final"), line(9 + number, pool="train", status="final")]
        waiting.add(Minute(number, at_us(number), lines, None))  # type: ignore[arg-type]  # as above
    until = [each for each in waiting.until(at_us(60)) if each.lines[0]["pool"] == "api:openai"]
    assert {each.now_us for each in until} == {at_us(40) + DELAY_US}
    assert len(until) == 9  # half a line, all, and all as final, of three minutes


def test_a_minute_is_closed_when_all_of_it_that_is_final_has_come() -> None:
    waiting = Waiting([Injection("late data", 0, 40, pool="api:openai")])
    for number in range(3):
        lines = [line(number), line(9 + number, pool="train")]
        lines = [{**each, "window_start_us": at_us(number), "status": "final"} for each in lines]
        waiting.add(Minute(number, at_us(number), lines, None))  # type: ignore[arg-type]  # as above
    assert waiting.closed_us == at_us(0)
    assert list(waiting.until(at_us(39)))
    assert waiting.closed_us == at_us(0)  # the other pool's are there
    assert list(waiting.until(at_us(41)))
    assert waiting.closed_us is None  # nothing is on its way


@pytest.mark.shared
def test_a_loop_is_found_by_the_watch_of_costs_and_late_data_is_none(
    shared_data: Path,
) -> None:
    calm = draw_world(7, 28 * DAY, Inputs(shared_data)).untroubled()
    use = max((each for each in calm.uses if each.shape == "steady"), key=lambda each: each.rate)
    loop = Injection("runaway loop", 220, 240, (use.tenant,), frozenset([use.name]), Decimal(20))
    late = Injection("late data", 180, 200, pool="api:openai")
    driven = drive(replace(calm, minutes=240, quiet=180, injections=(late, loop)))
    found = judge(driven)
    assert [each.after is not None and each.after <= 5 for each in found.found] == [True]
    assert [each.is_rightly_put for each in found.found] == [True]
    assert not found.wrong
    opened = [each for each in driven.sayings if each.alert["state"] == "opened"]
    assert all(is_fall(each.alert) for each in opened if each.now_us < at_us(220))


@pytest.mark.shared
def test_a_price_raised_by_a_third_is_found_at_once_whoever_pays_it(shared_data: Path) -> None:
    """Of 650 USD an hour at first; nothing else is said to cost before it."""
    inputs, model = Inputs(shared_data), "claude-sonnet-4-5"
    calm = draw_world(7, 28 * DAY, inputs).untroubled()
    uses = [use for use in calm.uses if use.model == model]
    tenants, names = tuple(use.tenant for use in uses), frozenset(use.name for use in uses)
    factor = Decimal("1.3")
    raised = Injection("price change", 60, 75, tenants, names, factor, model)
    book = inputs.prices.raised([Raise(model, factor, at_us(60), at_us(75))])
    driven = drive(replace(calm, minutes=78, quiet=45, injections=(raised,), book=book))
    [found] = judge(driven).found
    assert found.after is not None
    assert found.after <= 2
    first = min(driven.sayings, key=lambda each: each.now_us).alert
    assert (first["kind"], first["model"]) == ("price_change", model)
    assert first["since_us"] == at_us(60)
