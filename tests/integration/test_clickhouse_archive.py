"""Batches read back from a real engine are the ones that were written."""

import random
from typing import Any, cast

import pytest

from clickhouse.client import Connection
from clickhouse.usage_rows import (
    Attributed,
    Position,
    UsageBatch,
    UsageEvent,
    UsageRecord,
    Versions,
    usage_rows,
)
from clickhouse.writer import Writer
from schemas.decimals import to_bytes
from schemas.records import GpuInterval, Holder, Loss
from tests.archive_reader import read_batches as read
from tests.builders.usage import T0, batch, call, holder, interval, quantity

pytestmark = pytest.mark.integration

VERSIONS = Versions("book-1", "catalog-1", "USD")
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
LOSS: Loss = {"events": 3, "first_us": T0, "last_us": T0 + 1, "reason": "outbox_full"}


def archive(
    database: Connection,
    record: UsageRecord,
    *batches: dict[str, Any],
    pool: str = "a",
    dead: tuple[int, ...] = (),
) -> None:
    writer = Writer(database.writer)
    for offset, each in enumerate(batches):
        attributed = [
            None if index in dead else Attributed(pool, None, None)
            for index in range(len(each["events"]))
        ]
        position = Position(f"topic-of-{record}", 1, offset)
        given = cast("UsageBatch", each)
        writer.add(*usage_rows(record, given, attributed, position, VERSIONS))
    writer.flush()


def random_batch(chance: random.Random, record: UsageRecord, seq: int) -> dict[str, Any]:
    def name() -> str | None:
        return chance.choice([None, "", "a", "naïve ☃"])

    def tokens() -> int | None:
        return chance.choice([None, 0, 7, 2**62])

    def at() -> int:
        return T0 + chance.randrange(HOUR_US)

    def gpu_holder() -> Holder:
        return holder(
            chance.randrange(9),
            tenant=name(),
            endpoint=name(),
            job=name(),
            no_context_us=tokens(),
            instance=name(),
            memory_bytes=tokens(),
            attribution=name(),
            rule=name(),
            evidence=chance.choice([[], ["pod_resources", "cgroup"]]),
            workload=chance.choice([{}, {"pod": "naïve ☃", "": ""}]),
        )

    def gpu_interval() -> GpuInterval:
        start = at()
        return interval(
            *(gpu_holder() for _ in range(chance.randrange(4))),
            start_us=start,
            end_us=start + 10 * SECOND_US,
            unobserved_us=chance.choice([None, 0, 7]),
            sharing_mode=name(),
            energy_mj=tokens(),
            samples_expected=chance.choice([None, 0, 60]),
            samples_taken=chance.choice([None, 0, 59]),
            flags=chance.choice([[], ["clock_step", "xid_79"]]),
        )

    def event() -> UsageEvent:
        match record:
            case "InferenceUsageBatch":
                return call(
                    at_us=at(),
                    tenant=name(),
                    project=name(),
                    endpoint=name(),
                    request_id=name(),
                    input_tokens=tokens(),
                    cache_read_tokens=tokens(),
                    cache_write_5m_tokens=tokens(),
                    cache_write_1h_tokens=tokens(),
                    output_tokens=tokens(),
                    reasoning_tokens=tokens(),
                    response_id=name(),
                    attempt=chance.choice([None, 0, 3]),
                    status=name(),
                    avoided_input_tokens=tokens(),
                    started_at_us=chance.choice([None, at()]),
                    is_stream=chance.choice([None, False, True]),
                    reported_cost=chance.choice([None, to_bytes(1), to_bytes(10**38 - 1)]),
                    raw_usage=name(),
                )
            case "GpuUsageBatch":
                return gpu_interval()
            case "ResourceUsageBatch":
                start = at()
                much = chance.choice([0, 1, 127, 128, 10**38 - 1])
                event = quantity("1", start_us=start, end_us=start, tenant=name())
                return {**event, "quantity": to_bytes(much)}

    made = batch(*(event() for _ in range(chance.randrange(1, 9))), source=record, seq=seq)
    return made | {"losses": [LOSS] * chance.randrange(3)}


@pytest.mark.parametrize("record", ["InferenceUsageBatch", "GpuUsageBatch", "ResourceUsageBatch"])
def test_batches_come_back_as_they_went_in(database: Connection, record: UsageRecord) -> None:
    chance = random.Random(record)
    given = [random_batch(chance, record, seq) for seq in range(40)]
    shuffled = chance.sample(given, len(given))
    archive(database, record, *shuffled)
    archive(database, record, *shuffled[:7])
    found = read(database)
    assert [each.batch() for each in found] == given
    assert {each.record for each in found} == {record}
    assert [each.indexes for each in found] == [list(range(len(b["events"]))) for b in given]


def test_a_batch_larger_than_a_block_of_rows_is_one_batch(database: Connection) -> None:
    given = batch(*(call(at_us=T0 + n) for n in range(20_000)))
    archive(database, "InferenceUsageBatch", given, batch(call(), seq=1))
    assert [len(each.events) for each in read(database)] == [20_000, 1]


def test_an_event_keeps_its_index_when_others_are_dead_letters(database: Connection) -> None:
    events = [call(input_tokens=n) for n in range(5)]
    archive(database, "InferenceUsageBatch", batch(*events), dead=(0, 3))
    [found] = read(database)
    assert found.indexes == [1, 2, 4]
    assert found.events == [events[1], events[2], events[4]]


def test_batches_come_by_kind_and_in_order_of_their_identity(database: Connection) -> None:
    archive(
        database,
        "InferenceUsageBatch",
        batch(call(at_us=T0 + HOUR_US), source="b", epoch=2),
        batch(call(), source="b", epoch=10, seq=3),
        batch(call(), source="b", epoch=10, seq=20),
    )
    archive(database, "GpuUsageBatch", batch(interval(), source="a", epoch=99))
    assert [(each.source, each.epoch, each.seq) for each in read(database)] == [
        ("b", 2, 0),
        ("b", 10, 3),
        ("b", 10, 20),
        ("a", 99, 0),
    ]


def test_losses_of_other_batches_are_not_given(database: Connection) -> None:
    archive(
        database,
        "InferenceUsageBatch",
        batch(call(), seq=0),
        batch(call(at_us=T0 + HOUR_US), seq=1) | {"losses": [LOSS]},
    )
    assert [each.losses for each in read(database)] == [[], [LOSS]]


def test_a_batch_says_where_it_was_read(database: Connection) -> None:
    archive(database, "InferenceUsageBatch", batch(call()))
    [found] = read(database)
    assert found.position == Position("topic-of-InferenceUsageBatch", 1, 0)
