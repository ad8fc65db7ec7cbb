"""How much of the past is learned; what is heard and how GPUs are used, beside the lines."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from schemas.records import Alert, AlertState
from streams.config.catalog import load_catalog
from streams.core.money import PICO
from streams.core.rightsize import Place, UsedHour
from streams.core.silence import ENOUGH, KIND, Heard, silences
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US
from streams.errors import StoreUnavailable
from streams.metrics import Metrics
from streams.processors.anomaly_history import AnomalyHistory, Span, is_later
from streams.processors.beside import beside_of, sizes
from streams.processors.closings import Closings
from streams.processors.inquiry import Inquiry
from streams.processors.learning import learned, looked_back, parts
from streams.processors.listening import Listening
from streams.processors.sizing import Sizing
from streams.settings import AnomalySettings
from tests.builders.usage import T0

OPEN_US = 25 * MINUTE_US
THREE_DAYS = AnomalySettings(learn_s=3 * 86_400)
NEWEST = T0 + 30 * DAY_US
POOL = Place("h100", "", "", "", "USD")
CATALOG = load_catalog("{}")


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(0, 0, 0), (0, 0)),  # nothing is there
        # a few minutes: all of them may be open, so none is learned as a sum
        (Span(T0, T0 + MINUTE_US, T0), (T0, T0 + MINUTE_US - OPEN_US)),
        (Span(T0, NEWEST, 0), (NEWEST - OPEN_US - 3 * DAY_US, NEWEST - OPEN_US)),
        # what is provisional for longer is not learned
        (Span(T0, NEWEST, NEWEST - HOUR_US), (NEWEST - HOUR_US - 3 * DAY_US, NEWEST - HOUR_US)),
    ],
)
def test_what_is_learned_is_what_is_final(span: Span, expected: tuple[int, int]) -> None:
    assert learned(span, OPEN_US, MINUTE_US, THREE_DAYS) == expected


def spoken(at_us: int, state: AlertState, kind: str = "cost_anomaly") -> Alert:
    """Return an alert as it was said last."""
    heard = [Heard("gw-1", T0, ENOUGH, MINUTE_US)]
    [found] = silences(heard, T0 + DAY_US, {}, currency="USD", muted=False)
    return {**found, "kind": kind, "state": state, "at_us": at_us}


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ([], 3),
        ([spoken(NEWEST - 5 * HOUR_US, "opened", "source_silent")], 3),
        ([spoken(NEWEST - 5 * HOUR_US, "opened")], 5),
        ([spoken(NEWEST - 5 * HOUR_US, "resolved"), spoken(NEWEST - HOUR_US, "updated")], 3),
        ([spoken(NEWEST - 5 * DAY_US, "updated")], 6),
    ],
)
def test_minutes_are_judged_since_the_last_word_on_what_goes_on_and_hours_are_whole(
    said: list[Alert], minutes: int
) -> None:
    since_us, until_us = T0 + 20 * MINUTE_US, NEWEST + 7 * MINUTE_US
    found = looked_back(since_us, until_us, said, AnomalySettings())
    assert found == (T0, NEWEST - minutes * HOUR_US, until_us)


def test_of_a_few_hours_every_minute_is_judged() -> None:
    until_us = T0 + 2 * HOUR_US
    assert looked_back(T0 + 1, until_us, [], AnomalySettings()) == (T0 + 1, T0 + 1, until_us)


def test_parts_of_the_past_are_all_of_it_in_order() -> None:
    assert [*parts(3, 10, 4)] == [(3, 7), (7, 10)]
    assert [*parts(3, 3, 4)] == []


@pytest.mark.parametrize(
    ("closed_us", "provisional_us"),
    [
        (None, 0),  # nobody says
        (NEWEST + MINUTE_US, 0),
        (NEWEST - HOUR_US, NEWEST - HOUR_US),
        (0, NEWEST - 2 * HOUR_US),  # a partition is silent: no longer than that
    ],
)
def test_what_is_not_closed_everywhere_is_not_learned_as_a_sum(
    closed_us: int | None, provisional_us: int
) -> None:
    span = Span(T0, NEWEST, 0)
    assert span.until(closed_us, 2 * HOUR_US) == span._replace(provisional_us=provisional_us)
    earlier = span._replace(provisional_us=NEWEST - 3 * HOUR_US)
    assert earlier.until(closed_us, 2 * HOUR_US) == earlier


@pytest.mark.parametrize(
    ("known", "alert", "expected"),
    [
        (None, (1, "opened"), True),
        ((1, "opened"), (2, "updated"), True),
        ((2, "updated"), (2, "resolved"), True),
        ((2, "resolved"), (2, "updated"), False),  # of one who woke up and knew no better
        ((3, "resolved"), (2, "updated"), False),
        ((2, "resolved"), (2, "resolved"), True),
    ],
)
def test_of_what_was_said_the_last_is_that_of_the_greatest_revision_and_over_is_later(
    known: tuple[int, str] | None, alert: tuple[int, str], expected: bool
) -> None:
    def said(revision: int, state: str) -> Alert:
        return cast("Alert", {"revision": revision, "state": state})

    assert is_later(said(*alert), known and said(*known)) == expected


class Ears:
    """A history that does not answer at first."""

    def __init__(self) -> None:
        self.asked = 0

    def came(self) -> None:
        """Say that nothing came."""

    def heard(self) -> tuple[int, list[Heard]]:
        self.asked += 1
        if self.asked == 1:
            raise StoreUnavailable("no store answers")
        lively = Heard("node-1", T0 + HOUR_US, ENOUGH, MINUTE_US)
        return T0 + HOUR_US, [lively, Heard("gw-1", T0, ENOUGH, MINUTE_US)]


class Eyes:
    """A history that has a pool which idled for a day."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def used(self, since_us: int, until_us: int) -> dict[Place, list[UsedHour]]:
        self.asked.append((since_us, until_us))
        begins = range(until_us - DAY_US, until_us, HOUR_US)
        return {POOL: [UsedHour(each, HOUR_US, 0, 0, 20 * PICO, 20 * PICO) for each in begins]}


async def answered(sizing: Sizing, known_us: int) -> None:
    """Have sizes look until there is an answer."""
    async with asyncio.timeout(60):
        while sizing._used is None:
            sizing.look(known_us)
            await asyncio.sleep(0)  # an answer comes from a thread


async def sized() -> None:
    eyes = Eyes()
    inquiry = Inquiry(Metrics(CollectorRegistry(), "anomalies"), 0.0)
    sizing = Sizing(cast("AnomalyHistory", eyes), inquiry, sizes(AnomalySettings()))
    sizing.begin([])
    sizing.look(0)
    assert sizing.due(CATALOG) == []  # nothing is known yet
    until_us = NEWEST + HOUR_US
    await answered(sizing, until_us + MINUTE_US)
    found = sizing.due(CATALOG)
    assert [(each["kind"], each["state"]) for each in found] == [("rightsize_low", "opened")]
    assert sizing.due(CATALOG) == found  # until it was said
    sizing.told(found)
    assert sizing.due(CATALOG) == []
    sizing.look(until_us + HOUR_US - 1)
    assert sizing._asking is None
    await sizing.stop()
    assert eyes.asked == [(NEWEST - 2 * DAY_US, until_us)], "once an hour"
    other = Sizing(cast("AnomalyHistory", eyes), inquiry, sizes(AnomalySettings()))
    other.begin(found)
    await answered(other, until_us)
    assert other.due(CATALOG) == []  # it was said before


def test_sizes_are_due_until_they_were_said_and_asked_for_once_an_hour() -> None:
    asyncio.run(sized())


@pytest.mark.parametrize("who", [None, 0, 1, 2, 3, 4])
def test_it_is_said_when_what_is_asked_beside_has_no_answer(who: int | None) -> None:
    beside = beside_of(
        cast("Closings", SimpleNamespace(trouble=None)),
        cast("AnomalyHistory", Ears()),
        Metrics(CollectorRegistry(), "anomalies"),
        AnomalySettings(),
    )
    asking = (
        beside.silences,
        beside.shortfalls,
        beside.sizing,
        beside.recounting,
        beside.growing,
    )
    if who is not None:
        asking[who].inquiry.trouble = "no store answers"
    assert beside.trouble == (None if who is None else "no store answers")


async def listened() -> None:
    ears = Ears()
    inquiry = Inquiry(Metrics(CollectorRegistry(), "anomalies"), 0.0)
    listening = Listening(KIND, ears.heard, silences, inquiry, 60.0)
    listening.begin([])
    assert listening.due(CATALOG, "USD") == []  # nothing was answered yet
    async with asyncio.timeout(60):
        while not (found := listening.due(CATALOG, "USD")):  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0)  # an answer comes from a thread
    assert [(each["source"], each["state"]) for each in found] == [("gw-1", "opened")]
    assert listening.due(CATALOG, "USD") == found  # until it was said
    listening.told(found)
    assert listening.due(CATALOG, "USD") == []
    muted = load_catalog("alerts: [{name: m, kinds: [source_silent], muted: true}]")
    listening.told([{**found[0], "state": "resolved"}])
    assert listening.due(muted, "USD") == []
    await listening.stop()
    assert ears.asked == 2


def test_a_silence_is_due_until_it_was_said_and_answers_are_waited_for() -> None:
    asyncio.run(listened())
