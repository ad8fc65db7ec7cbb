"""Folders of usage and the lines it must become, each played in four ways: see `stories`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import pytest

from tests.simulation.stories import Row, Story, read, tell

HERE = Path(__file__).parent
NAMES = sorted(path.parent.name for path in HERE.glob("*/events.jsonl"))
SEED = 7


def straight(batches: Sequence[Row]) -> Sequence[Row]:
    return batches


def doubled(batches: Sequence[Row]) -> Sequence[Row]:
    return [batch for each in batches for batch in (each, each)]


def shuffled_within_grace(batches: Sequence[Row]) -> Sequence[Row]:
    return Random(SEED).sample(batches, len(batches))


@pytest.fixture(params=NAMES)
def story(request: pytest.FixtureRequest) -> Story:
    return read(HERE / request.param)


@pytest.mark.parametrize("order", [straight, doubled, shuffled_within_grace])
def test_a_story_ends_as_expected_however_it_is_told(
    story: Story, order: Callable[[Sequence[Row]], Sequence[Row]]
) -> None:
    assert tell(story, order) == story.expected


@pytest.mark.parametrize("stop_at", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_story_ends_as_expected_when_stopped_and_restored_midway(
    story: Story, stop_at: float
) -> None:
    assert tell(story, straight, stop_at) == story.expected


def test_there_are_stories() -> None:
    assert len(NAMES) >= 8
