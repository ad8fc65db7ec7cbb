"""The time of commitments as usage: whole, without gaps, the same whoever accrues it."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.decimals import from_bytes
from streams.core.accrual import STEP_US, Step, due
from streams.core.commitments import Commitment
from streams.core.metering import meter_batch
from streams.core.price_book import Agreements
from streams.core.timeline import FOREVER
from streams.core.windows import HOUR_US
from tests.builders.drawing import ORIGIN
from tests.builders.terms import book, rules
from tests.builders.usage import NOW, T0

PTU = Commitment(
    "ptu-1", "openai", ("*",), (("tokens.input", 1000),), 1000, 4_500_000_000_000, T0, FOREVER, "x"
)
CODEC = Codec()


def seqs(steps: list[Step]) -> list[int]:
    return [step.number for step in steps]


def test_an_hour_is_twenty_steps_that_make_an_hour_and_its_price() -> None:
    steps = list(due(PTU, T0, T0 + HOUR_US))
    assert seqs(steps) == list(range(20))
    assert sum(from_bytes(step.event()["quantity"]) for step in steps) == 10**12
    ruled = rules(book(agreements=Agreements(commitments=(PTU,))))
    metered = [meter_batch("ResourceUsageBatch", s.batch(), ORIGIN, ruled, NOW) for s in steps]
    assert not any(each.rejected for each in metered)
    amounts = [
        Fraction(from_bytes(meter["amount"] or b""), meter["divisor"])
        for each in metered
        for partial in each.partials
        for entry in partial["sums"]
        for meter in entry["meters"]
    ]
    assert len(amounts) == 60  # a window each
    assert sum(amounts) == PTU.rate
    assert {p["pool"] for each in metered for p in each.partials} == {"api:openai"}


def test_a_step_is_accrued_when_it_is_over() -> None:
    assert seqs(list(due(PTU, T0, T0 + STEP_US - 1))) == []
    assert seqs(list(due(PTU, T0, T0 + STEP_US))) == [0]
    assert seqs(list(due(PTU, T0 + STEP_US - 1, T0 + STEP_US))) == [0]
    assert seqs(list(due(PTU, T0 + STEP_US, T0 + 2 * STEP_US))) == [1]


def test_nothing_is_accrued_before_its_begin_or_after_its_end() -> None:
    short = replace(PTU, to_us=T0 + STEP_US + 60_000_000)
    steps = list(due(short, 0, T0 + HOUR_US))
    assert [(step.start_us, step.end_us) for step in steps] == [
        (T0, T0 + STEP_US),
        (T0 + STEP_US, T0 + STEP_US + 60_000_000),
    ]
    assert from_bytes(steps[1].event()["quantity"]) == 16_666_666_667  # a 60th of an hour
    assert list(due(short, 0, T0)) == []


@given(
    cuts=st.lists(st.integers(T0 - HOUR_US, T0 + 5 * HOUR_US), max_size=12).map(sorted),
    length=st.integers(1, 4 * HOUR_US),
)
def test_however_often_it_is_looked_at_each_step_is_accrued_once(
    cuts: list[int], length: int
) -> None:
    held = replace(PTU, to_us=T0 + length)
    instants = [T0 - 2 * HOUR_US, *cuts, T0 + 6 * HOUR_US]
    in_parts = [
        encoded(step) for since, now in pairwise(instants) for step in due(held, since, now)
    ]
    at_once = [encoded(step) for step in due(held, instants[0], instants[-1])]
    assert in_parts == at_once
    covered = [decoded(each)["events"][0] for each in at_once]
    assert covered[0]["start_us"] == T0
    assert covered[-1]["end_us"] == T0 + length
    assert all(one["end_us"] == two["start_us"] for one, two in pairwise(covered))


def encoded(step: Step) -> bytes:
    return CODEC.encode("ResourceUsageBatch", step.batch())


def decoded(value: bytes) -> Mapping[str, Any]:
    return CODEC.decode(value)[1]


def test_another_price_from_a_date_on_is_another_epoch() -> None:
    dearer = replace(PTU, from_us=T0 + HOUR_US)
    before = next(due(replace(PTU, to_us=T0 + HOUR_US), 0, NOW))
    after = next(due(dearer, 0, NOW + HOUR_US))
    assert (before.batch()["source"], before.number) == (after.batch()["source"], after.number)
    assert before.batch()["epoch"] != after.batch()["epoch"]
