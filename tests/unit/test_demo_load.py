"""The made-up day: the same bytes for a seed, and everything the contract asks of producers."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from schemas.codec import Codec
from schemas.topics import USAGE_GPU, USAGE_INFERENCE, USAGE_RESOURCE
from streams.config.catalog import load_catalog
from streams.core.accrual import STEP_US
from streams.core.monthly import month_of
from streams.demo import tenants
from streams.demo.command import CATALOG
from streams.demo.gpus import node_agent
from streams.demo.leases import GPU_MODEL, GPUS_PER_NODE, NODES
from streams.demo.load import made_up_day
from streams.demo.plan import MINUTE_US, Plan
from streams.demo.sends import MAX_EVENTS, Send
from streams.demo.shared_time import SHARED_COST

HOUR = Plan(for_us=60 * MINUTE_US, fault_every=199)


@pytest.fixture(scope="module")
def hour() -> list[Send]:
    return list(made_up_day(HOUR))


def encoded(plan: Plan) -> list[bytes]:
    codec = Codec()
    return [codec.encode(send.record_name, send.batch) for send in made_up_day(plan)]


def batch_id(send: Send) -> tuple[str, int, int]:
    return send.source, send.batch["epoch"], send.batch["seq"]


def test_same_seed_gives_the_same_bytes_and_another_seed_gives_others() -> None:
    short = replace(HOUR, for_us=5 * MINUTE_US)
    assert encoded(short) == encoded(short)
    assert encoded(short) != encoded(replace(short, seed=2))


def test_sends_are_in_the_order_of_event_time(hour: list[Send]) -> None:
    assert all(before.at_us <= after.at_us for before, after in pairwise(hour))


def test_every_source_numbers_its_batches_from_zero_without_gaps(hour: list[Send]) -> None:
    seen: dict[str, set[int]] = {}
    for send in hour:
        seen.setdefault(send.source, set()).add(send.batch["seq"])
    assert len(seen) == 4 + 2 + 1 + 1  # gateways, nodes, resource meter, time of a shared cost
    accrued = seen.pop("accrual-shared:observability")
    for seqs in seen.values():
        assert seqs == set(range(len(seqs)))
    first = (HOUR.start_us - month_of(HOUR.start_us).from_us) // STEP_US  # since the month began
    assert accrued == set(range(first, first + 20))


def test_a_duplicate_carries_the_content_of_its_original(hour: list[Send]) -> None:
    first: dict[tuple[str, int, int], Send] = {}
    duplicates = 0
    for send in hour:
        original = first.setdefault(batch_id(send), send)
        if original is not send:
            duplicates += 1
            assert send.batch == original.batch
    assert 0.03 < duplicates / len(first) < 0.07  # asked for: 0.05


def test_late_batches_arrive_before_their_windows_close(hour: list[Send]) -> None:
    lateness_us, window_us = 10 * MINUTE_US, MINUTE_US
    late = 0
    for send in hour:
        late += send.at_us - send.batch["sent_at_us"] > MINUTE_US
        for event in send.batch["events"]:
            begins_us = event.get("start_us", event.get("at_us"))
            window_end_us = begins_us - begins_us % window_us + window_us
            assert send.at_us < window_end_us + lateness_us or begins_us > HOUR.end_us
    assert late > 0


def test_no_batch_holds_more_events_than_the_contract_allows() -> None:
    busy = Plan(for_us=MINUTE_US, peak_calls_per_s=500.0)
    sizes = [len(send.batch["events"]) for send in made_up_day(busy)]
    assert max(sizes) == MAX_EVENTS


@pytest.mark.parametrize("node", NODES)
def test_gpu_intervals_balance_and_cover_the_day(node: str) -> None:
    ends: dict[str, int] = {}
    for send in node_agent(HOUR, node):
        for event in send.batch["events"]:
            assert ends.get(event["device"], HOUR.start_us) == event["start_us"]
            ends[event["device"]] = event["end_us"]
            held = sum(holder["held_us"] for holder in event["holders"])
            rest = event["unallocated_us"] + event["stranded_us"] + event["out_of_service_us"]
            assert held + rest == event["end_us"] - event["start_us"]
            assert min(event["unallocated_us"], event["out_of_service_us"]) >= 0
            assert all(0 <= each["active_us"] <= each["held_us"] for each in event["holders"])
    assert len(ends) == GPUS_PER_NODE
    assert set(ends.values()) == {HOUR.end_us}


def test_the_pool_has_exclusive_shared_and_idle_gpu_time(hour: list[Send]) -> None:
    us: Counter[str] = Counter()
    for event in (e for s in hour if s.topic == USAGE_GPU.name for e in s.batch["events"]):
        assert event["gpu_model"] == GPU_MODEL
        us["idle"] += event["unallocated_us"]
        us["out of service"] += event["out_of_service_us"]
        for holder in event["holders"]:
            assert (holder["tenant"] is None) != (holder["endpoint"] is None)
            us["exclusive" if holder["tenant"] else holder["endpoint"]] += holder["held_us"]
    assert set(us) == {"exclusive", "llama-70b-prod", "qwen-coder-32b", "idle", "out of service"}
    assert all(us.values())


def test_the_largest_tenant_makes_about_thirty_percent_of_the_calls(hour: list[Send]) -> None:
    calls = Counter(
        event["tenant"]
        for send in hour
        if send.topic == USAGE_INFERENCE.name
        for event in send.batch["events"]
        if event["tenant"]
    )
    assert set(calls) == set(tenants.NAMES)
    assert 0.27 < calls[tenants.by_size(HOUR.seed)[0]] / calls.total() < 0.33


def test_calls_are_sound_but_for_the_faults_that_take_turns(hour: list[Send]) -> None:
    faults: Counter[str] = Counter()
    for send in {batch_id(send): send for send in hour}.values():
        if send.topic != USAGE_INFERENCE.name:
            continue
        for event in send.batch["events"]:
            cached = (event["cache_read_tokens"] or 0) + (event["cache_write_5m_tokens"] or 0)
            faults["unlisted model"] += event["model"] == "gpt-preview-unlisted"
            faults["no tenant"] += event["tenant"] is None
            faults["negative"] += (event["output_tokens"] or 0) < 0
            faults["cache exceeds input"] += cached > event["input_tokens"]
            faults["future"] += event["at_us"] > HOUR.end_us
            reasoning = event["reasoning_tokens"] or 0
            assert reasoning <= max(0, event["output_tokens"] or 0) or event["output_tokens"] == -1
    assert len(faults) == 5
    assert max(faults.values()) - min(faults.values()) <= 4  # four gateways take turns
    assert min(faults.values()) > 0


def test_resources_are_whole_quantities_in_the_units_of_their_prices(hour: list[Send]) -> None:
    units = {
        (event["kind"], event["sku"], event["unit"])
        for send in hour
        if send.topic == USAGE_RESOURCE.name
        for event in send.batch["events"]
    }
    assert units == {
        ("storage", "s3-standard", "GB-Hours"),
        ("egress", "internet", "GB"),
        ("shared:observability", "observability", "Seconds"),
    }


def test_the_catalog_of_the_day_fits_its_load(hour: list[Send]) -> None:
    names = load_catalog(CATALOG.read_text(encoding="utf-8")).at(HOUR.start_us)
    assert {names.pool_of_node(node) for node in NODES} == {"h100"}
    [cost] = names.shared
    assert (cost.name, {*cost.among}) == (SHARED_COST, {*tenants.NAMES})
    claims = names.pool("h100").reservations
    assert {each.tenant for each in claims} <= {*tenants.NAMES}
    held = {
        holder["endpoint"]
        for send in hour
        if send.topic == USAGE_GPU.name
        for event in send.batch["events"]
        for holder in event["holders"]
    }
    assert held - {None} == names.endpoints.keys()
