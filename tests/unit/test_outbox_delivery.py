"""Order of sending, and what follows a failure."""

from agents.outbox.delivery import Delivery, Report
from agents.outbox.limits import KIB, Limits
from agents.outbox.store import Stored
from tests.outbox_parts import FakeChannel

LIMITS = Limits(max_batch_bytes=KIB, max_in_flight_bytes=4 * KIB)


class Disk:
    """Batches as a store would give them."""

    def __init__(self, count: int) -> None:
        self.batches = [Stored(seq, bytes(KIB)) for seq in range(count)]

    def after(self, seq: int, max_bytes: int) -> list[Stored]:
        return [b for b in self.batches if b.seq > seq][: max(1, max_bytes // KIB)]

    def forget(self, seqs: list[int]) -> None:
        self.batches = [b for b in self.batches if b.seq not in seqs]


def test_in_flight_is_bounded_by_bytes() -> None:
    channel = FakeChannel(is_up=False)
    delivery = Delivery(channel, LIMITS)
    disk = Disk(10)
    delivery.feed(disk.after, 0.0)
    delivery.feed(disk.after, 0.0)
    assert [b.seq for b in channel.waiting] == [0, 1, 2, 3]


def test_a_full_client_queue_is_tried_again_without_a_gap() -> None:
    channel = FakeChannel(capacity=2)
    delivery = Delivery(channel, LIMITS)
    disk = Disk(5)
    arrived: list[int] = []
    for _ in range(5):
        delivery.feed(disk.after, 0.0)
        arrived += delivery.arrived(0.0)
    assert arrived == [0, 1, 2, 3, 4]


def test_after_a_failure_all_settles_then_the_oldest_goes_first_alone() -> None:
    channel = FakeChannel(is_up=False)
    delivery = Delivery(channel, LIMITS)
    disk = Disk(10)
    delivery.feed(disk.after, 0.0)
    channel.settled.append(Report(channel.waiting.pop(1).seq, "_MSG_TIMED_OUT"))
    assert delivery.arrived(0.0) == []
    delivery.feed(disk.after, 0.0)
    assert [b.seq for b in channel.waiting] == [0, 2, 3]  # nothing new while these are out
    assert channel.renewals == 0

    channel.is_up = True
    disk.forget(delivery.arrived(1.0))
    assert channel.renewals == 1
    delivery.feed(disk.after, 1.0)
    assert channel.waiting == []  # the pause
    delivery.feed(disk.after, 2.0)
    assert [b.seq for b in channel.waiting] == [1]  # one, to see
    disk.forget(delivery.arrived(2.0))
    delivery.feed(disk.after, 2.0)
    assert [b.seq for b in channel.waiting] == [4, 5, 6, 7]
    assert [b.seq for b in channel.log] == [0, 2, 3, 1]


def test_pauses_grow_to_their_bound_and_end_with_the_first_arrival() -> None:
    channel = FakeChannel(is_up=False)
    delivery = Delivery(channel, LIMITS)
    disk = Disk(3)
    now_s = 0.0
    pauses = []
    for _ in range(10):
        delivery.feed(disk.after, now_s)
        assert channel.waiting
        channel.time_out()
        delivery.arrived(now_s)
        assert delivery.last_error == "_MSG_TIMED_OUT"
        pauses.append(delivery._pause_s)
        now_s += delivery._pause_s
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0]
    channel.is_up = True
    delivery.feed(disk.after, now_s)
    assert delivery.arrived(now_s) == [0]
    assert delivery.last_error is None
    assert delivery._pause_s == 0.0


def test_stop_tells_what_arrived_in_the_end() -> None:
    channel = FakeChannel()
    delivery = Delivery(channel, LIMITS)
    delivery.feed(Disk(2).after, 0.0)
    assert delivery.stop() == [0, 1]
    assert delivery.in_flight == 0
