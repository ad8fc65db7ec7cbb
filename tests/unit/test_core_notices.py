"""What is still to be told of an alert, by what was said last of it to a destination."""

import pytest

from schemas.records import Notice
from streams.core.notices import Destination, Verdict, is_past, key_of, verdict
from tests.builders.alerts import alert
from tests.builders.notices import notice

TELL, LOOK, KNOWN = Verdict.TELL, Verdict.LOOK, Verdict.KNOWN
HERE, BEHIND = (0, 7), (0, 8)


@pytest.mark.parametrize(
    ("said", "revision", "position", "expected"),
    [
        (None, 1, HERE, TELL),
        (notice(1, "told"), 1, HERE, KNOWN),
        (notice(1, "told"), 1, BEHIND, KNOWN),
        (notice(2, "told"), 1, BEHIND, KNOWN),
        (notice(1, "told"), 2, BEHIND, TELL),
        (notice(2, "told"), 9, BEHIND, TELL),
        (notice(9, "told"), 2, BEHIND, KNOWN),
        (notice(1, "intended"), 1, HERE, LOOK),
        (notice(1, "intended"), 2, BEHIND, LOOK),
        (notice(2, "intended"), 1, HERE, KNOWN),
        (notice(1, "refused"), 1, HERE, KNOWN),
        (notice(1, "refused"), 1, BEHIND, TELL),
        (notice(1, "refused", offset=9), 1, BEHIND, KNOWN),
        (notice(1, "refused", partition=3, offset=9), 1, BEHIND, TELL),
        (notice(1, "refused"), 2, BEHIND, TELL),
        (notice(2, "refused"), 1, BEHIND, KNOWN),
    ],
)
def test_a_saying_is_told_looked_for_or_known(
    said: Notice | None, revision: int, position: tuple[int, int], expected: Verdict
) -> None:
    assert verdict(said, alert(revision=revision), *position) is expected


def test_two_channels_of_a_sink_are_two_destinations() -> None:
    assert key_of(notice(1, "told")) == "ops:C1/a/b"
    assert key_of(notice(1, "told", channel=None)) == Destination("ops").key("a/b") == "ops/a/b"


def test_only_what_is_over_is_ever_forgotten() -> None:
    assert is_past(notice(9, "told", said_at_us=5), before_us=6)
    assert not is_past(notice(9, "told", said_at_us=6), before_us=6)
    assert not is_past(notice(2, "told", said_at_us=5), before_us=6)
