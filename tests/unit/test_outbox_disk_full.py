"""A disk that really refuses to write: the operating system's file size limit stands in for it."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agents.outbox.limits import MIB, Limits
from tests.outbox_parts import FakeChannel, Hands, Rig, decode, event, numbers

BATCH = Limits().max_events
ROUNDS = 12  # 250 kB each, into 1 MiB


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def put(rig: Rig, first: int, count: int) -> int:
    return sum(rig.intake.put(event(first + n, project="x" * 180)) for n in range(count))


def test_a_full_disk_is_counted_and_no_crash(tmp_path: Path) -> None:
    channel = FakeChannel(is_up=False)
    rig = Rig(tmp_path / "outbox.db", channel, Hands(), Limits())
    with largest_file(MIB):
        for turn in range(ROUNDS):
            put(rig, turn * BATCH, BATCH)
            rig.turn(after_s=1.0)
        assert sum(rig.intake.counts()[2].values()) > 2 * BATCH
        assert rig.worker.stats.pending_events > 2 * BATCH
    rig.turn(after_s=1.0)  # there is space again
    assert put(rig, ROUNDS * BATCH, 10) == 10
    channel.is_up = True
    rig.drain()
    batches = [decode(b.payload) for b in channel.log]
    assert [b["seq"] for b in batches] == list(range(len(batches)))
    losses = [loss for b in batches for loss in b["losses"]]
    assert {loss["reason"] for loss in losses} <= {"disk_full", "disk_error"}
    arrived = [number for b in batches for number in numbers(b)]
    assert len(arrived) == len(set(arrived))
    assert len(arrived) + sum(loss["events"] for loss in losses) == ROUNDS * BATCH + 10
    rig.crash()


def test_on_a_full_disk_acknowledged_batches_still_make_room(tmp_path: Path) -> None:
    channel = FakeChannel()
    rig = Rig(tmp_path / "outbox.db", channel, Hands(), Limits())
    with largest_file(MIB):
        for turn in range(2 * ROUNDS):  # 6 MB go through
            assert put(rig, turn * BATCH, BATCH) == BATCH
            rig.turn()
            rig.turn()
        assert rig.worker.is_drained()
    assert sum(len(numbers(decode(b.payload))) for b in channel.log) == 2 * ROUNDS * BATCH
    rig.crash()
