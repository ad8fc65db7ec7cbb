"""The outbox file: who may open it, what a restart finds, what is done about a strange one."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.errors import (
    OutboxBusy,
    OutboxCorrupt,
    OutboxDiskRefused,
    OutboxError,
    OutboxForeign,
)
from agents.outbox.limits import Limits
from agents.outbox.lock import Lock, lock_path
from agents.outbox.sqlite_file import Producer, open_file
from agents.outbox.store import RECLAIM_PAGES, Store
from schemas.records import Loss
from tests.outbox_parts import RECORD, START_US

PRODUCER = Producer("gw-1", RECORD)
LOSS = Loss(events=3, first_us=1, last_us=2, reason="outbox_full")


class Opened:
    """A store with its lock, closed again at the end of a test."""

    def __init__(self, path: Path, limits: Limits, producer: Producer, now_us: int) -> None:
        self.lock = Lock(path)
        try:
            self.store = Store(path, open_file(path, self.lock, producer, now_us), limits)
        except BaseException:
            self.lock.release()
            raise

    def close(self) -> None:
        self.store.close()
        self.lock.release()


def opened(
    path: Path,
    limits: Limits | None = None,
    producer: Producer = PRODUCER,
    now_us: int = START_US,
) -> Opened:
    return Opened(path, limits or Limits(), producer, now_us)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def test_a_restart_finds_batches_counters_and_losses(path: Path) -> None:
    first = opened(path)
    first.store.append(2, START_US, b"zero")
    first.store.append(1, START_US + 1, b"one")
    first.store.save_losses([LOSS])
    first.close()
    again = opened(path, now_us=START_US + 10**9)
    assert again.store.epoch == START_US
    assert again.store.next_seq == 2
    assert [(b.seq, b.payload) for b in again.store.after(-1, 10**6)] == [(0, b"zero"), (1, b"one")]
    assert again.store.losses() == [LOSS]
    pending = again.store.pending
    assert (pending.batches, pending.events, pending.payload_bytes) == (2, 3, 7)
    assert again.store.oldest_us() == START_US
    again.close()


def test_numbers_go_on_after_everything_was_sent(path: Path) -> None:
    first = opened(path)
    first.store.append(2, START_US, b"zero")
    first.store.forget([0, 0])
    first.close()
    again = opened(path)
    assert again.store.pending.batches == 0
    assert again.store.next_seq == 1
    again.close()


def test_a_batch_takes_the_kept_losses_with_it(path: Path) -> None:
    outbox = opened(path)
    outbox.store.save_losses([LOSS])
    outbox.store.append(0, START_US, b"with the loss")
    assert outbox.store.losses() == []
    outbox.close()


def test_reading_stops_at_the_byte_limit_but_gives_at_least_one(path: Path) -> None:
    outbox = opened(path)
    for payload in (b"aaaa", b"bbbb", b"cccc"):
        outbox.store.append(1, START_US, payload)
    assert [b.seq for b in outbox.store.after(-1, 8)] == [0, 1]
    assert [b.seq for b in outbox.store.after(-1, 1)] == [0]
    assert [b.seq for b in outbox.store.after(1, 100)] == [2]
    assert outbox.store.after(2, 100) == []
    outbox.close()


def test_a_fresh_file_is_a_greater_epoch_even_when_the_clock_went_back(path: Path) -> None:
    first = opened(path)
    first.close()
    path.unlink()
    second = opened(path, now_us=START_US - 10**6)
    assert second.store.epoch == START_US + 1
    assert second.store.next_seq == 0
    second.close()


def test_a_stale_log_beside_a_fresh_file_is_not_replayed(path: Path) -> None:
    first = opened(path)
    first.store.append(1, START_US, b"old")
    wal = path.with_name(path.name + "-wal")
    kept = wal.read_bytes()
    first.close()
    path.unlink()
    wal.write_bytes(kept)
    second = opened(path)
    assert second.store.pending.batches == 0
    second.close()


def test_a_second_opener_is_told_that_the_file_is_taken(path: Path) -> None:
    first = opened(path)
    with pytest.raises(OutboxBusy, match="another one holds it") as caught:
        opened(path)
    assert caught.value.path == path
    first.close()
    opened(path).close()


def test_the_outbox_of_another_producer_is_refused(path: Path) -> None:
    opened(path).close()
    with pytest.raises(OutboxForeign, match="gw-1"):
        opened(path, producer=Producer("gw-2", RECORD))


def write_text(path: Path) -> None:
    path.write_text("not a database, but long enough to be taken for one" * 10)


def write_database(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE theirs (x)")
    db.close()


def write_newer(path: Path) -> None:
    opened(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


@pytest.mark.parametrize("make", [write_text, write_database, write_newer])
def test_a_strange_file_is_named_and_left_alone(path: Path, make: Callable[[Path], None]) -> None:
    make(path)
    before = path.read_bytes()
    with pytest.raises(OutboxForeign, match=str(path)):
        opened(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage_at", [0.3, 0.6, 0.9])
def test_a_damaged_file_says_what_to_do(path: Path, damage_at: float) -> None:
    outbox = opened(path)
    for number in range(50):
        outbox.store.append(1, START_US, bytes([number]) * 30_000)
    outbox.close()
    content = bytearray(path.read_bytes())
    middle = int(len(content) * damage_at) // 4096 * 4096
    content[middle : middle + 200 * 4096] = b"\xff" * len(content[middle : middle + 200 * 4096])
    path.write_bytes(content)
    with pytest.raises(OutboxCorrupt, match=r"move it and its -wal file aside"):
        opened(path)


def test_a_truncated_file_says_what_to_do(path: Path) -> None:
    opened(path).close()
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(OutboxCorrupt, match="aside"):
        opened(path)


def test_a_garbled_lock_file_says_what_to_do(path: Path) -> None:
    lock_path(path).write_text("pid 4711")
    with pytest.raises(OutboxCorrupt, match=r"outbox\.db\.lock"):
        opened(path)


def test_only_its_user_may_read_the_file(path: Path) -> None:
    outbox = opened(path)
    outbox.store.append(1, START_US, b"with names of tenants")
    assert [f.stat().st_mode & 0o077 for f in path.parent.iterdir()] == [0, 0, 0]
    outbox.close()


def test_a_missing_folder_is_an_outbox_error(tmp_path: Path) -> None:
    with pytest.raises(OutboxDiskRefused, match="create the folder"):
        opened(tmp_path / "nowhere" / "outbox.db")


def test_a_full_disk_undoes_the_whole_write(path: Path) -> None:
    outbox = opened(path)
    outbox.store.append(1, START_US, b"kept")
    outbox.store._db.execute("PRAGMA max_page_count = 1")  # no page more, as on a full disk
    with pytest.raises(OutboxDiskRefused) as caught:
        outbox.store.append(1, START_US, bytes(100_000))
    assert caught.value.is_full
    assert outbox.store.next_seq == 1
    assert outbox.store.pending.batches == 1
    outbox.close()
    again = opened(path)
    assert again.store.next_seq == 1
    again.close()


def test_no_error_of_sqlite_leaks(path: Path) -> None:
    outbox = opened(path)
    outbox.store._db.execute("DROP TABLE batch")
    with pytest.raises(OutboxError):
        outbox.store.after(-1, 1)
    with pytest.raises(OutboxError):
        outbox.store.append(1, START_US, b"")
    with pytest.raises(OutboxError):
        outbox.store.forget([0])
    outbox.close()


def test_churn_stays_within_the_bound_and_space_is_given_back(path: Path) -> None:
    least = Limits().least_disk_bytes
    limits = Limits(max_disk_bytes=2 * least)
    outbox = opened(path, limits)
    store = outbox.store
    highest = 0
    for _ in range(3):  # fill to the brim, empty, and again: freed pages are used again
        batches = 0
        while store.has_room():
            store.append(1, START_US, bytes(limits.max_batch_bytes - 5_000 * (batches % 7)))
            batches += 1
            highest = max(highest, store.disk_bytes())
        assert batches * limits.max_batch_bytes > limits.max_disk_bytes * 0.6
        store.forget(range(store.next_seq))
        highest = max(highest, store.disk_bytes())
    steps = 0
    while store.reclaim():
        steps += 1
        highest = max(highest, store.disk_bytes())
    assert steps < limits.max_disk_bytes / RECLAIM_PAGES / 4096  # and not page by page
    assert highest <= limits.max_disk_bytes
    outbox.close()
    assert path.stat().st_size < limits.max_disk_bytes / 2


def test_even_who_does_not_ask_for_room_cannot_pass_the_bound(path: Path) -> None:
    limits = Limits(max_disk_bytes=Limits().least_disk_bytes)
    outbox = opened(path, limits)
    largest = bytes(limits.max_batch_bytes)
    while outbox.store.has_room():
        outbox.store.append(1, START_US, largest)
    with pytest.raises(OutboxDiskRefused):
        outbox.store.append(1, START_US, 2 * largest)
    assert outbox.store.disk_bytes() <= limits.max_disk_bytes
    outbox.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"max_events": 1_001},
        {"max_events": 0},
        {"max_batch_bytes": 256 * 1024 + 1},
        {"max_age_s": 1.5},
        {"max_buffered_events": 10},
        {"max_disk_bytes": 1024 * 1024},
        {"max_in_flight_bytes": 1024},
    ],
)
def test_limits_beyond_the_contract_or_the_possible_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        Limits(**changes)
