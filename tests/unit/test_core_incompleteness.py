"""When less came of a source than it sent, and what is said of it."""

from fractions import Fraction

import pytest

from schemas.records import Alert
from streams.core.incompleteness import Came, shortfalls
from streams.core.silence import Name
from streams.core.windows import HOUR_US, MINUTE_US

NOW_US = 100 * HOUR_US
SINCE_US = NOW_US - 20 * MINUTE_US
WHOLE = Came("gw/1", batches=100, missing=0, dead=0, events=4_000, refused=0, dropped=0, since_us=0)
SHORT = WHOLE._replace(missing=10, since_us=SINCE_US)
LEAST = Fraction(99, 100)


def said(
    *came: Came,
    before: dict[Name, Alert] | None = None,
    muted: bool = False,
    least: Fraction = LEAST,
) -> list[Alert]:
    return shortfalls(came, NOW_US, before or {}, currency="USD", muted=muted, least=least)


@pytest.mark.parametrize(
    ("came", "ratio"),
    [
        (WHOLE, Fraction(1)),
        (WHOLE._replace(missing=25), Fraction(100, 125)),
        (WHOLE._replace(dead=25), Fraction(100, 125)),
        (WHOLE._replace(refused=1_000), Fraction(3, 4)),  # of 4,000 events
        (WHOLE._replace(dropped=1_000), Fraction(4, 5)),  # of 5,000
        (WHOLE._replace(refused=1_000, dropped=1_000, missing=1), Fraction(3, 5)),
        (WHOLE._replace(batches=1, events=0), Fraction(1)),  # a beat without events
        (WHOLE._replace(batches=1, events=0, dropped=7), Fraction(0)),
    ],
)
def test_what_came_is_the_less_of_batches_and_of_events(came: Came, ratio: Fraction) -> None:
    assert came.ratio == ratio


@pytest.mark.parametrize(("missing", "expected"), [(1, False), (2, True)])
def test_a_little_is_not_worth_an_alert(missing: int, *, expected: bool) -> None:
    """100 of 101 are 99.01 %, 100 of 102 are 98.04 %."""
    assert bool(said(WHOLE._replace(missing=missing, since_us=SINCE_US))) is expected


def test_it_is_said_once_what_is_missing_and_ends_when_an_hour_is_whole() -> None:
    short = SHORT._replace(dead=1, refused=5, dropped=1_234)
    [opened] = said(short)
    assert opened["alert_id"] == f"source_incomplete/source:gw%2F1/{SINCE_US}"
    assert (opened["source"], opened["severity"], opened["state"]) == ("gw/1", "warning", "opened")
    assert opened["summary"].startswith("Of source gw/1 76.3% came in an hour, since 1970-01-05 ")
    for part in ("10 of 111 batches never came", "1 batches could not be read",
                 "5 of 4,000 events were refused", "1,234 events it had no room for"):  # fmt: skip
        assert part in opened["summary"]
    assert said(short, before={"gw/1": opened}) == []
    [resolved] = said(WHOLE, before={"gw/1": opened})
    assert (resolved["alert_id"], resolved["state"]) == (opened["alert_id"], "resolved")
    assert resolved["revision"] == 2
    [resolved] = said(before={"gw/1": opened})  # nothing of it in an hour: that is a silence
    assert resolved["state"] == "resolved"


def test_a_muted_kind_says_nothing_new_and_ends_what_was_said() -> None:
    assert said(SHORT, muted=True) == []
    [opened] = said(SHORT)
    assert [each["state"] for each in said(WHOLE, before={"gw/1": opened}, muted=True)] == [
        "resolved"
    ]


def test_sources_that_fail_in_one_hour_are_of_one_group() -> None:
    first, second = said(SHORT, SHORT._replace(source="gw-2", since_us=SINCE_US + 1))
    assert first["group"] == second["group"]
