"""When it is said that a cost grows, and what is said of it."""

from collections.abc import Sequence

import pytest

from schemas.decimals import from_bytes
from schemas.records import Alert
from streams.config.catalog import load_catalog
from streams.core.growth_alerts import KIND, Judged, alerts, whose_of, with_parts
from streams.core.growths import Growths, PartCost, Whose
from streams.core.money import PICO
from streams.core.windows import DAY_US, HOUR_US

ACME = Whose("ac:me", "", "USD")
GPT = Whose("ac:me", "gpt", "USD")

BEGIN = 20_006
LEAK = 28  # the day of it
LEVEL = 100 * PICO  # an hour


class Told:
    """A watch of growth, told of days, and what it said."""

    def __init__(self, catalog: str = "{}", said: Sequence[Alert] = ()) -> None:
        self.growths = Growths(max_series=100)
        self.catalog = load_catalog(catalog)
        self.said = {whose: each for each in said if (whose := whose_of(each)) is not None}
        self.all: list[Alert] = []

    def days(self, first: int, last: int, **rates: float) -> list[Alert]:
        """Take in some days, and return what is said; names of models by what they grow a day."""
        before = len(self.all)
        for number in range(first, last):
            per_hour = {
                model: round(LEVEL * (1 + rate) ** max(0, number - LEAK + 1))
                for model, rate in (rates or {"gpt": 0.06}).items()
            }
            series = {ACME._replace(model=model): pico for model, pico in per_hour.items()}
            whole = {ACME: sum(per_hour.values())}
            hours = range((BEGIN + number) * 24, (BEGIN + number + 1) * 24)
            costs = {of: dict.fromkeys(hours, pico) for of, pico in (series | whole).items()}
            self.growths.learn((BEGIN + number) * DAY_US, costs)
            self.look()
        return self.all[before:]

    def look(self) -> None:
        judged = Judged(self.growths.until_us, self.growths.growing(), self.growths)
        found = alerts(judged, self.said, self.catalog)
        for each in found:
            whose = whose_of(each)
            assert whose is not None
            self.said[whose] = each
        self.all += found


def pico(amount: bytes | None) -> int:
    assert amount is not None
    return from_bytes(amount)


def test_growth_is_said_once_with_what_it_costs() -> None:
    told = Told()
    [opened] = told.days(0, LEAK + 7)
    assert whose_of(opened) == ACME
    assert opened["alert_id"] == f"{KIND}/ac%3Ame::USD/{(BEGIN + LEAK) * DAY_US}"
    assert (opened["state"], opened["revision"], opened["severity"]) == ("opened", 1, "info")
    assert (opened["kind"], opened["tenant"], opened["model"]) == (KIND, "ac:me", None)
    day = (opened["at_us"] // DAY_US) - BEGIN - 1  # the last of the three that it goes by
    assert LEAK < day <= LEAK + 6
    assert pico(opened["expected"]) == LEVEL
    assert pico(opened["actual"]) == round(LEVEL * 1.06 ** (day - LEAK))
    extra = [24 * (round(LEVEL * 1.06 ** (each + 1)) - LEVEL) for each in range(day - LEAK + 1)]
    assert pico(opened["excess"]) == sum(extra)
    assert pico(opened["excess_per_hour"]) == pico(opened["actual"]) - LEVEL
    assert "Cost of ac:me grows by 6.0% a day since 2024-11-" in opened["summary"]
    assert opened["query"] is not None
    assert "tenant = 'ac:me'" in opened["query"]


def test_it_is_said_again_when_it_has_doubled_or_matters_more_and_when_it_is_over() -> None:
    """From 100 an hour extra on it is a warning; excess goes on from what was said."""
    told = Told()
    told.days(0, LEAK + 14, gpt=0.08)
    states = [(each["state"], each["severity"], each["revision"]) for each in told.all]
    assert states[0] == ("opened", "info", 1)
    assert states[-1][:2] == ("updated", "warning")
    assert [revision for _, _, revision in states] == list(range(1, len(states) + 1))
    last = told.all[-1]
    days = range(LEAK, last["at_us"] // DAY_US - BEGIN)
    assert pico(last["excess"]) == pytest.approx(
        sum(24 * (LEVEL * 1.08 ** (each - LEAK + 1) - LEVEL) for each in days), rel=0.1
    )
    [over] = told.days(LEAK + 14, LEAK + 18, gpt=0.0)
    assert (over["state"], over["revision"]) == ("resolved", last["revision"] + 1)  # type: ignore[operator]  # it was said
    days = range(LEAK, over["at_us"] // DAY_US - BEGIN)
    costs = [LEVEL * 1.08 ** (each - LEAK + 1) if each < LEAK + 14 else LEVEL for each in days]
    assert pico(over["excess"]) == pytest.approx(24 * (sum(costs) - LEVEL * len(costs)), rel=0.1)
    assert over["summary"].startswith("Cost of ac:me is as in the weeks before. Said last: Cost")
    assert told.days(LEAK + 18, LEAK + 20, gpt=0.0) == []


def test_who_comes_later_says_the_same_under_the_same_name() -> None:
    first, second = Told(), Told()
    [opened] = first.days(0, LEAK + 7)
    for day in range(LEAK + 7):
        first_rate = {"gpt": 0.06}
        before = dict(second.said)
        second.days(day, day + 1, **first_rate)
        if second.said != before:
            break
    assert second.all == [opened]
    knows = Told(said=[opened])
    assert knows.days(0, LEAK + 7) == []


def test_of_a_tenant_and_its_models_one_tells() -> None:
    """A model that grows alone in a tenant that is six times as large: only the model shows."""
    steady = {f"m{number}": 0.0 for number in range(8)}
    told = Told()
    [opened] = told.days(0, LEAK + 8, gpt=0.06, **steady)
    assert whose_of(opened) == GPT
    assert opened["model"] == "gpt"
    assert "Cost of ac:me for gpt grows" in opened["summary"]
    more = [whose_of(each) for each in told.days(LEAK + 8, LEAK + 30, gpt=0.06, **steady)]
    assert set(more) == {GPT}


def test_what_is_muted_or_too_little_does_not_begin() -> None:
    muted = "alerts: [{name: m, kinds: [cost_growth], muted: true}]"
    assert Told(muted).days(0, LEAK + 14) == []
    dear = "alerts: [{name: m, kinds: [cost_growth], min_per_hour: '1000'}]"
    assert Told(dear).days(0, LEAK + 14) == []
    total = "alerts: [{name: m, kinds: [cost_growth], min_total: '1000000'}]"
    assert Told(total).days(0, LEAK + 14) == []


def test_what_was_over_does_not_begin_again_under_its_name() -> None:
    told = Told()
    [opened] = told.days(0, LEAK + 7)
    over: Alert = {**opened, "state": "resolved", "at_us": opened["at_us"] + DAY_US, "revision": 2}
    of_model: Alert = {**over, "alert_id": over["alert_id"].replace("::", ":gpt:"), "model": "gpt"}
    again = Told(said=[over, of_model])
    other, *_ = again.days(0, LEAK + 12)
    assert other["since_us"] == over["at_us"]
    assert other["alert_id"] != opened["alert_id"]


def test_a_step_is_told_as_one() -> None:
    told = Told()
    for day in range(LEAK + 12):
        per_hour = LEVEL * (3 if day >= LEAK + 1 else 2) // 2
        hours = range((BEGIN + day) * 24, (BEGIN + day + 1) * 24)
        told.growths.learn((BEGIN + day) * DAY_US, {ACME: dict.fromkeys(hours, per_hour)})
        told.look()
    [opened, *_] = told.all
    assert opened["at_us"] >= (BEGIN + LEAK + 2) * DAY_US
    assert pico(opened["excess_per_hour"]) == LEVEL // 2


def test_parts_of_growth_sum_to_it_in_each_dimension() -> None:
    told = Told()
    [opened] = told.days(0, LEAK + 7)
    parts = [
        PartCost("model", "gpt", 24 * 150, 24 * 100),
        PartCost("project", "old", 24 * 90, 24 * 100),
        PartCost("project", "leaky", 24 * 60, 0),
        PartCost("pool", "", 24 * 150, 24 * 100),
    ]
    found = with_parts(opened, parts)["contributors"]
    assert [(each["dimension"], each["value"], each["share"]) for each in found] == [
        ("project", "leaky", 1.2),
        ("model", "gpt", 1.0),
    ]
    assert pico(found[0]["excess"]) == 60
    assert with_parts(opened, [])["contributors"] == []


def test_other_alerts_are_of_no_series_of_growth() -> None:
    told = Told()
    [opened] = told.days(0, LEAK + 7)
    assert whose_of({**opened, "alert_id": "cost_anomaly/tenant:a:::USD/5"}) is None
    assert whose_of({**opened, "alert_id": f"{KIND}/a:b/5"}) is None
    assert opened["at_us"] % HOUR_US == 0
