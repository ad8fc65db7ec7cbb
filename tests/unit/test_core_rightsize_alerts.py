"""When it is said that something is worked too little or too much, and what is said of it."""

from collections.abc import Mapping, Sequence

import pytest

from schemas.decimals import from_bytes
from schemas.records import Alert
from streams.config.catalog import load_catalog
from streams.core.money import PICO
from streams.core.rightsize import TERMS, Place, Terms, UsedHour
from streams.core.rightsize_alerts import KINDS, Sized, Used, asked_since, signals, sized_of
from streams.core.windows import DAY_US, HOUR_US

POOL = Place("h1:00", "", "", "", "USD")
LLAMA = Place("h1:00", "llama", "", "", "USD")
SUSTAINED = TERMS.sustained
T0 = 100 * DAY_US
PER_HOUR = 20 * PICO  # of 10 GPUs at 2.00


def used_hour(hour: int, active: float, cost: int = PER_HOUR) -> UsedHour:
    """Return an hour of ten GPUs that were worked for a part of it."""
    seen_us = 10 * HOUR_US
    active_us = round(seen_us * active)
    return UsedHour(
        T0 + hour * HOUR_US, seen_us, active_us, 0, cost, cost * (seen_us - active_us) // seen_us
    )


def hours(*active: float, at: int = 0, cost: int = PER_HOUR) -> list[UsedHour]:
    return [used_hour(at + number, each, cost) for number, each in enumerate(active)]


IDLE = hours(*[0.1] * SUSTAINED)


def said_of(
    of: Mapping[Place, Sequence[UsedHour]],
    said: Sequence[Alert] = (),
    *,
    until: int | None = None,
    catalog: str = "{}",
    since_us: int = T0,
) -> list[Alert]:
    """Return what is new at the end of some hours, or at another one."""
    ends = [each[-1].at_us + HOUR_US for each in of.values() if each]
    until_us = max(ends) if until is None else T0 + until * HOUR_US
    before = {sized: each for each in said if (sized := sized_of(each)) is not None}
    assert len(before) == len(said)
    return signals(Used(since_us, until_us, of), before, load_catalog(catalog), TERMS)


def said_next(before: Alert, *active: float, until: int | None = None) -> list[Alert]:
    """Return what is new after a day that was said to idle, and some hours more."""
    return said_of({POOL: [*IDLE, *hours(*active, at=SUSTAINED)]}, [before], until=until)


def pico(amount: bytes | None) -> int:
    assert amount is not None
    return from_bytes(amount)


def test_a_day_that_idles_is_said_with_the_money_at_stake() -> None:
    """Nine tenths of 20.00 an hour, 24 times."""
    [opened] = said_of({POOL: IDLE})
    assert opened["alert_id"] == f"rightsize_low/h1%3A00::USD/{T0}"
    assert (opened["state"], opened["revision"], opened["severity"]) == ("opened", 1, "warning")
    assert (opened["since_us"], opened["at_us"]) == (T0, T0 + SUSTAINED * HOUR_US)
    assert pico(opened["excess"]) == 24 * 18 * PICO
    assert pico(opened["excess_per_hour"]) == 18 * PICO
    assert pico(opened["actual"]) == PER_HOUR
    assert opened["summary"] == (
        "Pool h1:00: 10.0% of 10.0 GPUs were worked over the last 24 hours, 1.0 in the busiest; "
        "432.00 USD that nobody worked in since 1970-04-11 00:00 UTC, 18.00 an hour. Take GPUs "
        "out, or give them work."
    )
    assert sized_of(opened) == Sized(POOL, "low")
    assert said_of({POOL: IDLE}, [opened]) == []


def test_an_hour_less_is_none() -> None:
    assert said_of({POOL: IDLE[1:]}) == []


def test_an_endpoint_is_another_place_of_the_group_of_its_pool() -> None:
    pool, llama = said_of({POOL: IDLE, LLAMA: IDLE})
    assert llama["alert_id"] == f"rightsize_low/h1%3A00:llama:USD/{T0}"
    assert llama["summary"].startswith("Endpoint llama in pool h1:00: 10.0%")
    assert (llama["pool"], llama["group"]) == (pool["pool"], pool["group"])


def test_what_is_nearly_full_says_what_all_of_it_costs_and_no_excess() -> None:
    [opened] = said_of({POOL: hours(*[0.95] * SUSTAINED)})
    assert (opened["kind"], opened["severity"]) == ("rightsize_high", "warning")
    assert (opened["excess"], opened["excess_per_hour"]) == (None, None)
    assert pico(opened["actual"]) == PER_HOUR
    assert "nearly full since" in opened["summary"]


def test_it_is_said_again_after_a_day_with_all_that_came() -> None:
    [opened] = said_of({POOL: IDLE})
    assert said_next(opened, *[0.2] * 23) == []
    assert said_next(opened, *[0.2] * 23, 0.5) == [], "it may be about to end"
    [updated] = said_next(opened, *[0.2] * 24)
    assert (updated["alert_id"], updated["state"]) == (opened["alert_id"], "updated")
    assert (updated["revision"], updated["since_us"]) == (2, T0)
    assert updated["at_us"] == T0 + 48 * HOUR_US
    assert pico(updated["excess"]) == 24 * (18 + 16) * PICO
    assert pico(updated["excess_per_hour"]) == 16 * PICO, "of the last day"
    assert said_of({POOL: [*IDLE, *hours(*[0.2] * 25, at=24)]}, [updated]) == []


def test_it_ends_after_three_hours_that_are_well_back_and_not_before() -> None:
    [opened] = said_of({POOL: IDLE})
    assert said_next(opened, 0.35, 0.5, 0.5) == [], "0.35 is neither"
    [resolved] = said_next(opened, 0.35, 0.5, 0.5, 0.5, 0.1)
    assert (resolved["alert_id"], resolved["state"]) == (opened["alert_id"], "resolved")
    assert resolved["revision"] == 2
    assert resolved["at_us"] == T0 + 28 * HOUR_US, "whenever somebody looks"
    assert pico(resolved["excess"]) == (24 * 18 + 13 + 10 + 10) * PICO
    assert said_next(resolved, 0.35, 0.5, 0.5, 0.5, 0.1) == []


def test_a_day_that_idles_after_it_is_another_alert() -> None:
    [opened] = said_of({POOL: IDLE})
    [resolved] = said_next(opened, 0.5, 0.5, 0.5)
    assert said_next(resolved, *[0.5] * 3, *[0.1] * 23) == []
    [again] = said_next(resolved, *[0.5] * 3, *[0.1] * 24)
    assert again["alert_id"] == f"rightsize_low/h1%3A00::USD/{T0 + 27 * HOUR_US}"
    assert pico(again["excess"]) == 24 * 18 * PICO


def test_hours_from_before_an_end_are_not_said_again_whatever_they_turn_out_to_be() -> None:
    [opened] = said_of({POOL: IDLE})
    [resolved] = said_next(opened, 0.5, 0.5, 0.5)
    assert said_next(resolved, *[0.1] * 10) == []


def test_what_was_seen_too_long_ago_does_not_begin() -> None:
    assert len(said_of({POOL: IDLE}, until=2 * SUSTAINED)) == 1
    assert said_of({POOL: IDLE}, until=2 * SUSTAINED + 1) == []


def test_too_little_ends_when_it_is_too_much_at_once() -> None:
    terms = Terms(sustained=1, calm=1)
    idle = Used(T0, T0 + HOUR_US, {POOL: hours(0.1)})
    [low] = signals(idle, {}, load_catalog("{}"), terms)
    full = Used(T0, T0 + 2 * HOUR_US, {POOL: hours(0.1, 0.95)})
    found = signals(full, {Sized(POOL, "low"): low}, load_catalog("{}"), terms)
    assert {(each["kind"], each["state"]) for each in found} == {
        ("rightsize_high", "opened"),
        ("rightsize_low", "resolved"),
    }


@pytest.mark.parametrize("later", [(), (0.1, 0.1)])
def test_what_nobody_sees_any_longer_ends(later: Sequence[float]) -> None:
    """More than a day without an hour; what comes after it begins anew."""
    [opened] = said_of({POOL: IDLE})
    gap = SUSTAINED + SUSTAINED + 1
    of = {POOL: [*IDLE, *hours(*later, at=gap)]}
    assert said_of({POOL: IDLE}, [opened], until=2 * SUSTAINED) == []
    [resolved] = said_of(of, [opened], until=gap + 2)
    assert (resolved["state"], resolved["at_us"]) == ("resolved", T0 + 48 * HOUR_US)
    [gone] = said_of({}, [opened], until=gap)
    assert (gone["state"], gone["at_us"]) == ("resolved", T0 + 48 * HOUR_US)


def test_with_fewer_hours_known_it_goes_on_under_its_name() -> None:
    """What was said is from before the hours that are asked for."""
    [opened] = said_of({POOL: IDLE})
    later = {POOL: hours(*[0.35] * 12, *[0.2] * 12, at=200)}
    [updated] = said_of(later, [opened], since_us=T0 + 200 * HOUR_US)
    assert (updated["alert_id"], updated["state"]) == (opened["alert_id"], "updated")
    assert pico(updated["excess"]) == (24 * 18 + 12 * 13 + 12 * 16) * PICO


RULE = "alerts: [{{name: r, {}}}]"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("kinds: ['rightsize_*'], muted: true", 0),
        ("tenants: [__platform__], muted: true", 0),
        ("tenants: [__idle__], muted: true", 1),
        ("min_per_hour: '18'", 1),
        ("min_per_hour: '18.01'", 0),
        ("min_total: '432'", 1),
        ("min_total: '432.01'", 0),
    ],
)
def test_rules_say_what_is_worth_it(rule: str, expected: int) -> None:
    assert len(said_of({POOL: IDLE}, catalog=RULE.format(rule))) == expected


def test_what_has_begun_goes_on_when_it_is_muted() -> None:
    [opened] = said_of({POOL: IDLE})
    day = {POOL: hours(*[0.1] * 48)}
    [updated] = said_of(day, [opened], catalog=RULE.format("muted: true"))
    assert updated["state"] == "updated"


def test_from_critical_per_hour_on_it_is_critical_and_links_are_filled_in() -> None:
    link = "links: [{title: GPUs, url: 'https://g.example/{pool}?to={until_ms}'}]"
    rule = f"alerts: [{{name: r, critical_per_hour: '18', {link}}}]"
    [opened] = said_of({POOL: IDLE}, catalog=rule)
    assert opened["severity"] == "critical"
    until_ms = (T0 + DAY_US) // 1_000
    assert opened["links"] == [{"title": "GPUs", "url": f"https://g.example/h1%3A00?to={until_ms}"}]


def test_the_platform_account_of_the_pool_is_told() -> None:
    catalog = "pools: [{name: 'l40', nodes: ['*'], platform_account: ops}]"
    place = POOL._replace(pool="l40")
    [of_it, of_none] = said_of({place: IDLE, POOL: IDLE}, catalog=catalog)[::-1]
    assert (of_it["tenant"], of_none["tenant"]) == ("ops", "__platform__")


def test_time_without_a_price_has_no_money_at_stake() -> None:
    free = [each._replace(unpriced_us=each.seen_us) for each in hours(*[0.1] * 24, cost=0)]
    assert said_of({POOL: free}) == []
    [opened] = said_of({POOL: free}, catalog=RULE.format("min_per_hour: '0', min_total: '0'"))
    assert (opened["actual"], opened["excess_per_hour"]) == (None, None)
    assert "no price" in opened["summary"]


def test_hours_are_asked_for_from_the_begin_of_a_day_that_all_alerts_are_known_at() -> None:
    [opened] = said_of({POOL: IDLE})
    at_us = T0 + 3 * DAY_US + 5 * HOUR_US
    assert asked_since(at_us, [], TERMS) == T0 + DAY_US
    assert asked_since(at_us, [opened | {"at_us": T0 + HOUR_US}], TERMS) == T0
    assert asked_since(at_us + 9 * DAY_US, [opened], TERMS) == T0 + 5 * DAY_US, "no further"
    assert asked_since(at_us, [opened | {"state": "resolved", "at_us": 0}], TERMS) == T0 + DAY_US
    assert asked_since(HOUR_US, [], TERMS) == 0


def test_alerts_of_other_kinds_are_of_no_place() -> None:
    [opened] = said_of({POOL: IDLE})
    assert opened["kind"] in KINDS
    for other in (
        "idle_anomaly/idle:::h100:USD/5",
        "rightsize_low/h100/5",
        "rightsize_mid/a::USD/5",
    ):
        assert sized_of(opened | {"alert_id": other}) is None
