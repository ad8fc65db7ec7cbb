"""A changed price is told at once, once a model, and nothing else about what is used is one."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, TypeAlias

import pytest

from schemas.decimals import from_bytes, to_bytes, to_decimal
from schemas.records import Alert
from streams.core.commitments import Commitment
from streams.core.price import Price as Entry
from streams.core.price_book import Agreements, PriceBook
from streams.core.series.bought import Bought, item
from streams.core.series.buckets import Slice
from streams.core.series.episode import QUIET
from streams.core.series.known_price import NEWS_US, Known, Price
from streams.core.series.prices import Paid, Prices
from streams.core.series.sources import asked
from streams.core.timeline import FOREVER, WEEK_US
from streams.core.windows import HOUR_US, MINUTE_US
from tests.builders.series import Fed
from tests.builders.usage import T0

USD: Final = 10**12
MINUTES_A_DAY: Final = NEWS_US // MINUTE_US
NAMES: Final = ("acme", "api:openai", "openai", "gpt-4o", "tokens.input", "Tokens", "", "", "USD")


def bought(
    tokens: int = 1_000_000, price: str = "1", meter: str = "tokens.input", **changes: object
) -> dict[str, object]:
    """A line of tokens at a price in USD per million."""
    cost = str(Decimal(tokens) * Decimal(price) / 10**6)
    return {
        "meter": meter,
        "kind": meter,
        "cost": cost,
        "quantity": to_bytes(tokens * USD),
    } | changes


def fed(minutes: int = 4, *lines: dict[str, object]) -> Fed:
    """A watch that knows some prices."""
    found = Fed()
    for minute in range(minutes):
        found.minute(minute, lines or [bought()])
    return found


def of_prices(said: Sequence[Alert]) -> list[Alert]:
    return [each for each in said if each["kind"] == "price_change"]


def usd(amount: bytes | None) -> float:
    assert amount is not None
    return float(to_decimal(from_bytes(amount)))


def test_a_raised_price_is_told_in_the_first_minute_that_settled_by_its_exact_extra_cost() -> None:
    """A million tokens a minute at 1.4 where they were 1 USD: 84 an hour, and 60 were to come."""
    each = fed()
    assert each.minute(4, [bought(price="1.4")], "provisional") == []  # nothing later has begun
    [alert] = each.minute(5, [bought(price="1.4")], "provisional")
    assert (alert["tenant"], alert["kind"], alert["model"]) == (
        "__platform__", "price_change", "gpt-4o",
    )  # fmt: skip
    assert alert["alert_id"] == f"price_change/price::gpt-4o::USD/{T0 + 4 * MINUTE_US}"
    assert [usd(alert[name]) for name in ("actual", "expected", "excess_per_hour")] == [84, 60, 24]
    assert usd(alert["excess"]) == pytest.approx(0.4)
    assert alert["severity"] == "warning"
    assert alert["summary"].startswith("Price of gpt-4o has changed since 20")
    assert "calls are 84.00 USD an hour, 60.00 at the prices of before" in alert["summary"]
    assert asked(alert) is None  # through which sources is no matter of prices


@pytest.mark.parametrize("price", ["1", "0.5", "1.000001", "1.15"])
def test_a_price_that_is_the_same_or_lower_or_raised_by_too_little_money_is_not_told(
    price: str,
) -> None:
    """A raise of 15 percent of 60 USD an hour is 9, and 10 is worth an alert."""
    each = fed()
    for minute in range(4, 20):
        each.minute(minute, [bought(price=price)])
    assert of_prices(each.said) == []


def test_what_is_extra_is_told_by_tenant_and_meter() -> None:
    """acme pays 1 more and globex 3, all of it for input; output costs what it did."""
    usual = [bought(), bought(3_000_000, tenant="globex"), bought(9_000_000, "4", "tokens.output")]
    each = fed(4, *usual)
    dearer = [bought(price="2"), bought(3_000_000, "2", tenant="globex"), usual[2]]
    each.minute(4, dearer)
    [alert] = of_prices(each.minute(5, dearer))
    assert [(c["dimension"], c["value"], c["share"]) for c in alert["contributors"]] == [
        ("meter", "tokens.input", 1.0), ("tenant", "globex", 0.75), ("tenant", "acme", 0.25),
    ]  # fmt: skip
    assert sum(usd(c["excess"]) for c in alert["contributors"][1:]) == 240


def test_tenants_prices_tiers_regions_and_new_tenants_are_each_for_themselves() -> None:
    """What a mean over them would take for a raise: the dear ones are used more and more."""
    each = Fed()
    for minute in range(30):
        dear = [
            {"tenant": "globex"}, {"service_tier": "priority"}, {"region": "eu"},
            {"pool": "api:azure", "provider": "azure"}, {"currency": "EUR"},
            {"meter": "call.pages"},
        ]  # fmt: skip
        lines = [bought()] + [bought(10_000 * (minute + 1), "9", **which) for which in dear]
        if minute > 20:
            lines.append(bought(5_000_000, "50", tenant="new"))
        each.minute(minute, lines)
    assert of_prices(each.said) == []


def test_it_goes_on_while_little_is_used_and_ends_when_the_price_is_as_before() -> None:
    each = fed()
    for minute in range(4, 8):
        each.minute(minute, [bought(price="2")])
    for minute in range(8, 40):
        each.minute(minute, [bought(1_000, "2")] if minute % 3 else [bought(1_000, model="other")])
    assert {alert["state"] for alert in of_prices(each.said)} <= {"opened", "updated"}
    for minute in range(40, 42 + QUIET):
        each.minute(minute, [bought()])
    last = each.said[-1]
    assert (last["kind"], last["state"]) == ("price_change", "resolved")
    # three minutes of 1 USD and 21 of 0.001, and the fourth: what settled counts
    assert usd(last["excess"]) == pytest.approx(4 + 0.001 * 21, abs=0.0011)
    assert "Price of gpt-4o is as before, or the usual one by now" in last["summary"]
    assert len({alert["alert_id"] for alert in of_prices(each.said)}) == 1


def test_a_price_is_news_for_a_day_and_then_the_price_of_late() -> None:
    """Told hourly, which is enough; a minute that is not there says nothing."""
    each = fed()
    found = []
    for hour in range(1, 40):
        for minute in range(60 * hour, 60 * hour + 2):
            said = of_prices(each.minute(minute, [bought(price="2")]))
            found += [(hour, alert["state"]) for alert in said if alert["state"] != "updated"]
    assert found[0] == (1, "opened")
    assert found[1:] == [(25 + QUIET // 2, "resolved")]


def test_it_is_over_when_nobody_called_the_model_for_a_day() -> None:
    each = fed()
    for minute in range(4, 7):
        each.minute(minute, [bought(price="2")])
    for minute in range(7, 12 + MINUTES_A_DAY, 20):
        each.minute(minute, [bought(model="other")])
    assert {alert["state"] for alert in of_prices(each.said)} == {"opened", "updated"}
    for minute in range(20 + MINUTES_A_DAY, 23 + MINUTES_A_DAY + QUIET):
        each.minute(minute, [bought(model="other")])
    assert of_prices(each.said)[-1]["state"] == "resolved"


def test_costs_of_tenants_that_the_price_explains_are_of_its_group_however_late() -> None:
    """globex pays 54 an hour for 6 at once; acme does when it calls as much, an hour later.

    initech's price stays, so that it calls the same model more then has another cause.
    """
    few, many, stays = bought(10_000), bought(100_000, tenant="globex"), {"tenant": "initech"}
    each = Fed()
    for minute in range(70):
        each.minute(minute, [few, many, bought(100_000, **stays)])
    dear, dearer = bought(10_000, "9"), bought(100_000, "9", tenant="globex")
    for minute in range(70, 140):
        each.minute(minute, [dear, dearer, bought(100_000, **stays)])
    for minute in range(140, 146):
        each.minute(minute, [bought(100_000, "9"), dearer, bought(2_000_000, **stays)])
    opened = [alert for alert in each.said if alert["state"] == "opened"]
    [price] = of_prices(opened)
    groups = {a["tenant"]: a["group"] for a in opened if a["kind"] == "cost_anomaly"}
    assert price["group"] == f"model:gpt-4o/{T0 + 70 * MINUTE_US}"
    assert groups["globex"] == groups["acme"] == price["group"]
    assert groups["initech"] not in {price["group"], None}


def test_who_leads_next_knows_the_price_of_before_and_goes_on_with_what_is_open() -> None:
    paid = [Paid(item(*NAMES), Price(USD, 10**6 * USD), T0, T0 + 9 * MINUTE_US)]
    first = Fed(since=10)
    first.watch.board.prices.remember(paid)
    first.minute(20, [bought(price="2")])
    [opened] = of_prices(first.minute(21, [bought(price="2")]))
    again = Fed(since=20)
    since_us, until_us = (T0 + minute * MINUTE_US for minute in (20, 29))
    dearer = Paid(item(*NAMES), Price(2 * USD, 10**6 * USD), since_us, until_us)
    again.watch.board.prices.remember([*paid, dearer])
    again.watch.remember([opened])
    for minute in range(20, 34 + QUIET):
        again.minute(minute, [bought(10_000, "2" if minute < 32 else "1")])
    [resolved] = of_prices(again.said)
    assert (resolved["alert_id"], resolved["state"]) == (opened["alert_id"], "resolved")
    # the first minute's dollar was said before, and eleven of a cent are new
    assert usd(resolved["excess"]) == pytest.approx(1 + 11 * 0.01)


CHANGED: Final = T0 + 4 * MINUTE_US
DATES: Final = ((0, CHANGED), (CHANGED, FOREVER))
Hours: TypeAlias = tuple[tuple[int, int], ...]


def entries(*factors: int, from_tokens: int = 0, hours: Hours = ()) -> list[Entry]:
    """Prices of input tokens in USD per million: before minute 4, and from then on."""
    before, after = (
        Entry(
            "tokens.input", "openai", "gpt-4o", None, "Tokens", factor * USD, from_us, to_us,
            "test", from_tokens, hours=hours,
        )
        for factor, (from_us, to_us) in zip(factors, DATES, strict=True)
    )  # fmt: skip
    return [before, after]


DEAR_HOUR: Final = ((T0 % WEEK_US, T0 % WEEK_US + HOUR_US),)
RAISED: Final = (1, 2)


@pytest.mark.parametrize(
    ("prices", "is_told"),
    [
        (entries(1, 1), False),
        (entries(*RAISED), False),  # here lines tell, and they cost what they did
        ([*entries(1, 1), *entries(3, 3, from_tokens=200_000)], False),
        ([*entries(*RAISED), *entries(3, 6, from_tokens=200_000)], True),
        ([*entries(*RAISED), *entries(3, 3, from_tokens=200_000)], False),
        ([*entries(1, 1), *entries(2, 2, hours=DEAR_HOUR)], False),
        ([*entries(*RAISED), *entries(2, 4, hours=DEAR_HOUR)], True),
    ],
)
def test_prices_by_size_or_hour_are_those_of_the_book_and_rose_where_all_of_them_did(
    prices: list[Entry], is_told: bool
) -> None:
    """Lines of ever longer prompts: a unit of them costs more and more in any case."""
    each = Fed()
    each.watch.follow(each.watch.board.catalog, PriceBook("v", "USD", prices))
    is_mixed = any(price.from_tokens or price.hours for price in prices)
    for minute in range(2, 8):
        each.minute(minute, [bought(price=str(1 + minute / 8 if is_mixed else 1))])
    assert bool(of_prices(each.said)) == is_told
    if is_told:
        [opened, *_] = of_prices(each.said)
        assert opened["since_us"] == CHANGED
        assert usd(opened["actual"]) == 2 * usd(opened["expected"])


def test_what_commitments_cover_has_no_price() -> None:
    commitment = Commitment("ptu", "openai", ("gpt-4*",), (), 1, 1, 0, FOREVER, "test")
    book = PriceBook("v", "USD", entries(*RAISED), Agreements(commitments=(commitment,)))
    each = fed()
    each.watch.follow(each.watch.board.catalog, book)
    for minute in range(4, 8):
        each.minute(minute, [bought(price="2")])
    assert of_prices(each.said) == []


def test_prices_are_bounded_and_those_not_paid_for_long_make_room() -> None:
    prices = Prices(2, forget_us=5 * MINUTE_US)
    for minute, tenants in ((0, "abcde"), (5, "f"), (6, "f")):
        start_us = T0 + minute * MINUTE_US
        lines = {item(name, *NAMES[1:]): Bought(USD, USD) for name in tenants}
        prices.learn(Slice(start_us, start_us + MINUTE_US, {}, is_final=True, bought=lines))
        if minute == 0:
            assert (len(prices), prices.unknown) == (2, 3)
        elif minute == 5:
            assert (len(prices), prices.unknown) == (2, 1)  # a and b, five minutes ago
    assert (len(prices), prices.unknown) == (1, 0)


def test_what_costs_next_to_nothing_has_no_price() -> None:
    """Rounded to the pico, 999,999 of them may be a millionth off."""
    assert Price.of(Bought(10**18, 999_999)) is None
    assert Price.of(Bought(0, USD)) is None
    known = Known(Price(1, 10**6), 0)
    assert known.expected(Bought(10**9, 999_999)) == 999_999


def test_what_was_rounded_is_at_its_price_of_late_and_nothing_extra() -> None:
    """A third of a USD for three tokens: a pico too much, then a ten-thousandth too much."""
    known = Known(Price(USD, 3 * USD), 0)
    assert known.expected(Bought(USD, 333_333_333_334)) == 333_333_333_334
    assert known.expected(Bought(USD, 333_366_666_667)) == 333_333_333_333


def test_a_price_that_comes_and_goes_is_never_the_usual_one() -> None:
    known = Known(Price(1, 1), 0)
    for hour in range(100):
        known.learn(Price(1 + hour % 5, 1), hour * HOUR_US)
    assert known.usual == Price(1, 1)
