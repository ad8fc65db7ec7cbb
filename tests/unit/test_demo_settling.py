"""When a demo may end: everything sent is archived, on a line and final."""

from dataclasses import replace
from decimal import Decimal

import pytest

from schemas.topics import USAGE_INFERENCE
from streams.demo.figures import Lines, Source, Totals
from streams.demo.sends import Batcher
from streams.demo.settling import Sent, missing

# gw sent two batches of 3 and 2 events, one of which was rejected: 5 - 1 = 4 in the archive.
TOTALS = Totals(4, 0, 0, 0, Decimal(1), 7, 7, 1, 0, 1)
SOURCES = [Source("gw", 2, 5, 1), Source("clock-usage.gpu.v1-0", 9, 0, 0)]
LINES = Lines(settled_until_us=0, counted_events=4, late_events=0)


@pytest.fixture
def sent() -> Sent:
    batcher = Batcher(USAGE_INFERENCE, "gw", 7)
    sends = []
    for size in (3, 2):
        for _ in range(size):
            batcher.add({})
        sends.append(batcher.close(100))
    tally = Sent()
    for send in (*sends, sends[0]):  # the first one twice
        tally.count(send)
    return tally


def test_a_duplicate_is_sent_once(sent: Sent) -> None:
    assert sent.seqs == {"gw": {0, 1}}
    assert sent.events == {"gw": 5}


def test_nothing_is_missing_when_all_is_settled(sent: Sent) -> None:
    assert missing(sent, TOTALS, SOURCES, LINES) is None


def test_events_passed_on_as_late_are_not_missing(sent: Sent) -> None:
    assert missing(sent, TOTALS, SOURCES, replace(LINES, counted_events=3, late_events=1)) is None


@pytest.mark.parametrize(
    ("totals", "sources", "lines", "says"),
    [
        (TOTALS, [], LINES, "gw: expected 2 batches of 5 events in the archive, got 0 of 0"),
        (TOTALS, [Source("gw", 1, 3, 1)], LINES, "gw: expected 2 batches"),
        (TOTALS, [Source("gw", 2, 6, 1)], LINES, "gw: expected 2 batches of 5 events"),
        (replace(TOTALS, events=3), SOURCES, LINES, "expected 4 events in the archive, got 3"),
        (TOTALS, SOURCES, replace(LINES, counted_events=3), "expected 4 events on cost lines"),
        (replace(TOTALS, final_windows=6), SOURCES, LINES, "expected 7 final windows, got 6"),
    ],
)
def test_what_is_missing_is_said(
    sent: Sent, totals: Totals, sources: list[Source], lines: Lines, says: str
) -> None:
    assert (missing(sent, totals, sources, lines) or "").startswith(says)
