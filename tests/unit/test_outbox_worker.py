"""From put to batch to Kafka, turn by turn, with clocks held still and a broker in memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agents.errors import OutboxDiskRefused
from agents.outbox.batcher import Note
from agents.outbox.limits import KIB, Limits
from agents.outbox.remembered import Step
from schemas.records import Loss
from tests.outbox_parts import SMALL, START_US, FakeChannel, Hands, Rig, decode, event, numbers


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def rig(tmp_path: Path, channel: FakeChannel) -> Iterator[Rig]:
    rig = Rig(tmp_path / "outbox.db", channel, Hands())
    yield rig
    rig.crash()


def put(rig: Rig, first: int, count: int) -> list[bool]:
    return [rig.intake.put(event(number)) for number in range(first, first + count)]


def test_a_batch_carries_its_identity_and_its_events(rig: Rig, channel: FakeChannel) -> None:
    put(rig, 0, 3)
    rig.turn()
    assert channel.waiting == []  # not due before its age
    rig.turn(after_s=1.0)
    rig.turn()
    batch = decode(channel.log[0].payload)
    assert (batch["source"], batch["epoch"], batch["seq"]) == ("gw-1", START_US, 0)
    assert batch["sent_at_us"] == START_US + 1_000_000
    assert batch["losses"] == []
    assert numbers(batch) == [0, 1, 2]
    assert rig.worker.is_drained()


def test_an_empty_event_is_none_and_is_not_lost(rig: Rig, channel: FakeChannel) -> None:
    for each in ({}, event(1), {}, {}, event(4), {}):
        rig.intake.put(each)
    rig.turn(after_s=1.0)
    rig.intake.put({})
    rig.turn(after_s=1.0)
    rig.drain()
    assert [numbers(decode(batch.payload)) for batch in channel.log] == [[1, 4]]
    assert (rig.worker.stats.repeated, rig.intake.counts()[1:]) == (0, (0, {}))


def test_a_full_batch_does_not_wait(rig: Rig, channel: FakeChannel) -> None:
    put(rig, 0, SMALL.max_events + 1)
    rig.turn()
    assert [numbers(decode(b.payload)) for b in channel.waiting] == [list(range(20))]


def test_batches_stay_on_disk_until_acknowledged(rig: Rig, channel: FakeChannel) -> None:
    channel.is_up = False
    put(rig, 0, 40)
    rig.turn()
    assert rig.worker.stats.pending_batches == 2
    assert rig.worker.stats.in_flight == 2
    rig.turn(after_s=30.0)
    assert rig.worker.stats.oldest_age_s == 30.0
    channel.is_up = True
    rig.turn()
    assert rig.worker.stats.pending_batches == 0
    assert rig.worker.stats.delivered == 2


def test_a_restart_sends_the_same_bytes_in_order(tmp_path: Path) -> None:
    down = FakeChannel(is_up=False)
    first = Rig(tmp_path / "again.db", down, Hands())
    put(first, 0, 60)
    first.turn()
    first.crash()
    up = FakeChannel()
    again = Rig(tmp_path / "again.db", up, Hands(at_s=99.0))
    again.drain()
    assert up.log == down.waiting
    assert [b.seq for b in up.log] == [0, 1, 2]
    again.crash()


def test_an_invalid_event_is_a_loss_and_spares_the_others(rig: Rig, channel: FakeChannel) -> None:
    put(rig, 0, 2)
    assert rig.intake.put(event(2, provider=None))
    put(rig, 3, 2)
    rig.turn(after_s=1.0)
    rig.drain()
    batches = [decode(b.payload) for b in channel.log]
    assert [numbers(b) for b in batches] == [[0, 1, 3, 4], []]
    at_us = START_US + 1_000_000
    assert batches[1]["losses"] == [
        Loss(events=1, first_us=at_us, last_us=at_us, reason="invalid_event")
    ]
    assert rig.intake.counts() == (5, 0, {"invalid_event": 1})


def test_an_event_larger_than_a_batch_is_a_loss(rig: Rig, channel: FakeChannel) -> None:
    rig.intake.put(event(0, model="m" * 3 * KIB))
    put(rig, 1, 1)
    rig.turn(after_s=1.0)
    rig.drain()
    batches = [decode(b.payload) for b in channel.log]
    assert [numbers(b) for b in batches] == [[1]]
    assert [loss["reason"] for loss in batches[0]["losses"]] == ["event_too_large"]


def test_a_full_buffer_drops_the_newest(tmp_path: Path, channel: FakeChannel) -> None:
    limits = Limits(max_events=5, max_buffered_events=8)
    rig = Rig(tmp_path / "outbox.db", channel, Hands(), limits)
    assert put(rig, 0, 10) == [True] * 8 + [False] * 2
    rig.turn(after_s=1.0)
    rig.drain()
    batches = [decode(b.payload) for b in channel.log]
    assert [numbers(b) for b in batches] == [[0, 1, 2, 3, 4], [5, 6, 7]]
    loss = Loss(events=2, first_us=START_US, last_us=START_US, reason="buffer_full")
    assert batches[0]["losses"] == [loss]
    rig.crash()


def fill(rig: Rig) -> int:
    """Put until the outbox refuses; return how many events were put."""
    count = 0
    while rig.intake.put(event(count, project="x" * 500)):
        count += 1
        if count % 10 == 0:
            rig.turn(after_s=0.01)
    return count + 1


def test_at_its_bound_it_refuses_and_the_loss_survives_a_restart(
    tmp_path: Path, channel: FakeChannel
) -> None:
    limits = Limits(max_batch_bytes=16 * KIB, max_disk_bytes=3 * 1024 * KIB)
    channel.is_up = False
    hands = Hands()
    rig = Rig(tmp_path / "outbox.db", channel, hands, limits)
    count = fill(rig)
    refused_from_us = START_US + round(hands.at_s * 1e6)
    assert rig.worker.stats.refusing == "outbox_full"
    assert put(rig, count, 3) == [False] * 3
    rig.turn(after_s=1.0)
    assert rig.worker.stats.disk_bytes <= limits.max_disk_bytes
    unreported = rig.worker.stats.unreported_losses
    assert unreported >= 4
    rig.crash()

    up = FakeChannel()
    again = Rig(tmp_path / "outbox.db", up, hands, limits)
    assert again.worker.stats.unreported_losses == unreported
    again.drain()
    batches = [decode(b.payload) for b in up.log]
    assert [b["seq"] for b in batches] == list(range(len(batches)))
    [loss] = [loss for b in batches for loss in b["losses"]]
    assert loss["reason"] == "outbox_full"
    assert loss["first_us"] <= refused_from_us <= loss["last_us"]
    assert sum(len(numbers(b)) for b in batches) + loss["events"] == count + 3
    assert put(again, 0, 1) == [True]
    again.crash()


def test_an_empty_event_is_not_lost_where_there_is_no_room(
    tmp_path: Path, channel: FakeChannel
) -> None:
    channel.is_up = False
    rig = Rig(tmp_path / "full.db", channel, Hands())
    fill(rig)
    rig.turn(after_s=1.0)
    before = rig.worker.stats.unreported_losses
    for waiting, lost in (([{}, {}], 0), ([{}, event(1), {}], 1)):
        rig.intake.refuse(None)  # they came before it was full
        for each in waiting:
            assert rig.intake.put(each)
        rig.turn(after_s=1.0)
        assert rig.worker.stats.unreported_losses == before + lost
    rig.crash()


def disk_state(rig: Rig) -> tuple[str | None, bool]:
    """Return why put is refused, and whether the disk's error is told."""
    stats = rig.worker.stats
    return stats.refusing, stats.disk_error is not None


class FailingDisk:
    """Stands before a store's `append` and refuses while it `fails`."""

    def __init__(self, rig: Rig, monkeypatch: pytest.MonkeyPatch, *, is_full: bool) -> None:
        self.fails = True
        self._append = rig.store.append
        self._error = OutboxDiskRefused(Path("outbox.db"), "no", is_full=is_full)
        monkeypatch.setattr(rig.store, "append", self.append)

    def append(
        self,
        events: int,
        sent_at_us: int,
        payload: bytes,
        memory: Step | None,
        notes: Sequence[Note],
    ) -> None:
        if self.fails:
            raise self._error
        self._append(events, sent_at_us, payload, memory, notes)


@pytest.mark.parametrize(("is_full", "reason"), [(True, "disk_full"), (False, "disk_error")])
def test_a_failing_disk_is_a_loss_until_it_takes_a_write_again(
    rig: Rig,
    channel: FakeChannel,
    monkeypatch: pytest.MonkeyPatch,
    is_full: bool,
    reason: str,
) -> None:
    disk = FailingDisk(rig, monkeypatch, is_full=is_full)
    put(rig, 0, 3)
    rig.turn(after_s=1.0)
    assert disk_state(rig) == (reason, True)
    assert put(rig, 3, 2) == [False, False]
    disk.fails = False
    rig.turn(after_s=1.0)
    assert disk_state(rig) == (None, False)
    assert put(rig, 5, 1) == [True]
    rig.drain()
    batches = [decode(b.payload) for b in channel.log]
    assert [numbers(b) for b in batches] == [[], [5]]
    assert [(loss["reason"], loss["events"]) for loss in batches[0]["losses"]] == [(reason, 5)]
    assert [b["seq"] for b in batches] == [0, 1]


def test_an_acknowledged_batch_that_cannot_be_deleted_is_deleted_later(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(rig, 0, 3)
    rig.turn(after_s=1.0)
    with monkeypatch.context() as patch:

        def refuse(_seqs: list[int]) -> None:
            raise OutboxDiskRefused(Path("outbox.db"), "no", is_full=True)

        patch.setattr(rig.store, "forget", refuse)
        rig.turn()
    assert rig.worker.stats.pending_batches == 1
    rig.turn()
    assert rig.worker.stats.pending_batches == 0


def test_a_disk_that_cannot_be_read_loses_nothing(
    rig: Rig, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(rig, 0, 3)
    with monkeypatch.context() as patch:

        def refuse(_seq: int, _max_bytes: int) -> None:
            raise OutboxDiskRefused(Path("outbox.db"), "input/output error", is_full=False)

        patch.setattr(rig.store, "after", refuse)
        rig.turn(after_s=1.0)
        assert "input/output error" in str(rig.worker.stats.disk_error)
    rig.drain()
    assert [numbers(decode(b.payload)) for b in channel.log] == [[0, 1, 2]]


def test_finish_keeps_on_disk_what_could_not_be_sent(tmp_path: Path) -> None:
    down = FakeChannel(is_up=False)
    rig = Rig(tmp_path / "outbox.db", down, Hands())
    put(rig, 0, 25)
    left = rig.worker.finish()
    assert (left.batches, left.events, left.unreported_losses) == (2, 25, 0)
    assert not left.is_drained
    rig.crash()
