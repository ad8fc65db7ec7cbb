"""The promise, under abuse: every cent accounted for, once, whatever is killed, paused or late."""

import os
from pathlib import Path

import pytest

from tests.system import stack
from tests.system.play import SETTINGS, Run, Size, judge
from tests.system.worker_faults import kills_and_pauses

SEED = int(os.environ.get("APPORTION_TEST_SEED", "1"))
SLOTS = int(os.environ.get("APPORTION_TEST_SLOTS", "150"))
EVENTS = int(os.environ.get("APPORTION_TEST_EVENTS", "500"))
WITHIN_S = 600.0  # five times what it takes with two cores of its own


@pytest.mark.e2e
@pytest.mark.timeout(WITHIN_S + 120)
def test_every_cent_is_accounted_for_once_under_abuse(tmp_path: Path) -> None:
    size = Size(SLOTS, EVENTS, WITHIN_S)
    run = Run(SEED, size, stack.running(tmp_path, SETTINGS), kills_and_pauses)
    judge(run)
    assert run.load.events >= 400_000 or SLOTS < 150 or EVENTS < 500
    assert min(run.abuse.kills.values()) >= 3
    assert len(run.abuse.kills) == 3
