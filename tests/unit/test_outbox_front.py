"""The outbox with its thread, over a broker in memory: put, flush, stats, close."""

from pathlib import Path
from threading import Thread

import pytest

from agents.errors import OutboxBusy, OutboxMisconfigured
from agents.outbox import Limits, Outbox, OutboxConfig
from agents.outbox.delivery import Report
from tests.outbox_parts import RECORD, FakeChannel, decode, event, numbers, wait_until


def config(path: Path, **changes: object) -> OutboxConfig:
    settings: dict[str, object] = {
        "path": path,
        "source": "gw-1",
        "topic": "usage.inference.v1",
        "record": RECORD,
        "kafka": {},
    }
    return OutboxConfig(**(settings | changes))  # type: ignore[arg-type]  # a table of cases


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def test_events_of_many_threads_all_arrive_once(path: Path) -> None:
    channel = FakeChannel()
    outbox = Outbox(config(path), channel=channel)

    def produce(first: int) -> None:
        for number in range(first, first + 2_000):
            assert outbox.put(event(number))

    threads = [Thread(target=produce, args=(first,)) for first in range(0, 8_000, 2_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outbox.close().is_drained
    arrived = [number for b in channel.log for number in numbers(decode(b.payload))]
    assert sorted(arrived) == list(range(8_000))


def test_flush_returns_when_all_is_on_disk_though_kafka_is_down(path: Path) -> None:
    outbox = Outbox(config(path), channel=FakeChannel(is_up=False))
    outbox.put(event(0))
    assert outbox.flush()
    stats = outbox.stats()
    assert (stats.accepted, stats.buffered, stats.pending_events) == (1, 0, 1)
    left = outbox.close(timeout_s=0.0)
    assert (left.batches, left.events, left.is_drained) == (1, 1, False)

    channel = FakeChannel()
    again = Outbox(config(path), channel=channel)
    assert again.close().is_drained
    assert [numbers(decode(b.payload)) for b in channel.log] == [[0]]


def test_flush_says_when_an_accepted_event_was_lost(path: Path) -> None:
    with Outbox(config(path), channel=FakeChannel()) as outbox:
        outbox.put(event(0, model=None))
        assert not outbox.flush()
        assert outbox.stats().dropped == {"invalid_event": 1}
        assert outbox.flush()


def test_put_after_close_answers_false_and_close_twice_is_the_same(path: Path) -> None:
    outbox = Outbox(config(path), channel=FakeChannel())
    left = outbox.close()
    assert not outbox.put(event(0))
    assert outbox.stats().dropped == {"stopped": 1}
    assert not outbox.flush(timeout_s=0.0)
    assert outbox.close() == left


def test_one_file_serves_one_outbox_at_a_time(path: Path) -> None:
    with (
        Outbox(config(path), channel=FakeChannel()),
        pytest.raises(OutboxBusy),
    ):
        Outbox(config(path), channel=FakeChannel())
    Outbox(config(path), channel=FakeChannel()).close()


class BrokenChannel(FakeChannel):
    def reports(self) -> list[Report]:
        raise RuntimeError("a bug in the channel")


def test_a_bug_stops_the_outbox_loudly_but_not_the_caller(path: Path) -> None:
    outbox = Outbox(config(path), channel=BrokenChannel())
    wait_until(lambda: outbox.stats().failure is not None)
    wait_until(lambda: not outbox.put(event(0)))
    assert not outbox.flush(timeout_s=0.0)
    with pytest.raises(RuntimeError, match="a bug in the channel"):
        outbox.close()
    Outbox(config(path), channel=FakeChannel()).close()


@pytest.mark.parametrize(
    "changes", [{"record": "CostLine"}, {"source": ""}], ids=["record", "source"]
)
def test_a_config_without_a_usage_record_or_a_source_is_refused(
    path: Path, changes: dict[str, str]
) -> None:
    with pytest.raises(OutboxMisconfigured, match=str(path)):
        config(path, **changes)


def test_a_fresh_outbox_reports_nothing_pending(path: Path) -> None:
    with Outbox(config(path, limits=Limits()), channel=FakeChannel()) as outbox:
        stats = outbox.stats()
        assert stats.epoch > 0
        assert (stats.pending_batches, stats.next_seq, stats.oldest_age_s) == (0, 0, 0.0)
        assert stats.disk_bytes > 0
