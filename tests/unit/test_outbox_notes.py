"""Notes that go to disk with the event they are about, or not at all."""

import sqlite3
from contextlib import closing
from pathlib import Path

from agents.outbox.batcher import Note
from agents.outbox.limits import KIB, Limits
from tests.outbox_parts import SMALL, START_US, FakeChannel, Hands, Rig, event

TIGHT = Limits(
    max_events=20,
    max_batch_bytes=2 * KIB,
    max_disk_bytes=Limits(max_events=20, max_batch_bytes=2 * KIB).least_disk_bytes,
)


def put(rig: Rig, number: int, name: str, text: str) -> bool:
    return rig.intake.put(event(number), notes=[Note(name, text)])


def test_a_note_survives_a_crash_once_its_event_is_on_disk(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "outbox.db", FakeChannel(), Hands())
    put(rig, 1, "gpu-0", "a")
    put(rig, 2, "gpu-1", "b")
    put(rig, 3, "gpu-0", "c")
    rig.turn(after_s=2.0)
    put(rig, 4, "gpu-1", "d")  # in memory when it dies
    rig.crash()
    again = Rig(tmp_path / "outbox.db", FakeChannel(), Hands())
    assert again.store.notes() == {"gpu-0": "c", "gpu-1": "b"}
    again.crash()


def test_a_note_stays_when_kafka_has_its_event(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "outbox.db", FakeChannel(), Hands())
    put(rig, 1, "gpu-0", "a")
    rig.drain()
    assert rig.store.pending.batches == 0
    assert rig.store.notes() == {"gpu-0": "a"}
    rig.crash()


def test_what_was_lost_is_not_noted(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "outbox.db", FakeChannel(is_up=False), Hands(), TIGHT)
    number = 0
    while not rig.worker.stats.unreported_losses:
        put(rig, number, "last", str(number))
        rig.turn(after_s=2.0)
        number += 1
    kept = rig.worker.stats.pending_events
    assert rig.store.notes() == {"last": str(kept - 1)}  # one event a batch, in order
    rig.crash()


def test_a_file_of_an_earlier_release_learns_to_take_notes(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    rig = Rig(path, FakeChannel(is_up=False), Hands(), SMALL)
    put(rig, 1, "gpu-0", "a")
    rig.turn(after_s=2.0)
    rig.crash()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE note")
    again = Rig(path, FakeChannel(), Hands(at_s=START_US / 1e6), SMALL)
    assert again.store.notes() == {}
    assert again.store.pending.events == 1
    again.crash()
