"""When a source is missed, and what is said of it."""

import pytest

from schemas.records import Alert
from streams.core.silence import ENOUGH, Heard, Name, silences
from streams.core.windows import HOUR_US, MINUTE_US

NOW_US = 100 * HOUR_US


def heard(source: str, silent_min: int, pause_min: int = 1, minutes: int = ENOUGH) -> Heard:
    """Return a source that is silent for some minutes, and usually pauses for others."""
    last_us = NOW_US - (silent_min + 1) * MINUTE_US
    return Heard(source, last_us, minutes, pause_min * MINUTE_US)


LIVELY = heard("node-1", 0)


def said(*of: Heard, before: dict[Name, Alert] | None = None, muted: bool = False) -> list[Alert]:
    return silences([LIVELY, *of], NOW_US, before or {}, currency="USD", muted=muted)


@pytest.mark.parametrize(
    ("silent", "pause", "minutes", "expected"),
    [
        (5, 1, ENOUGH, False),
        (6, 1, ENOUGH, True),
        (6, 1, ENOUGH - 1, False),  # too seldom heard to be missed
        (30, 10, ENOUGH, False),  # it usually pauses for ten
        (31, 10, ENOUGH, True),
    ],
)
def test_a_source_is_missed_after_three_times_its_pause_and_five_minutes_at_least(
    silent: int, pause: int, minutes: int, *, expected: bool
) -> None:
    assert bool(said(heard("gw-1", silent, pause, minutes))) is expected


def test_it_is_said_once_and_ends_when_it_is_heard_again() -> None:
    silent = heard("gw/1", 9)
    [opened] = said(silent)
    assert opened["alert_id"] == f"source_silent/source:gw%2F1/{silent.since_us}"
    assert (opened["source"], opened["severity"], opened["revision"]) == ("gw/1", "warning", 1)
    assert said(silent, before={"gw/1": opened}) == []
    [resolved] = said(heard("gw/1", 0), before={"gw/1": opened})
    assert (resolved["alert_id"], resolved["state"]) == (opened["alert_id"], "resolved")
    assert (resolved["revision"], resolved["summary"]) == (2, "Source gw/1 is heard again.")


def test_a_source_that_is_expected_no_more_ends_its_alert() -> None:
    [opened] = said(heard("gw-1", 9))
    [resolved] = said(before={"gw-1": opened})
    assert resolved["state"] == "resolved"
    assert "expected no more" in resolved["summary"]


def test_all_at_once_are_one_alert_beside_those_said_before() -> None:
    before = heard("gw-1", 30)
    [of_one] = said(before)
    everyone = [heard("node-1", 6), heard("node-2", 7), before]
    found = silences(everyone, NOW_US, {"gw-1": of_one}, currency="USD", muted=False)
    assert [(a["source"], a["state"], a["severity"]) for a in found] == [
        (None, "opened", "critical")
    ]
    assert found[0]["since_us"] == heard("node-1", 6).since_us  # when the last fell silent
    again = silences(
        [LIVELY, heard("node-2", 7), before],
        NOW_US,
        {"gw-1": of_one, None: found[0]},
        currency="USD",
        muted=False,
    )
    assert [(a["source"], a["state"]) for a in again] == [("node-2", "opened"), (None, "resolved")]


def test_what_is_muted_does_not_begin_and_what_has_begun_ends() -> None:
    [opened] = said(heard("gw-1", 9))
    assert said(heard("gw-2", 9), muted=True) == []
    [resolved] = said(heard("gw-1", 0), before={"gw-1": opened}, muted=True)
    assert resolved["state"] == "resolved"
