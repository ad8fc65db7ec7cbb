"""Where bad input goes, through a real meter, allocate and store; the rest of its batch is counted.

One system for the file, by the wall clock. Each case has a source and a project of its own.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka import Producer

from schemas import topics
from schemas.codec import Codec
from schemas.decimals import to_bytes
from schemas.topics import Topic
from streams.kafka import read_to_end
from streams.kafka.connection import confluent
from tests.builders.usage import call, holder, interval, quantity
from tests.system import facts
from tests.system import stack as system
from tests.system.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

CODEC = Codec()
SECOND_US = facts.SECOND_US
WITHIN_S = 90.0  # on a busy machine; it takes two seconds
LOOK_S = 0.1
IN_2099_US = 4_070_908_800 * SECOND_US
COST = "0.0037345678"  # 1,000 tokens at 2.50 and 100 at 12.345678 a million
LETTERS, ARCHIVE = "dead_letters FINAL", "usage_events FINAL"
RECORDS = {
    topics.USAGE_INFERENCE: "InferenceUsageBatch",
    topics.USAGE_GPU: "GpuUsageBatch",
    topics.USAGE_RESOURCE: "ResourceUsageBatch",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with system.running(tmp_path_factory.mktemp("bad-input"), {}) as running:
        yield running


def now_us() -> int:
    return time.time_ns() // 1_000


def good(project: str) -> dict[str, Any]:
    """Return a call that can be counted: 1,000 input and 100 output tokens, $0.0037345678."""
    return {**call(at_us=now_us(), tenant="tenant-01", project=project)}


def batch(source: str, *events: dict[str, Any], topic: Topic = topics.USAGE_INFERENCE) -> bytes:
    head = {"source": source, "epoch": 1, "seq": 0, "sent_at_us": now_us(), "losses": []}
    return CODEC.encode(RECORDS[topic], {**head, "events": list(events)})


def send(stack: Stack, *values: bytes, topic: Topic = topics.USAGE_INFERENCE) -> None:
    """Put messages one after another into one partition."""
    producer = Producer({**confluent(stack.kafka), "acks": "all"})
    for value in values:
        producer.produce(topic.name, value=value, partition=0)
    assert producer.flush(30) == 0


def until(stack: Stack, sql: str, expected: list[dict[str, object]]) -> None:
    """Wait until the database answers so, and say what it answered when it does not."""
    deadline_s = time.monotonic() + WITHIN_S
    while (rows := stack.rows(sql)) != expected:
        assert time.monotonic() < deadline_s, f"{sql}\ngave {rows}, expected {expected}"
        time.sleep(LOOK_S)


def asked(what: str, table: str, key: str, value: str, rest: str = "") -> str:
    """Return a question about the rows of one key; values are this file's own."""
    return f"SELECT {what} FROM {table} WHERE {key} = '{value}' {rest}"  # noqa: S608 - see above


def expect_dead_letter(stack: Stack, payload: bytes, reason: str) -> None:
    """Expect a whole message among the dead letters, byte by byte."""
    until(
        stack,
        asked("reason, event_index, source", LETTERS, "hex(payload)", payload.hex().upper()),
        [{"reason": reason, "event_index": -1, "source": None}],
    )


def expect_counted(stack: Stack, source: str, project: str, events: int, rejected: int) -> None:
    """Expect so many events of a source in the archive and on cost lines, and its batch's row."""
    until(
        stack,
        asked("events, rejected", "batches FINAL", "source", source),
        [{"events": events + rejected, "rejected": rejected}],
    )
    until(
        stack,
        asked("count() AS events", ARCHIVE, "source", source),
        [{"events": events}],
    )
    until(
        stack,
        asked("sum(events) AS events", "cost_current", "project", project),
        [{"events": events}],
    )


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A message that no event can be found in."""

    name: str
    payload: bytes
    reason: str


WHOLE = batch("whole", good("whole"))
UNDECODABLE = [
    Undecodable("garbage", b"\x93garbage, not Avro", "not_avro"),
    Undecodable("empty", b"", "not_avro"),
    Undecodable("unknown-schema", WHOLE[:2] + b"\x01" * 8 + WHOLE[10:], "unknown_schema"),
    Undecodable("truncated", WHOLE[:-7], "truncated"),
    Undecodable("trailing", WHOLE + b"more", "trailing_bytes"),
    Undecodable("other-record", CODEC.encode("Claim", {"owner": "x"}), "not_a_usage_batch"),
]


@pytest.mark.parametrize("case", UNDECODABLE, ids=lambda case: case.name)
def test_a_message_that_cannot_be_decoded_is_kept_whole_and_its_neighbours_are_counted(
    stack: Stack, case: Undecodable
) -> None:
    before, after = f"before-{case.name}", f"after-{case.name}"
    send(stack, batch(before, good(before)), case.payload, batch(after, good(after)))
    expect_dead_letter(stack, case.payload, case.reason)
    for name in (before, after):
        expect_counted(stack, name, name, events=1, rejected=0)


@dataclass(frozen=True, slots=True)
class Wrong:
    """An event that cannot be counted: what is wrong with it, over a good one."""

    name: str
    topic: Topic
    changes: dict[str, Any]
    reason: str


CALLS, GPUS, RESOURCES = topics.USAGE_INFERENCE, topics.USAGE_GPU, topics.USAGE_RESOURCE
WRONG = [
    Wrong("negative-tokens", CALLS, {"output_tokens": -1}, "negative_quantity"),
    Wrong("cached-more", CALLS, {"cache_read_tokens": 1001}, "cache_exceeds_input"),
    Wrong("reasoned-more", CALLS, {"reasoning_tokens": 101}, "reasoning_exceeds_output"),
    Wrong("call-2099", CALLS, {"at_us": IN_2099_US}, "future_time"),
    Wrong("call-1969", CALLS, {"at_us": -1}, "bad_time"),
    Wrong("gpu-backwards", GPUS, {"end_us": 10}, "end_before_start"),
    Wrong("gpu-2099", GPUS, {"end_us": IN_2099_US}, "future_time"),
    Wrong("gpu-unbalanced", GPUS, {"stranded_us": 1}, "unbalanced"),
    Wrong("gpu-negative", GPUS, {"stranded_us": -1, "out_of_service_us": 1}, "negative_quantity"),
    Wrong("resource-backwards", RESOURCES, {"end_us": 10}, "end_before_start"),
    Wrong("resource-2099", RESOURCES, {"end_us": IN_2099_US}, "future_time"),
    Wrong("resource-negative", RESOURCES, {"quantity": to_bytes(-1)}, "negative_quantity"),
]


def right(topic: Topic, project: str) -> dict[str, Any]:
    """Return an event of a topic that can be counted, on lines of a project."""
    at_us = now_us()
    if topic == CALLS:
        return good(project)
    if topic == GPUS:
        held = holder(SECOND_US, tenant="tenant-01", project=project)
        return {**interval(held, start_us=at_us - SECOND_US, end_us=at_us, node="h100-bad")}
    return {**quantity("1.5", start_us=at_us, end_us=at_us, tenant="tenant-01", project=project)}


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.name)
def test_an_event_that_cannot_be_counted_is_a_dead_letter_and_the_rest_is_counted(
    stack: Stack, case: Wrong
) -> None:
    events = [right(case.topic, case.name) for _ in range(3)]
    events[1] |= case.changes
    value = batch(case.name, *events, topic=case.topic)
    send(stack, value, topic=case.topic)
    until(
        stack,
        asked("reason, event_index, seq, hex(payload) AS payload", LETTERS, "source", case.name),
        [
            {
                "reason": case.reason,
                "event_index": 1,
                "seq": 0,
                "payload": only(value, 1).hex().upper(),
            }
        ],
    )
    if case.topic == GPUS:
        expect_archived(stack, case.name, 2)
        expect_gpu_time(stack, case.name, 2 * SECOND_US)
    else:
        expect_counted(stack, case.name, case.name, events=2, rejected=1)


def only(value: bytes, index: int) -> bytes:
    """Return a batch of one of its events."""
    name, record = CODEC.decode(value)
    return CODEC.encode(name, {**record, "events": [record["events"][index]]})


def expect_archived(stack: Stack, source: str, events: int) -> None:
    until(
        stack,
        asked("count() AS events", ARCHIVE, "source", source),
        [{"events": events}],
    )


def expect_gpu_time(stack: Stack, project: str, for_us: int) -> None:
    """Expect the GPU time a project used: intervals are counted on the pool's line, not on it."""
    until(
        stack,
        asked(
            "toString(sum(quantity)) AS for_us",
            "cost_current",
            "project",
            project,
            "AND kind = 'used'",
        ),
        [{"for_us": str(for_us)}],
    )


@pytest.mark.parametrize("tenant", ["nobody-we-know", None, "", "__idle__"])
def test_usage_of_an_unknown_tenant_is_charged_to_nobody_s_row(
    stack: Stack, tenant: str | None
) -> None:
    project = f"unknown-{tenant}"
    stranger = good(project) | {"tenant": tenant}
    send(stack, batch(project, good(project), stranger))
    expect_counted(stack, project, project, events=2, rejected=0)
    until(
        stack,
        asked(
            "tenant, sum(events) AS events, toString(sum(cost)) AS cost",
            "cost_current",
            "project",
            project,
            "GROUP BY tenant ORDER BY tenant",
        ),
        [
            {"tenant": "__unattributed__", "events": 1, "cost": COST},
            {"tenant": "tenant-01", "events": 1, "cost": COST},
        ],
    )
    until(
        stack,
        asked("tenant, tenant_reported", ARCHIVE, "source", project, "AND event_index = 1"),
        [{"tenant": "__unattributed__", "tenant_reported": tenant}],
    )


def test_usage_of_an_unknown_model_is_kept_without_a_cost(stack: Stack) -> None:
    project = "unknown-model"
    send(stack, batch(project, good(project), good(project) | {"model": "gpt-next"}))
    expect_counted(stack, project, project, events=2, rejected=0)
    until(
        stack,
        asked("kind, meter, toString(quantity) AS quantity, cost, events", "cost_current",
              "project", project, "AND model = 'gpt-next' ORDER BY meter"),
        [
            {"kind": "unpriced", "meter": "tokens.input", "quantity": "1000",
             "cost": None, "events": 1},
            {"kind": "unpriced", "meter": "tokens.output", "quantity": "100",
             "cost": None, "events": 0},
        ],
    )  # fmt: skip
    until(
        stack,
        asked(
            "toString(sum(cost)) AS cost",
            "cost_current",
            "project",
            project,
            "AND model = 'gpt-4o'",
        ),
        [{"cost": COST}],
    )


def test_too_many_dead_letters_stop_meter_with_exit_code_1(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = {"meter.dead_letter_ceiling_events": "20", "meter.dead_letter_ceiling_ratio": "0.5"}
    folder = tmp_path_factory.mktemp("ceiling")
    with system.running(folder, settings, processors=("meter",)) as stack:
        [meter] = stack.workers
        assert meter.process is not None
        send(stack, *[batch(f"ok-{n}", good("ceiling")) for n in range(5)], *[b"bad"] * 20)
        wait_for_dead_letters(stack, 20)
        assert meter.process.poll() is None
        send(stack, b"the last straw")
        assert meter.process.wait(WITHIN_S) == 1
        [stopped] = meter.entries("processor_stopped")
        assert "got 21 of 26" in str(stopped["error"])
        assert stopped["level"] == "critical"


def wait_for_dead_letters(stack: Stack, expected: int) -> None:
    """Wait until so many dead letters lie in the topic."""
    deadline_s = time.monotonic() + WITHIN_S
    while len(found := read_to_end(stack.kafka, topics.DLQ_USAGE.name)) != expected:
        assert time.monotonic() < deadline_s, f"{len(found)} dead letters"
        time.sleep(LOOK_S)
