"""What our detector earns on the benchmark stays what the documentation says, within chance."""

from pathlib import Path

import pytest

from streams.core.anomaly.detector import detector
from tests.nab.__main__ import scored
from tests.nab.corpus import read_profiles, read_series, read_windows
from tests.nab.scoring import Scored, best

LEAST = {"standard": 68.0, "reward_low_FP_rate": 57.0, "reward_low_FN_rate": 73.0}
MOST_BYTES = 20_000

pytestmark = pytest.mark.shared


def test_ours_is_as_good_and_as_small_as_it_was(shared_data: Path) -> None:
    folder = shared_data / "nab"
    found = {one.name: one for one in read_series(folder)}
    runs = {name: scored(detector, one) for name, one in found.items()}
    assert max(run.state_bytes for run in runs.values()) < MOST_BYTES
    windows = read_windows(folder, found)
    said = [Scored(name, run.scores, windows[name]) for name, run in runs.items()]
    earned = {p.name: best(said, p).normalised for p in read_profiles(folder)}
    assert {name: value for name, value in earned.items() if value < LEAST[name]} == {}
