"""A usage batch survives the way into rows and back, whatever was in it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickhouse.block import Block
from clickhouse.columns import TABLES
from clickhouse.errors import BadRow
from clickhouse.usage_rows import (
    Attributed,
    Position,
    UsageBatch,
    UsageRecord,
    Versions,
    usage_rows,
)
from schemas.decimals import to_bytes, to_decimal
from tests.archived_events import usage_event
from tests.builders.usage import batch, call, interval

POSITION = Position("usage.inference.v1", 2, 40)
VERSIONS = Versions("book-1", "catalog-1", "USD")
ACME = Attributed("api:openai", "acme", 5)

text = st.text(max_size=8)
name = st.none() | text
tokens = st.none() | st.integers(0, 2**63 - 1)
instant = st.integers(1, 4_000_000_000_000_000)
duration = st.integers(0, 2**62)
count = st.none() | st.integers(0, 2**31 - 1)

call_quantities = st.fixed_dictionaries(
    {
        "meter": text,
        "unit": text,
        "quantity": st.integers(0, 10**38 - 1).map(to_bytes),
    }
)
calls = st.fixed_dictionaries(
    {
        "at_us": instant,
        "tenant": name,
        "project": name,
        "provider": text,
        "model": text,
        "endpoint": name,
        "request_id": name,
        "input_tokens": tokens,
        "cache_read_tokens": tokens,
        "cache_write_5m_tokens": tokens,
        "cache_write_1h_tokens": tokens,
        "output_tokens": tokens,
        "reasoning_tokens": tokens,
        "region": name,
        "service_tier": name,
        "quantities": st.none() | st.lists(call_quantities, min_size=1, max_size=3),
        "response_id": name,
        "operation_id": name,
        "attempt": st.none() | st.integers(-(2**31), 2**31 - 1),
        "operation": name,
        "status": name,
        "error_type": name,
        "usage_source": name,
        "gateway_cache": name,
        "avoided_input_tokens": tokens,
        "avoided_output_tokens": tokens,
        "started_at_us": st.none() | instant,
        "first_token_at_us": st.none() | instant,
        "is_stream": st.none() | st.booleans(),
        "reported_cost": st.none() | st.integers(0, 10**38 - 1).map(to_bytes),
        "reported_currency": name,
        "gateway": name,
        "key_hash": name,
        "user_hash": name,
        "raw_usage": name,
    }
)
holders = st.fixed_dictionaries(
    {
        "tenant": name,
        "project": name,
        "endpoint": name,
        "job": name,
        "held_us": duration,
        "active_us": duration,
        "no_context_us": st.none() | duration,
        "instance": name,
        "memory_bytes": st.none() | duration,
        "attribution": name,
        "rule": name,
        "evidence": st.lists(text, max_size=2),
        "workload": st.dictionaries(text, text, max_size=2),
    }
)
intervals = st.fixed_dictionaries(
    {
        "start_us": instant,
        "end_us": instant,
        "node": text,
        "device": text,
        "gpu_model": text,
        "holders": st.lists(holders, max_size=3),
        "unallocated_us": duration,
        "stranded_us": duration,
        "out_of_service_us": duration,
        "unobserved_us": st.none() | duration,
        "purchase_option": name,
        "sharing_mode": name,
        "energy_mj": st.none() | duration,
        "samples_expected": count,
        "samples_taken": count,
        "flags": st.lists(text, max_size=2),
    }
)
quantities = st.fixed_dictionaries(
    {
        "start_us": instant,
        "end_us": instant,
        "tenant": name,
        "project": name,
        "kind": text,
        "sku": text,
        "resource_id": name,
        "quantity": st.integers(0, 10**38 - 1).map(to_bytes),
        "unit": text,
    }
)
kinds: list[tuple[UsageRecord, st.SearchStrategy[dict[str, Any]]]] = [
    ("InferenceUsageBatch", calls),
    ("GpuUsageBatch", intervals),
    ("ResourceUsageBatch", quantities),
]
verdicts = st.none() | st.builds(
    Attributed, pool=text, tenant=name, list_cost_pico=st.none() | st.integers(0, 10**38 - 1)
)


def as_read(block: Block) -> list[dict[str, Any]]:
    """Return rows as the engine gives them: what was not written is null, or an empty array."""
    missing: dict[str, Any] = {
        column: [] if kind.startswith("Array") else None
        for column, kind in TABLES[block.table].items()
    }
    rows = [
        {**missing, **dict(zip(block.names, values, strict=True))}
        for values in zip(*block.columns, strict=True)
    ]
    for row in rows:
        for column in ("quantity", "reported_cost"):
            if row.get(column) is not None:
                row[column] = to_decimal(row[column])
    return rows


def table(blocks: list[Block], name: str) -> list[dict[str, Any]]:
    return [row for block in blocks if block.table == name for row in as_read(block)]


def rows_of(
    record: UsageRecord, given: Mapping[str, Any], attributed: list[Attributed | None]
) -> list[Block]:
    return usage_rows(record, cast("UsageBatch", given), attributed, POSITION, VERSIONS)


@given(st.data())
def test_every_archived_event_comes_back_as_it_was(data: st.DataObject) -> None:
    record, events = data.draw(st.sampled_from(kinds))
    drawn = data.draw(st.lists(st.tuples(events, verdicts), max_size=6))
    attributed = [verdict for _, verdict in drawn]
    blocks = rows_of(record, batch(*(event for event, _ in drawn)), attributed)
    rows = table(blocks, "usage_events")
    assert {row["event_index"]: usage_event(row) for row in rows} == {
        index: event for index, (event, verdict) in enumerate(drawn) if verdict
    }
    for row in rows:
        verdict = attributed[row["event_index"]]
        assert verdict == Attributed(row["pool"], row["tenant"], row["list_cost"])


def test_details_take_no_columns_where_no_call_has_any() -> None:
    [_, bare] = rows_of("InferenceUsageBatch", batch(call(), call()), [ACME, ACME])
    assert "status" not in bare.names
    [_, told] = rows_of("InferenceUsageBatch", batch(call(), call(attempt=0)), [ACME, ACME])
    assert told.columns[told.names.index("attempt")] == [None, 0]
    assert told.columns[told.names.index("raw_usage")] == [None, None]


def test_a_dead_letter_is_counted_but_not_archived() -> None:
    blocks = rows_of("InferenceUsageBatch", batch(call(), call(), call()), [ACME, None, ACME])
    assert [row["event_index"] for row in table(blocks, "usage_events")] == [0, 2]
    [row] = table(blocks, "batches")
    assert (row["events"], row["rejected"]) == (3, 1)


def test_a_heartbeat_is_a_batch_without_events() -> None:
    blocks = rows_of("GpuUsageBatch", batch(source="node-1", seq=4), [])
    assert [block.table for block in blocks] == ["batches"]
    [row] = table(blocks, "batches")
    assert (row["source"], row["seq"], row["events"], row["kind"]) == ("node-1", 4, 0, "gpu")


def test_losses_are_rows_in_their_order() -> None:
    loss = {"events": 9, "first_us": 1, "last_us": 2, "reason": "outbox_full"}
    given = batch() | {"losses": [loss, {**loss, "events": 3}]}
    rows = table(rows_of("InferenceUsageBatch", given, []), "losses")
    assert [(row["loss_index"], row["events"]) for row in rows] == [(0, 9), (1, 3)]


def test_a_row_says_where_it_was_read_and_with_what_it_was_rated() -> None:
    [row] = table(rows_of("InferenceUsageBatch", batch(call()), [ACME]), "usage_events")
    assert (row["topic"], row["partition"], row["offset"]) == ("usage.inference.v1", 2, 40)
    assert (row["price_book"], row["catalog"], row["currency"]) == ("book-1", "catalog-1", "USD")


def test_a_gpu_interval_has_no_tenant_of_its_own() -> None:
    [row] = table(
        rows_of("GpuUsageBatch", batch(interval()), [Attributed("h100", None, None)]),
        "usage_events",
    )
    assert (row["pool"], row["tenant"], row["tenant_reported"]) == ("h100", None, None)


def test_attributions_that_do_not_match_the_events_are_a_bug() -> None:
    with pytest.raises(ValueError, match="expected 2 attributions, got 1"):
        rows_of("InferenceUsageBatch", batch(call(), call()), [ACME])


def test_a_quantity_is_exact_at_its_largest() -> None:
    largest = 10**38 - 1
    event = {**EGRESS, "quantity": to_bytes(largest)}
    [row] = table(
        rows_of("ResourceUsageBatch", batch(event), [Attributed("resource:egress", "acme", 0)]),
        "usage_events",
    )
    assert row["quantity"] == Decimal("99999999999999999999999999.999999999999")
    assert usage_event(row) == event


def test_a_quantity_that_no_column_holds_is_bad_input() -> None:
    event = {**EGRESS, "quantity": to_bytes(10**38)}
    with pytest.raises(BadRow, match="expected at most 38 digits"):
        rows_of("ResourceUsageBatch", batch(event), [Attributed("resource:egress", "acme", 0)])


EGRESS = {
    "start_us": 1,
    "end_us": 1,
    "tenant": None,
    "project": None,
    "kind": "egress",
    "sku": "eu",
    "resource_id": None,
    "unit": "GB",
}
