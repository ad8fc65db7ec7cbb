"""What is said of unusual costs: once, since when, how much, whose, and until when."""

from decimal import Decimal
from itertools import pairwise

import pytest

from schemas.decimals import from_bytes, to_bytes, to_decimal
from schemas.records import Alert
from streams.config.catalog import load_catalog
from streams.core.series.board import Limits
from streams.core.series.buckets import Buckets
from streams.core.series.episode import QUIET
from streams.core.series.sources import Through, asked, with_sources
from streams.core.windows import MINUTE_US
from tests.builders.series import PACE, Fed, minute_line
from tests.builders.usage import T0

USUAL = 60  # minutes after which a detector has seen enough
USD = 10**12


def usd(amount: bytes | None) -> float:
    assert amount is not None
    return float(to_decimal(from_bytes(amount)))


def spent(minute: int) -> str:
    """What acme spends in a usual minute: 6 or 7 USD an hour."""
    return "0.10" if minute % 2 else "0.12"


def fed(usual: int = USUAL, fed: Fed | None = None) -> Fed:
    """A watch that has seen usual minutes."""
    found = fed or Fed()
    for minute in range(usual):
        found.minute(minute, [spent(minute)])
    assert found.said == []
    return found


def burst(each: Fed, minutes: int = 5, cost: str = "2") -> Fed:
    """A watch after some minutes of 120 USD an hour."""
    for minute in range(USUAL, USUAL + minutes):
        each.minute(minute, [cost])
    return each


def test_a_tenant_that_costs_much_more_than_usual_is_told_of_once() -> None:
    each = burst(fed())
    [opened] = [alert for alert in each.said if alert["state"] == "opened"]
    assert (opened["tenant"], opened["kind"], opened["model"]) == ("acme", "cost_anomaly", None)
    assert opened["since_us"] == T0 + USUAL * MINUTE_US
    assert opened["alert_id"] == f"cost_anomaly/tenant:acme:::USD/{opened['since_us']}"
    assert usd(opened["actual"]) == 120.0
    assert usd(opened["expected_low"]) < usd(opened["expected"]) < usd(opened["expected_high"]) < 20
    assert usd(opened["excess_per_hour"]) == pytest.approx(
        usd(opened["actual"]) - usd(opened["expected"]), abs=1e-9
    )
    assert (opened["severity"], opened["revision"]) == ("critical", 1)
    assert "Cost of acme is 120.00 USD an hour since 20" in opened["summary"]


def of_tokens(meter: str, tokens: int, per_million: int) -> dict[str, object]:
    """A line of tokens at a price in whole USD."""
    cost = str(Decimal(tokens * per_million) / 10**6)
    return {"meter": meter, "cost": cost, "quantity": to_bytes(tokens * USD)}


def test_it_is_told_while_its_windows_are_still_open() -> None:
    """The third unusual minute has settled a minute after its end, long before it is final."""
    each = fed()
    for minute in range(USUAL, USUAL + 5):
        said = each.minute(minute, ["2"], "provisional")
        if said:
            break
    assert minute == USUAL + 3  # minutes 0 to 2 are unusual, and the next has begun
    assert each.said[0]["at_us"] == T0 + (USUAL + 3) * MINUTE_US


def test_extra_cost_is_the_exact_sum_of_what_was_spent_beyond_what_was_expected() -> None:
    each = burst(fed(), minutes=4)
    series = next(s for key, s in each.watch.board.series.items() if key.subject == "tenant")
    verdicts = [v for v in series.course.verdicts.values() if v.start_us >= T0 + USUAL * MINUTE_US]
    assert len(verdicts) == 3  # the fourth has not settled
    assert series.course.excess == sum(v.actual - v.expected for v in verdicts)
    assert [v.actual for v in verdicts] == [2 * USD] * 3


def test_what_was_judged_early_is_counted_once_when_it_is_final() -> None:
    each = fed()
    for status in ("provisional", "final"):
        for minute in range(USUAL, USUAL + 4):
            each.minute(minute, ["2"], status)
    assert [alert["state"] for alert in each.said][:1] == ["opened"]
    series = next(s for key, s in each.watch.board.series.items() if key.subject == "tenant")
    assert 3 * USD < series.course.excess < 6 * USD  # of 2 USD a minute, three or no more than four


def test_it_is_over_after_usual_minutes_and_says_what_it_came_to() -> None:
    each = burst(fed())
    for minute in range(USUAL + 5, USUAL + 5 + QUIET + 2):
        each.minute(minute, [spent(minute)])
    last = each.said[-1]
    assert [alert["revision"] for alert in each.said] == list(range(1, len(each.said) + 1))
    assert {alert["alert_id"] for alert in each.said} == {last["alert_id"]}
    assert last["state"] == "resolved"
    assert usd(last["excess"]) == pytest.approx(5 * 2 - 5 * 0.11, abs=1)
    assert "as usual again" in last["summary"]


def test_it_is_said_again_when_the_extra_cost_has_doubled() -> None:
    each = burst(fed(), minutes=14)
    updates = [usd(alert["excess"]) for alert in each.said]
    assert len(updates) > 1
    assert all(after >= 2 * before for before, after in pairwise(updates))


def test_a_model_is_part_of_its_tenants_alert_which_names_it() -> None:
    each = fed()
    for minute in range(USUAL, USUAL + 5):
        each.minute(minute, [spent(minute), {"cost": "2", "model": "gpt-5", "project": "search"}])
    assert {alert["alert_id"].split("/")[1] for alert in each.said} == {"tenant:acme:::USD"}
    main = each.said[0]["contributors"]
    assert [(c["dimension"], c["value"]) for c in main[:3]] == [
        ("model", "gpt-5"), ("project", "search"), ("pool", "api:openai"),
    ]  # fmt: skip
    assert main[0]["share"] == pytest.approx(1.0, abs=0.01)
    assert usd(main[0]["excess"]) == pytest.approx(120.0, abs=2)
    assert "model gpt-5 (100%)" in each.said[0]["summary"]


def test_one_cause_of_many_tenants_is_one_group() -> None:
    each = Fed()
    tenants = ["acme", "globex", "initech"]
    for minute in range(USUAL + 6):
        costs: list[str | dict[str, object]] = []
        for tenant in tenants:
            begins = USUAL + (tenant == "initech")  # a minute later
            costs.append({"cost": "2" if minute >= begins else spent(minute), "tenant": tenant})
        costs.append({"cost": spent(minute), "tenant": "hooli"})
        each.minute(minute, costs)
    of_tenants = [alert for alert in each.said if alert["state"] == "opened"]
    assert sorted(a["tenant"] for a in of_tenants if a["kind"] == "cost_anomaly") == tenants
    assert {a["group"] for a in of_tenants} == {f"model:gpt-4o/{T0 + USUAL * MINUTE_US}"}


def test_a_dearer_mix_of_tokens_is_an_alert_of_its_own_kind() -> None:
    """A million tokens a minute at 1 USD and a tenth as many at 10; then a fifth, all at 10."""
    each = Fed()
    for minute in range(USUAL + 5):
        cheap, dear = (1_000_000, 100_000) if minute < USUAL else (0, 200_000)
        mix = [of_tokens("tokens.input", cheap, 1), of_tokens("tokens.output", dear, 10)]
        each.minute(minute, mix)
    kinds = {alert["kind"] for alert in each.said}
    assert kinds == {"unit_cost_anomaly"}
    assert each.said[0]["model"] == "gpt-4o"


def test_a_pool_that_becomes_idle_is_told_of() -> None:
    each = Fed()
    gpu: dict[str, object] = {
        "pool": "h100",
        "provider": None,
        "model": None,
        "unit": "GPU-Microseconds",
    }
    for minute in range(USUAL + 5):
        idle = 0.1 if minute < USUAL else 1.5
        used = {**gpu, "kind": "used", "meter": "gpu.active", "cost": f"{2 - idle:.2f}"}
        rest = {**gpu, "kind": "idle_share", "meter": "gpu.idle", "cost": f"{idle:.2f}"}
        each.minute(minute, [used, {**rest, "tenant": "__idle__"}])
    of_pool = [alert for alert in each.said if alert["kind"] == "idle_anomaly"]
    assert [(a["state"], a["pool"], a["tenant"]) for a in of_pool[:1]] == [
        ("opened", "h100", "__idle__")
    ]
    assert usd(of_pool[0]["actual"]) == pytest.approx(90.0)  # 1.50 a minute


def test_much_less_than_usual_is_told_of_by_final_costs_only() -> None:
    each = Fed()
    for minute in range(USUAL):
        each.minute(minute, ["2.0" if minute % 2 else "2.1"])
    for minute in range(USUAL, USUAL + 5):
        each.minute(minute, ["0.1"], "provisional")
    assert each.said == []
    for minute in range(USUAL, USUAL + 5):
        each.minute(minute, ["0.1"])
    opened = each.said[0]
    assert (opened["state"], opened["severity"]) == ("opened", "info")
    assert usd(opened["excess"]) < -5
    assert "Look whether its usage still arrives" in opened["summary"]


def test_a_tenant_that_is_gone_costs_nothing_which_is_less_than_usual() -> None:
    each = Fed()
    for minute in range(USUAL + 8):
        of_globex: dict[str, object] = {"cost": "2", "tenant": "globex"}
        each.minute(minute, [spent(minute), of_globex] if minute < USUAL else [spent(minute)])
    assert [(a["tenant"], a["severity"]) for a in each.said if a["state"] == "opened"] == [
        ("globex", "info")
    ]


def test_a_tenant_that_never_was_there_is_more_than_the_nothing_before() -> None:
    each = fed()
    for minute in range(USUAL, USUAL + 5):
        each.minute(minute, [spent(minute), {"cost": "1", "tenant": "new"}])
    assert [(a["tenant"], a["state"]) for a in each.said[:1]] == [("new", "opened")]
    assert usd(each.said[0]["expected"]) < 1  # of the 60 it has


def test_on_the_first_day_everything_is_new_and_nothing_is_said() -> None:
    each = Fed()
    for minute in range(10):
        each.minute(minute, ["5", {"cost": "9", "tenant": "globex"}])
    assert each.said == []


def test_what_is_not_worth_it_is_not_said() -> None:
    each = burst(fed(), cost="0.25")  # 15 USD an hour, 8 more than usual
    assert each.said == []


MUTED = "alerts: [{name: quiet, tenants: [acme], muted: true}]"
CHEAP = "alerts: [{name: low, min_per_hour: '1', min_total: '0.1', critical_per_hour: '5'}]"
LINKED = """
alerts:
  - name: linked
    links: [{title: graph, url: "https://g.example/?t={tenant}&m={model}&from={since_ms}"}]
"""


@pytest.mark.parametrize(("catalog", "severities"), [(MUTED, []), (CHEAP, ["critical"])])
def test_a_rule_of_the_catalog_says_what_is_worth_it(catalog: str, severities: list[str]) -> None:
    each = burst(fed(fed=Fed(load_catalog(catalog))), cost="0.25")
    assert [a["severity"] for a in each.said if a["state"] == "opened"] == severities


def test_links_are_filled_in_and_quoted() -> None:
    each = Fed(load_catalog(LINKED))
    for minute in range(USUAL + 5):
        each.minute(minute, [{"cost": "2" if minute >= USUAL else "0.1", "tenant": "a&b c"}])
    [link] = each.said[0]["links"]
    since_ms = (T0 + USUAL * MINUTE_US) // 1_000
    assert link["url"] == f"https://g.example/?t=a%26b%20c&m=&from={since_ms}"


def rebuilt(said: list[Alert], minutes: int) -> Fed:
    """A watch that was told of the past minutes, and of what was said, as after a crash."""
    buckets = Buckets(PACE)
    for minute in range(minutes + 1):
        cost = "2" if minute >= USUAL else spent(minute)
        buckets.take(minute_line(minute, cost, status="final"), 0)
    found = Fed(since=minutes)
    found.watch.remember(said)
    for each in buckets.ready(MINUTE_US):
        if each.is_final:
            found.watch.replay(each)
    return found


def test_after_a_crash_an_open_alert_goes_on_under_its_name() -> None:
    each = burst(fed())
    again = rebuilt(each.said, USUAL + 5)
    for minute in range(USUAL + 5, USUAL + 9):
        again.minute(minute, ["2"])
    for minute in range(USUAL + 9, USUAL + 11 + QUIET):
        again.minute(minute, [spent(minute)])
    assert "opened" not in {alert["state"] for alert in again.said}
    assert again.said[-1]["state"] == "resolved"
    first = again.said[0]
    assert first["alert_id"] == each.said[0]["alert_id"]
    assert first["revision"] == (each.said[-1]["revision"] or 0) + 1


def test_after_a_crash_what_was_not_said_is_said_under_the_same_name() -> None:
    each = burst(fed())
    again = rebuilt([], USUAL + 5)
    said = again.look(again.now_us)
    assert [(a["alert_id"], a["state"], a["revision"]) for a in said] == [
        (each.said[0]["alert_id"], "opened", 1)
    ]


def test_what_was_said_to_be_over_is_not_begun_again() -> None:
    each = burst(fed())
    over: Alert = {**each.said[0], "state": "resolved", "revision": 2}
    again = rebuilt([over], USUAL + 5)
    assert again.look(again.now_us) == []
    for minute in range(USUAL + 5, USUAL + 7 + QUIET):
        again.minute(minute, [spent(minute)])
    assert again.said == []
    begins = USUAL + 7 + QUIET
    for minute in range(begins, begins + 5):
        again.minute(minute, ["2"])
    assert again.told[0] == (f"cost_anomaly/tenant:acme:::USD/{T0 + begins * MINUTE_US}", "opened")


def test_of_two_that_were_opened_of_a_series_the_first_goes_on() -> None:
    """A worker that woke up too late had learned less, and saw it begin a minute later."""
    [opened, *_] = burst(fed()).said
    since_us = opened["since_us"] + MINUTE_US
    later: Alert = {**opened, "alert_id": f"cost_anomaly/tenant:acme:::USD/{since_us}"}
    again = rebuilt([{**later, "since_us": since_us}, opened], USUAL + 5)
    assert [(a["alert_id"], a["state"]) for a in again.look(again.now_us)] == [
        (later["alert_id"], "resolved")
    ]
    for minute in range(USUAL + 5, USUAL + 7 + QUIET):
        again.minute(minute, [spent(minute)])
    assert again.told[1:] == [(opened["alert_id"], "resolved")]


def test_an_open_alert_of_which_nothing_is_found_is_ended_once_it_could_be() -> None:
    each = burst(fed())
    again = Fed()
    again.watch.remember(each.said[:1])
    ended = []
    for minute in range(USUAL + 4, USUAL + 20):
        ended += [(minute, a) for a in again.minute(minute, [spent(minute)])]
    [(minute, alert)] = ended
    assert (alert["state"], alert["revision"]) == ("resolved", 2)
    # said at minute 63; ten usual minutes later, and the next has begun
    assert minute == USUAL + 3 + QUIET + 1


def test_series_are_bounded_and_those_without_room_are_counted() -> None:
    each = Fed(limits=Limits(max_series=3))
    for minute in range(3):
        each.minute(minute, ["1", {"cost": "1", "tenant": "globex"}])
    assert len(each.watch.board.series) == 3
    assert each.watch.board.unwatched == 4  # six series and one of a price, room for three


def test_a_series_that_was_silent_for_long_is_forgotten() -> None:
    each = Fed(limits=Limits(forget_us=5 * MINUTE_US))
    each.minute(0, ["0.1", {"cost": "0.1", "tenant": "globex"}])
    for minute in range(1, 9):
        each.minute(minute, ["0.1"])
    assert {key.tenant for key in each.watch.board.series} == {"acme", ""}  # "": of a price


def test_sources_whose_calls_grew_are_named_by_what_the_extra_cost_grew_with_them() -> None:
    """In five minutes 1 of 12 an hour is usual: gw-2 grew by 2, gw-1 by 6, gw-3 fell."""
    alert = burst(fed()).said[0]
    said: Alert = {**alert, "at_us": alert["since_us"] + 5 * MINUTE_US}
    of = [Through("gw-2", 3 * USD, 12 * USD), Through("gw-1", 6 * USD, 0), Through("gw-3", 0, USD)]
    found = [c for c in with_sources(said, of)["contributors"] if c["dimension"] == "source"]
    assert [(c["value"], c["share"]) for c in found] == [("gw-1", 0.75), ("gw-2", 0.25)]
    assert sum(usd(c["excess"]) for c in found) == pytest.approx(usd(said["excess_per_hour"]))
    assert with_sources(said, [Through("gw-1", 1, 12 * USD)]) == said  # none grew


def test_only_of_what_calls_may_have_done_it_is_asked_through_which_source() -> None:
    alert = burst(fed()).said[0]
    assert asked(alert) == ("acme", "", alert["since_us"], alert["at_us"])
    assert asked({**alert, "state": "resolved"}) is None
    assert asked({**alert, "alert_id": "idle_anomaly/idle:::h100:USD/1"}) is None
    assert asked({**alert, "alert_id": "cap_reached/1/x"}) is None


def test_what_begins_right_after_something_is_over_is_told_when_both_come_at_once() -> None:
    """As when a leader reads on after a while: the burst ended, and another began since."""
    each = burst(fed(), minutes=5)
    first = each.said[0]["alert_id"]
    again = USUAL + 5 + QUIET + 2
    for minute in range(USUAL + 5, again + 6):
        cost = "2" if again <= minute < again + 5 else spent(minute)
        each.watch.take(minute_line(minute, cost, status="final"), each.now_us)
    for looks in range(1, 4):
        each.look(each.now_us + looks * MINUTE_US)
    told = [(state, name == first) for name, state in each.told if state != "updated"]
    assert told == [("opened", True), ("resolved", True), ("opened", False)]
