"""The hook in real processes: forked workers, killed workers, and what they leave behind."""

import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from schemas.topics import USAGE_INFERENCE
from tests.outbox_parts import wait_until
from tests.peers.peers import Place
from tests.topics import shared_topic

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
HOOK = ROOT / "agents" / "gateway-hook"
AWAY = "127.0.0.1:1"
EVENTS = 700  # several batches of the hook


@pytest.fixture
def place(tmp_path: Path, broker: str) -> Place:
    shared_topic(broker, USAGE_INFERENCE.name)
    return Place(tmp_path, HOOK, broker, f"proc-{uuid.uuid4().hex[:8]}")


def run(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=place.environment(), capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip


@contextmanager
def holding(place: Place, broker: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program that has told of its calls, which are on disk; it is killed afterwards."""
    environment = {**place.environment(), "APPORTION_HOOK_KAFKA": broker}
    command = [sys.executable, "-m", "tests.hook_child", "hold", str(EVENTS)]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child
    finally:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


def requests(place: Place) -> Counter[str]:
    return Counter(str(event["request_id"]) for event in place.told())


def files(place: Place) -> list[str]:
    return sorted(path.name for path in (place.folder / "outboxes").glob("*.outbox"))


def test_forked_workers_tell_all_their_calls_and_the_parents_none(place: Place) -> None:
    done = run(place, "-m", "tests.hook_child", "fork")
    assert done.returncode == 0, done.stderr
    children = [f"child-{number}-{each}" for number in range(3) for each in "ab"]
    assert requests(place) == Counter(["parent-before", "parent-after", *children])
    assert files(place)[0] == f"{place.source}-0.outbox"
    assert len(files(place)) >= 2, "a child never writes to its parent's"


def test_processes_beside_each_other_have_numbers_of_their_own(place: Place) -> None:
    with holding(place, place.broker), holding(place, place.broker):
        assert files(place) == [f"{place.source}-0.outbox", f"{place.source}-1.outbox"]
    with holding(place, place.broker):
        pass
    assert files(place) == [f"{place.source}-0.outbox", f"{place.source}-1.outbox"], (
        "taken up again"
    )


def test_what_killed_processes_left_is_sent_once_by_a_drain(place: Place) -> None:
    with holding(place, AWAY), holding(place, AWAY):
        pass  # killed: no Kafka, and no end in order
    assert place.told() == []
    done = run(place, "-m", "apportion_hook")
    assert (done.returncode, done.stdout) == (
        0, f"{place.source}-0: empty\n{place.source}-1: empty\n",
    )  # fmt: skip
    found = requests(place)
    assert len(found) == 2 * EVENTS
    assert set(found.values()) == {1}


def test_a_program_that_just_ends_leaves_thousands_of_calls_on_disk_each_once(
    place: Place,
) -> None:
    """Two hooks of one program, Kafka away: each has an outbox, and most of it was in memory."""
    away = {**place.environment(), "APPORTION_HOOK_KAFKA": AWAY}
    command = [sys.executable, "-m", "tests.hook_child", "end", str(10 * EVENTS)]
    done = subprocess.run(
        command, env=away, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert files(place) == [f"{place.source}-0.outbox", f"{place.source}-1.outbox"]
    wait_until(lambda: run(place, "-m", "apportion_hook").returncode == 0, 120.0)  # 5 s a try
    named = [f"{hook}-{number}" for hook in ("first", "second") for number in range(10 * EVENTS)]
    assert requests(place) == Counter(named)


def test_a_drain_leaves_alone_what_is_in_use(place: Place) -> None:
    with holding(place, AWAY):
        done = run(place, "-m", "apportion_hook")
    assert (done.returncode, done.stdout) == (0, f"{place.source}-0: in use\n")


def test_a_drain_without_settings_says_what_it_wants(place: Place) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "apportion_hook"], env={"PYTHONPATH": f"{HOOK}:{ROOT}"},
        cwd=place.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "APPORTION_HOOK_DIRECTORY: expected a value" in done.stderr
