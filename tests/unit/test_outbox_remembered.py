"""What an outbox remembers of the events it kept, and what it forgets."""

from pathlib import Path

import pytest

from agents.errors import OutboxMisconfigured
from agents.outbox import Limits, Memory, Outbox, OutboxConfig, identity
from agents.outbox.remembered import Kept, Remembered, Step
from tests.outbox_parts import (
    RECORD,
    SMALL,
    FakeChannel,
    Hands,
    Rig,
    decode,
    event,
    numbers,
)

A, B, C = (identity("s", name) for name in "abc")
MEMORY = Memory(max_events=4_096, max_age_s=10.0)


def test_a_first_one_is_fresh_and_the_same_again_is_not() -> None:
    memory = Remembered(MEMORY, [Kept(0, 0, A)])
    assert memory.fresh([A, B, B, C, A]) == [1, 3]


def test_what_is_too_old_is_forgotten_with_a_later_batch() -> None:
    memory = Remembered(MEMORY, [Kept(0, 0, A), Kept(1, 9_000_000, B)])
    step = memory.step([C], at_us=10_000_001)
    assert step == Step(C, 0)
    memory.take(step, 2, 10_000_001)
    assert memory.fresh([A, B, C]) == [0]
    assert memory.since_us == 9_000_000


def test_what_is_too_much_is_forgotten_oldest_first() -> None:
    known = [Kept(n, 0, identity("s", str(n))) for n in range(4_096)]
    memory = Remembered(MEMORY, known)
    step = memory.step([A, B], at_us=0)
    assert step.forget_through == 1
    memory.take(step, 5_000, 0)
    assert len(memory) == 4_096


def test_an_event_sent_again_after_a_crash_is_not_kept_again(tmp_path: Path) -> None:
    channel, hands = FakeChannel(), Hands()
    rig = Rig(tmp_path / "outbox.db", channel, hands, SMALL, MEMORY)
    assert rig.intake.put(event(1), A)
    rig.turn(2.0)
    rig.crash()
    rig = Rig(tmp_path / "outbox.db", channel, hands, SMALL, MEMORY)
    assert rig.intake.put(event(1), A)
    assert rig.intake.put(event(2), B)
    rig.drain()
    assert [numbers(decode(batch.payload)) for batch in channel.log] == [[1], [2]]
    assert rig.worker.stats.repeated == 1
    rig.crash()


def test_it_may_be_sent_again_when_it_was_forgotten(tmp_path: Path) -> None:
    channel, hands = FakeChannel(), Hands()
    rig = Rig(tmp_path / "outbox.db", channel, hands, SMALL, MEMORY)
    for number, made in enumerate((A, B, A)):
        assert rig.intake.put(event(number), made)
        rig.turn(12.0)
    rig.drain()
    assert sum(len(numbers(decode(batch.payload))) for batch in channel.log) == 3
    assert [kept.identities for kept in rig.store.remembered()] == [A]
    rig.crash()


def test_an_event_that_does_not_fit_is_refused_and_its_neighbours_are_remembered(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path / "outbox.db", FakeChannel(), Hands(), SMALL, MEMORY)
    since = rig.intake.mark()
    for number, made in enumerate((A, B, C)):
        rig.intake.put(event(number, model=None if made == B else "m"), made)
    rig.turn(2.0)
    assert rig.intake.mark() == since + 1  # so a flush since then answers False
    assert [kept.identities for kept in rig.store.remembered()] == [A + C]
    assert rig.worker.stats.unreported_losses == 0
    rig.crash()


def test_a_flush_tells_of_what_was_lost_since_its_mark(tmp_path: Path) -> None:
    config = OutboxConfig(
        path=tmp_path / "outbox.db",
        source="c-1",
        topic="usage.inference.v1",
        record=RECORD,
        kafka={},
        limits=Limits(max_events=1),
        memory=MEMORY,
    )
    with Outbox(config, channel=FakeChannel()) as outbox:
        since = outbox.mark()
        outbox.put(event(1, model=None), A)
        assert not outbox.flush()
        outbox.put(event(2), B)
        assert outbox.flush()
        assert not outbox.flush(since=since)


def test_an_outbox_with_a_memory_wants_identities_and_one_without_wants_none(
    tmp_path: Path,
) -> None:
    config = OutboxConfig(
        path=tmp_path / "o.db", source="c", topic="t", record=RECORD, kafka={}, memory=MEMORY
    )
    with (
        Outbox(config, channel=FakeChannel()) as outbox,
        pytest.raises(ValueError, match="identity"),
    ):
        outbox.put(event(1))


def test_what_is_remembered_must_fit_the_disk_bound(tmp_path: Path) -> None:
    with pytest.raises(OutboxMisconfigured, match="remember less"):
        OutboxConfig(
            path=tmp_path / "o.db",
            source="c",
            topic="t",
            record=RECORD,
            kafka={},
            limits=SMALL,
            memory=Memory(max_events=10**8),
        )
