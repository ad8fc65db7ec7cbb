"""Laws of made-up loads: whatever the plan, what a network may do to messages, and balance."""

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.topics import USAGE_GPU
from streams.demo.chance import stream
from streams.demo.load import made_up_day
from streams.demo.plan import MINUTE_US, SECOND_US, Plan
from streams.demo.sends import Batcher, Disturbance, Send, disturbed

plans = st.builds(
    Plan,
    seed=st.integers(0, 2**32),
    for_us=st.integers(MINUTE_US, 7 * MINUTE_US),
    peak_calls_per_s=st.floats(0.1, 20.0),
    flush_us=st.integers(SECOND_US, 60 * SECOND_US),
    late_ratio=st.floats(0, 1),
    duplicate_ratio=st.floats(0, 1),
    fault_every=st.integers(1, 50),
)
ratios = st.floats(0, 1)


def batch_id(send: Send) -> tuple[str, int, int]:
    return send.source, send.batch["epoch"], send.batch["seq"]


@settings(max_examples=25, deadline=None)
@given(plans)
def test_any_load_is_ascending_numbered_without_gaps_and_balanced(plan: Plan) -> None:
    sends = list(made_up_day(plan))
    assert all(one.at_us <= other.at_us for one, other in pairwise(sends))
    seqs: dict[str, set[int]] = {}
    for send in sends:
        seqs.setdefault(send.source, set()).add(send.batch["seq"])
        assert send.batch["sent_at_us"] <= send.at_us
        for event in send.batch["events"] if send.topic == USAGE_GPU.name else []:
            held_us = sum(holder["held_us"] for holder in event["holders"])
            free_us = event["unallocated_us"] + event["out_of_service_us"]
            assert held_us + free_us == event["end_us"] - event["start_us"]
    for source, each in seqs.items():
        first = min(each) if source.startswith("accrual-") else 0  # which began with the month
        assert each == set(range(first, first + len(each)))


@given(
    st.lists(st.integers(0, 100), max_size=60),
    ratios,
    ratios,
    st.integers(1, 50),
    st.integers(0, 2**16),
)
def test_a_disturbed_network_loses_and_invents_nothing(
    gaps_us: list[int], late_ratio: float, duplicate_ratio: float, max_delay_us: int, seed: int
) -> None:
    batcher = Batcher(USAGE_GPU, "node", 0)
    at_us = 0
    sends = []
    for gap_us in gaps_us:
        at_us += gap_us
        sends.append(batcher.close(at_us))
    how = Disturbance(late_ratio, duplicate_ratio, max_delay_us)
    got = list(disturbed(sends, how, stream(seed, "network")))
    assert all(one.at_us <= other.at_us for one, other in pairwise(got))
    assert {batch_id(send) for send in got} == {batch_id(send) for send in sends}
    assert max(Counter(map(batch_id, got)).values(), default=0) <= 2
    original = {batch_id(send): send for send in sends}
    for send in got:
        assert send.batch is original[batch_id(send)].batch
        assert 0 <= send.at_us - original[batch_id(send)].at_us <= max_delay_us
