"""What is open follows corrected costs, and is over where they say that it was nothing."""

import pytest

from schemas.decimals import from_bytes
from schemas.records import Alert
from streams.core.series.episode import QUIET
from streams.core.series.recount import Count
from streams.core.windows import HOUR_US, MINUTE_US
from tests.builders.series import Fed
from tests.builders.usage import T0

USD = 10**12
USUAL = 60
BURST = 14  # minutes, at 2 USD; usually it is a tenth of one
ALERT = f"cost_anomaly/tenant:acme:::USD/{T0 + USUAL * MINUTE_US}"


def opened() -> Fed:
    """A watch after a burst that goes on."""
    fed = Fed()
    for minute in range(USUAL):
        fed.minute(minute, ["0.1"])
    for minute in range(USUAL, USUAL + BURST):
        fed.minute(minute, ["2"])
    assert {each["alert_id"] for each in fed.said} == {ALERT}
    return fed


def corrected(fed: Fed, pico: int) -> list[Alert]:
    """Have each judged minute of the burst cost so much, and return what is said then."""
    [of] = [each for each in fed.watch.counts() if each.key.subject == "tenant"]
    begins = range(of.since_us, of.until_us, MINUTE_US)
    fed.watch.recount(of, [(each, pico) for each in begins])
    return fed.look(fed.now_us + 50_000_000)


def excess(fed: Fed) -> int:
    [series] = [each for key, each in fed.watch.board.series.items() if key.subject == "tenant"]
    return series.course.excess


def test_what_is_counted_again_is_what_was_judged_for_good() -> None:
    fed = opened()
    [of] = [each for each in fed.watch.counts() if each.key.subject == "tenant"]
    assert of.since_us == T0 + USUAL * MINUTE_US
    assert of.until_us == fed.watch.judged_until_us
    assert of.spent == 2 * USD * ((of.until_us - of.since_us) // MINUTE_US)


def test_the_same_again_changes_nothing() -> None:
    fed = opened()
    before, said = excess(fed), len(fed.said)
    assert corrected(fed, 2 * USD) == []
    assert (excess(fed), len(fed.said)) == (before, said)


def test_late_usage_raises_what_it_cost_extra_and_that_is_said_when_it_has_doubled() -> None:
    fed = opened()
    before = excess(fed)
    [updated] = corrected(fed, 5 * USD)
    judged = (fed.watch.judged_until_us - T0) // MINUTE_US - USUAL
    assert excess(fed) == before + 3 * USD * judged
    assert (updated["alert_id"], updated["state"]) == (ALERT, "updated")
    assert from_bytes(updated["excess"] or b"") == excess(fed)


def test_what_was_half_as_dear_is_said_once() -> None:
    fed = opened()
    [updated] = corrected(fed, USD * 6 // 10)
    assert updated["state"] == "updated"
    assert from_bytes(updated["excess"] or b"") == excess(fed)
    assert fed.look(fed.now_us + 60_000_000) == []


def test_what_was_nothing_after_all_is_over_at_once_and_begins_anew_under_another_name() -> None:
    fed = opened()
    until_us = fed.watch.judged_until_us
    [resolved] = corrected(fed, USD // 10)
    assert (resolved["alert_id"], resolved["state"]) == (ALERT, "resolved")
    assert abs(from_bytes(resolved["excess"] or b"")) < 4 * USD  # one minute is not judged yet
    assert "as usual again" in resolved["summary"]
    assert fed.watch.counts() == []
    for minute in range(USUAL + BURST, USUAL + BURST + 6):
        fed.minute(minute, ["2"])
    again = [each for each in fed.said if each["state"] == "opened"][1:]
    assert [each["model"] for each in again] == [None]
    assert again[0]["since_us"] >= until_us, "what was corrected is not what is unusual"


def test_what_costs_less_than_expected_is_said_once_not_every_minute() -> None:
    fed = opened()
    [series] = [each for key, each in fed.watch.board.series.items() if key.subject == "tenant"]
    assert series.course.episode is not None
    series.course.episode.settled = -90 * USD
    [updated] = fed.look(fed.now_us + 60_000_000)
    assert from_bytes(updated["excess"] or b"") < 0
    assert fed.look(fed.now_us + 70_000_000) == []


def test_a_minute_that_was_never_judged_is_not_counted_again() -> None:
    fed = opened()
    [of] = [each for each in fed.watch.counts() if each.key.subject == "tenant"]
    before = excess(fed)
    missing = of.since_us - HOUR_US
    fed.watch.buckets.gaps.append(missing)
    judged = [(each, 2 * USD) for each in range(of.since_us, of.until_us, MINUTE_US)]
    fed.watch.recount(of, [*judged, (missing, 7 * USD)])
    assert excess(fed) == before


@pytest.mark.parametrize("change", [{"since_us": 0}, {"key": None}])
def test_an_answer_about_what_is_over_or_forgotten_changes_nothing(
    change: dict[str, object],
) -> None:
    fed = opened()
    [of] = [each for each in fed.watch.counts() if each.key.subject == "tenant"]
    before = excess(fed)
    key = of.key._replace(tenant="gone") if "key" in change else of.key
    since_us = 0 if "since_us" in change else of.since_us
    fed.watch.recount(Count(key, since_us, of.until_us, of.spent), [])
    assert excess(fed) == before


def test_what_resolved_is_counted_no_more() -> None:
    fed = opened()
    for minute in range(USUAL + BURST, USUAL + BURST + QUIET + 2):
        fed.minute(minute, ["0.1"])
    assert fed.said[-1]["state"] == "resolved"
    assert fed.watch.counts() == []
