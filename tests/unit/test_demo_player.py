"""The player: order, pace and heartbeats, against a log in memory and a clock that is told."""

from dataclasses import dataclass, field
from typing import Any

from schemas.codec import Codec
from schemas.topics import USAGE, USAGE_INFERENCE, partition_of
from streams.demo.load import made_up_day
from streams.demo.plan import MINUTE_US, SECOND_US, Plan
from streams.demo.player import Player
from streams.demo.sends import Batcher, Send

PARTITIONS = 3
TAIL_US = 11 * MINUTE_US
CODEC = Codec()


@dataclass
class Log:
    """An outlet in memory. Its clock moves only when somebody waits, and `lag_s` a message."""

    now_s: float = 1_000.0
    lag_s: float = 0.0
    messages: list[tuple[float, str, int, str, dict[str, Any]]] = field(default_factory=list)
    flushed: int = 0

    def clock(self) -> float:
        return self.now_s

    def partitions(self, topic: str) -> int:
        assert topic in {each.name for each in USAGE}
        return PARTITIONS

    def put(self, topic: str, partition: int, key: str, value: bytes) -> None:
        _, batch = CODEC.decode(value)
        self.messages.append((self.now_s, topic, partition, key, batch))
        self.now_s += self.lag_s

    def wait(self, for_s: float) -> None:
        assert for_s > 0  # waiting for nothing would spin
        self.now_s += for_s

    def flush(self) -> None:
        self.flushed = len(self.messages)

    def data(self) -> list[tuple[float, str, int, str, dict[str, Any]]]:
        return [each for each in self.messages if not each[3].startswith("clock-")]

    def beats(self) -> list[tuple[float, str, int, str, dict[str, Any]]]:
        return [each for each in self.messages if each[3].startswith("clock-")]


def every(seconds: int, count: int) -> list[Send]:
    """Empty batches of one source, `seconds` of event time apart."""
    batcher = Batcher(USAGE_INFERENCE, "gw", 7)
    return [batcher.close(1_000 * SECOND_US + n * seconds * SECOND_US) for n in range(count)]


def played(sends: list[Send], speed: float | None, log: Log) -> Player:
    player = Player(log, CODEC, speed, log.clock)
    assert player.play(sends, TAIL_US)
    return player


def as_read(send: Send) -> dict[str, Any]:
    """Return a batch as readers have it: what was left out is null or empty."""
    return CODEC.decode(CODEC.encode(send.record_name, send.batch))[1]


def test_every_send_arrives_once_in_order_at_its_sources_partition() -> None:
    sends = list(made_up_day(Plan(for_us=3 * MINUTE_US)))
    log = Log()
    player = played(sends, None, log)
    assert [(topic, key, batch) for _, topic, _, key, batch in log.data()] == [
        (send.topic, send.source, as_read(send)) for send in sends
    ]
    assert all(number == partition_of(key, PARTITIONS) for _, _, number, key, _ in log.data())
    assert player.progress.events == sum(len(send.batch["events"]) for send in sends)
    assert player.progress.batches == len(sends)
    assert log.flushed == len(log.messages)


def test_event_time_passes_at_the_asked_speed() -> None:
    log = Log()
    played(every(60, 11), 120.0, log)
    at = [now_s - 1_000.0 for now_s, *_ in log.data()]
    assert [round(each, 6) for each in at] == [n * 0.5 for n in range(11)]


def test_each_partition_of_each_topic_gets_a_heartbeat_about_once_a_wall_second() -> None:
    log = Log()
    played(every(60, 11), 120.0, log)  # 5 s of wall time
    by_partition: dict[tuple[str, int], list[float]] = {}
    for now_s, topic, number, _, batch in log.beats():
        assert batch["events"] == []
        by_partition.setdefault((topic, number), []).append(now_s - 1_000.0)
    assert len(by_partition) == len(USAGE) * PARTITIONS
    for beats in by_partition.values():
        # at once, then each second, and one for the tail
        assert [round(beat) for beat in beats] == [0, 1, 2, 3, 4, 5, 5]


def test_heartbeats_say_how_much_event_time_has_passed() -> None:
    log = Log()
    played(every(600, 2), 120.0, log)  # nothing to send for 5 s of wall time
    said = sorted({batch["sent_at_us"] for *_, batch in log.beats()})
    passed_s = [round((each - 1_000 * SECOND_US) / SECOND_US) for each in said]
    assert passed_s == [0, 120, 240, 360, 480, 600, 600 + 11 * 60]


def test_no_heartbeat_is_ahead_of_what_was_put_before_it_even_at_full_speed() -> None:
    sends = list(made_up_day(Plan(for_us=20 * MINUTE_US)))
    log = Log(lag_s=0.01)  # a slow log: many heartbeats
    played(sends, None, log)
    assert len({now_s for now_s, *_ in log.beats()}) > 5
    put = 0
    tail_us = sends[-1].at_us + TAIL_US
    for *_, key, batch in log.messages:
        if not key.startswith("clock-"):
            put += 1
        elif batch["sent_at_us"] != tail_us:
            assert batch["sent_at_us"] <= sends[put].at_us
    assert put == len(sends)


def test_the_last_heartbeats_close_every_window() -> None:
    sends = every(60, 3)
    log = Log()
    played(sends, None, log)
    last = log.messages[-len(USAGE) * PARTITIONS :]
    assert {(topic, number) for _, topic, number, *_ in last} == {
        (topic.name, number) for topic in USAGE for number in range(PARTITIONS)
    }
    assert {batch["sent_at_us"] for *_, batch in last} == {sends[-1].at_us + TAIL_US}


def test_heartbeats_number_their_batches_without_gaps() -> None:
    log = Log()
    played(every(60, 11), 120.0, log)
    seqs: dict[str, list[int]] = {}
    for *_, key, batch in log.beats():
        seqs.setdefault(key, []).append(batch["seq"])
    assert len(seqs) == len(USAGE) * PARTITIONS
    assert all(each == list(range(len(each))) for each in seqs.values())


def test_a_stopped_player_returns_before_the_end() -> None:
    log = Log()
    player = Player(log, CODEC, 1.0, log.clock)
    player.stop()
    assert not player.play(every(60, 3), TAIL_US)
    assert log.data() == []
