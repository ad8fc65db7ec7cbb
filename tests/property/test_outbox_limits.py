"""Laws of the batcher: limits hold, order holds, nothing is lost or doubled."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agents.outbox.batcher import Batcher, Event, Waiting, pack
from agents.outbox.limits import KIB, Limits
from agents.outbox.losses import Reason
from schemas.errors import InvalidRecord

HEAD_BYTES = 40
LIMITS = Limits(max_events=10, max_batch_bytes=KIB, max_age_s=1.0)
INVALID = -1

sizes = st.one_of(st.just(INVALID), st.integers(1, 300), st.integers(900, 1_200))
arrivals = st.lists(st.tuples(st.floats(0, 3), sizes), max_size=60)


def encode(events: Sequence[Event]) -> bytes:
    """Stand in for the codec: an event is as large as its `size`, and a negative one invalid."""
    total = HEAD_BYTES
    for one in events:
        if one["size"] == INVALID:
            raise InvalidRecord("negative")
        total += int(str(one["size"]))
    return bytes(total)


def is_kept(one: Event) -> bool:
    return one["size"] != INVALID and HEAD_BYTES + int(str(one["size"])) <= LIMITS.max_batch_bytes


def test_limits_below_is_the_contract() -> None:
    assert Limits().max_events == 1_000
    assert Limits().max_batch_bytes == 256 * 1024
    assert Limits().max_age_s == 1.0


@given(arrivals)
def test_batches_keep_to_count_bytes_and_age_and_lose_nothing(
    gaps: list[tuple[float, int]],
) -> None:
    batcher = Batcher(LIMITS)
    now_s = 0.0
    put_at_s: list[float] = []
    events: list[Event] = []
    sent: list[Event] = []
    rejected: dict[Reason, int] = {}

    def close_due(until_s: float) -> None:
        while (due_at_s := batcher.due_at_s()) is not None and due_at_s <= until_s:
            first = [each.event for each in batcher.first()]
            packed = pack(first, encode, LIMITS.max_batch_bytes)
            assert 0 < packed.taken <= len(first) <= LIMITS.max_events
            if packed.payload is not None:
                assert packed.kept > 0
                assert len(packed.payload) <= LIMITS.max_batch_bytes
                batcher.learn(packed.kept, len(packed.payload))
            oldest = len(sent) + sum(rejected.values())
            assert due_at_s <= put_at_s[oldest] + LIMITS.max_age_s
            kept = [one for one in first[: packed.taken] if is_kept(one)]
            assert len(kept) == packed.kept
            sent.extend(kept)
            for reason, count in packed.rejected.items():
                rejected[reason] = rejected.get(reason, 0) + count
            batcher.drop(packed.taken)

    for number, (gap_s, size) in enumerate(gaps):
        now_s += gap_s
        close_due(now_s)
        one = {"number": number, "size": size}
        events.append(one)
        put_at_s.append(now_s)
        batcher.add(Waiting(now_s, one))
    close_due(now_s + LIMITS.max_age_s)

    assert len(batcher) == 0
    assert sent == [one for one in events if is_kept(one)]
    invalid = sum(one["size"] == INVALID for one in events)
    assert rejected.get(Reason.INVALID_EVENT, 0) == invalid
    assert rejected.get(Reason.EVENT_TOO_LARGE, 0) == len(events) - len(sent) - invalid


@given(st.lists(st.integers(1, 300), min_size=1, max_size=10))
def test_a_pack_is_a_prefix_and_halving_is_not_wasteful(event_bytes: list[int]) -> None:
    events = [{"size": size} for size in event_bytes]
    packed = pack(events, encode, LIMITS.max_batch_bytes)
    assert packed.payload == encode(events[: packed.kept])
    if packed.kept < len(events):  # twice as many (or one more of an odd count) did not fit
        assert HEAD_BYTES + sum(event_bytes[: 2 * packed.kept + 1]) > LIMITS.max_batch_bytes


@given(st.lists(st.floats(0, 5), min_size=2, max_size=40))
def test_due_never_moves_back_while_events_come(gaps: list[float]) -> None:
    batcher = Batcher(LIMITS)
    now_s = 0.0
    dues = []
    for gap_s in gaps:
        now_s += gap_s
        batcher.add(Waiting(now_s, {"size": 1}))
        dues.append(batcher.due_at_s())
    assert all(b is not None and a is not None and b <= a for a, b in pairwise(dues))
