"""Instants as people write them are exact, and UTC unless they say otherwise."""

import pytest
import typer

from streams.cli.instants import instant_us
from tests.builders.usage import T0


@pytest.mark.parametrize(
    ("text", "offset_us"),
    [
        ("2026-01-01", 0),
        ("2026-01-01T00:00Z", 0),
        ("2026-01-01T01:30:00+01:30", 0),
        ("2026-01-01T00:00:00.000001", 1),
    ],
)
def test_instants_are_utc_to_the_microsecond(text: str, offset_us: int) -> None:
    assert instant_us(text) == T0 + offset_us


@pytest.mark.parametrize("text", ["", "now", "1969-12-31", "2200-01-01", "2026-13-01"])
def test_what_is_no_instant_of_usage_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        instant_us(text)
