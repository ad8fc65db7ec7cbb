"""What a watch knows of quarters of an hour, and says of what went on while nobody led."""

from collections.abc import Iterable
from functools import cache

import pytest

from schemas.decimals import from_bytes
from schemas.records import Alert
from streams.core.anomaly.detector import Quarter
from streams.core.series.board import Limits
from streams.core.series.buckets import Slice
from streams.core.series.cells import Amounts, Cell
from streams.core.series.episode import QUIET
from streams.core.series.keys import SeriesKey
from streams.core.series.past import Past
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US
from tests.builders.series import Fed, past_of
from tests.builders.usage import T0

USD = 10**12
DAYS = 8
NOW = DAYS * 1440  # minutes since T0
KEY = SeriesKey("tenant", "acme", "", "", "USD")
BURST = range(60, 75)  # minutes of the last two hours that cost 120 USD an hour and more
NAME = f"cost_anomaly/{KEY.name}/{{}}"


def minute(number: int, cost: float, tenant: str = "acme") -> Slice:
    """Return a minute in which a tenant spends some USD."""
    start_us = T0 + number * MINUTE_US
    sums = {Cell(tenant, "m", "p", "api:openai", "USD"): Amounts(round(cost * USD))}
    return Slice(start_us, start_us + MINUTE_US, sums, is_final=True)


def usual(number: int) -> float:
    """Return USD of a minute: 5 or 7 an hour, by day ten times as much."""
    day = 8 <= number % 1440 / 60 < 20
    return (0.12 if number % 2 else 0.08) * (10 if day else 1)


@cache
def days(until: int) -> tuple[Past, ...]:
    """Return the quarters before some minute, six hours at once."""
    parts = (range(first, min(first + 360, until)) for first in range(0, until, 360))
    return tuple(past_of(minute(n, usual(n)) for n in part) for part in parts)


def knowing(until: int = NOW - 120, limits: Limits | None = None) -> Fed:
    """Return a watch that was told of days by the quarter."""
    found = Fed(limits=limits)
    for past in days(until):
        found.watch.recall(past)
    return found


def costs(last: int, burst: Iterable[int] = BURST) -> list[Slice]:
    """Return the minutes from two hours before until some minute of them."""
    return [
        minute(number, 2.5 if number - NOW + 120 in burst else usual(number))
        for number in range(NOW - 120, NOW - 120 + last)
    ]


def replayed(each: Fed, past: Iterable[Slice], said: Iterable[Alert] = ()) -> Fed:
    """Return a watch that began to lead, and what it says at once."""
    each.watch.remember(said)
    for one in past:
        each.watch.replay(one)
    each.look(0)
    return each


def began(at: int) -> str:
    """Return the name of an alert that began in a minute of the last two hours."""
    return NAME.format(T0 + (NOW - 120 + at) * MINUTE_US)


def usd(alert: Alert) -> float:
    return from_bytes(alert["excess"] or b"") / USD


def test_mornings_are_usual_to_who_was_told_of_quarters() -> None:
    """Ten times the cost of the night at eight: who saw the night alone says it is too much."""
    at_noon = range(NOW - 1440, NOW - 1440 + 10 * 60)
    told, stranger = knowing(NOW - 1440), Fed()
    for number in at_noon:
        for each in (told, stranger):
            each.watch.replay(minute(number, usual(number)))
    assert told.look(0) == []
    assert [alert["state"] for alert in stranger.look(0)][:1] == ["opened"]


def test_what_began_and_ended_while_nobody_led_is_said_once() -> None:
    each = replayed(knowing(), costs(120))
    assert each.told == [(began(60), "opened"), (began(60), "resolved")]
    opened, resolved = each.said
    assert opened["revision"] == 1 < (resolved["revision"] or 0)
    assert usd(resolved) == pytest.approx(15 * (2.5 - 0.1), rel=0.2)
    assert each.look(MINUTE_US) == []
    again = replayed(knowing(), costs(120), [each.said[-1]])
    assert again.said == [], "it was said to be over"


def test_what_began_while_nobody_led_and_goes_on_is_said_and_followed() -> None:
    each = replayed(knowing(), costs(70))
    names = {name for name, _ in each.told}
    assert names == {began(60)}
    assert each.told[0] == (began(60), "opened")
    assert [state for _, state in each.told[1:]] in ([], ["updated"])
    for number in range(NOW - 50, NOW - 50 + QUIET + 2):
        each.watch.board.judge(minute(number, usual(number)))
    each.look(MINUTE_US)
    assert each.told[-1] == (began(60), "resolved")


@pytest.mark.parametrize("off", [-4, -1, 0, 1, 4])
def test_what_was_said_to_be_over_is_not_said_again_by_other_figures(off: int) -> None:
    """Another leader had learned another past, and saw it begin or end some minutes off."""
    [opened, resolved] = replayed(knowing(), costs(120)).said
    since_us = opened["since_us"] + off * MINUTE_US
    over: Alert = {**resolved, "alert_id": NAME.format(since_us), "since_us": since_us}
    assert replayed(knowing(), costs(120), [over]).said == []
    long_ago: Alert = {**over, "since_us": since_us - DAY_US, "at_us": over["at_us"] - DAY_US}
    assert len(replayed(knowing(), costs(120), [long_ago]).said) == 2


def test_two_that_ended_while_nobody_led_are_two() -> None:
    each = replayed(knowing(), costs(120, [*range(20, 30), *BURST]))
    opened = [name for name, state in each.told if state == "opened"]
    assert opened == [began(20), began(60)]


def said_at(first: Alert, at: int, excess: int) -> Alert:
    """Return an alert as it was said last in a minute of the last two hours."""
    at_us = T0 + (NOW - 120 + at) * MINUTE_US
    amount = (excess * USD).to_bytes(10)
    return {**first, "state": "updated", "revision": 7, "at_us": at_us, "excess": amount}


def test_the_extra_cost_of_what_began_before_what_is_judged_is_that_which_was_said() -> None:
    """It began a day ago, and 900 USD were said in the tenth minute; five more minutes follow."""
    [first, *_] = replayed(knowing(), costs(120, range(15))).said
    since_us = first["since_us"] - DAY_US
    long: Alert = {**first, "alert_id": NAME.format(since_us), "since_us": since_us}
    each = replayed(knowing(), costs(120, range(15)), [said_at(long, 10, 900)])
    assert each.told == [(long["alert_id"], "resolved")]
    assert each.said[0]["revision"] == 8
    assert usd(each.said[0]) == pytest.approx(900 + 5 * 2.4, rel=0.001)


def test_what_is_replayed_before_the_last_word_ends_nothing() -> None:
    """Who spoke last saw it go on in minute 50, in which nothing is unusual to who begins now."""
    [first, *_] = replayed(knowing(), costs(120, range(15))).said
    each = replayed(knowing(), costs(49, range(15)), [said_at(first, 50, 30)])
    assert each.said == []
    for one in costs(120, range(15))[49:]:
        each.watch.board.judge(one)
    each.look(MINUTE_US)
    assert each.told == [(first["alert_id"], "resolved")]


def test_a_quarter_without_a_line_costs_a_tenant_nothing_and_says_nothing_of_prices() -> None:
    unit = KEY._replace(subject="unit", model="m")
    past = Past(
        {0: 15, 1: 14}, {KEY: [Quarter(1, 2.0, 0.5, 14, 3.0)], unit: [Quarter(1, 3.0, 0.0, 2, 3.0)]}
    )
    assert past.of(KEY) == [Quarter(0, 0.0, 0.0, 15, 0.0), Quarter(1, 2.0, 0.5, 14, 3.0)]
    assert past.of(unit) == [Quarter(1, 3.0, 0.0, 2, 3.0)]
    assert past.of(KEY._replace(tenant="nobody"))[1] == Quarter(1, 0.0, 0.0, 14, 0.0)
    assert [*past.begins(5)] == [*range(0, 75, 5), *range(1, 71, 5)]


def test_a_tenant_that_is_new_in_the_past_is_compared_with_the_nothing_before() -> None:
    each = knowing()
    minutes = [minute(number, 1.0, "new") for number in range(NOW - 120, NOW - 100)]
    replayed(each, minutes)
    assert [alert["tenant"] for alert in each.said if alert["state"] == "opened"] == ["new"]


def test_series_of_quarters_are_bounded_and_forgotten_as_others_are() -> None:
    each = knowing(1440, Limits(max_series=2))
    others = [minute(1440 + number, 1.0, "globex") for number in range(15)]
    each.watch.recall(past_of(others))
    assert {key.tenant for key in each.watch.board.series} == {"acme"}
    each = knowing(1440, Limits(forget_us=HOUR_US))
    each.watch.recall(past_of(others))
    assert {key.tenant for key in each.watch.board.series} == {"acme", "globex"}
    each.watch.recall(past_of(minute(1560 + n, 1.0, "globex") for n in range(15)))
    assert {key.tenant for key in each.watch.board.series} == {"globex"}
