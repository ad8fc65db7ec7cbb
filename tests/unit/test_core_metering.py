"""A whole batch to its partials."""

import pytest

from schemas.codec import Codec
from streams.core.metering import METERS, meter_batch
from tests.builders.drawing import ORIGIN, meter
from tests.builders.terms import GPT_4O, book, catalog, gpu_price, resource_price, rules
from tests.builders.usage import NOW, T0, batch, call, interval, quantity

RULES = rules(
    book(*GPT_4O, gpu_price("2"), resource_price("1"), version="b7"),
    catalog(basis="unheld_and_held_idle", share="even"),
)
BATCHES = {
    "InferenceUsageBatch": batch(call(), call(provider="azure")),
    "GpuUsageBatch": batch(interval(), interval(node="laptop")),
    "ResourceUsageBatch": batch(quantity("1", end_us=T0), quantity("1", kind="egress")),
}


@pytest.mark.parametrize("name", sorted(METERS))
def test_every_partial_names_its_batch_terms_and_origin(name: str) -> None:
    usage = BATCHES[name] | {"source": "s-9", "epoch": 42, "seq": 7}
    partials = meter_batch(name, usage, ORIGIN, RULES, NOW).partials
    assert len(partials) >= 2
    for each in partials:
        assert (each["source"], each["epoch"], each["seq"]) == ("s-9", 42, 7)
        assert each["origin"] == ORIGIN
        assert (each["price_book"], each["catalog"], each["currency"]) == ("b7", "catalog-1", "USD")
    by_pool = {each["pool"]: (each["idle_basis"], each["idle_share"]) for each in partials}
    by_pool.pop("h100", None)
    assert set(by_pool.values()) == {("unheld", "weighted")}


def test_a_pool_s_partials_carry_its_idle_policy() -> None:
    (partial,) = meter(RULES, interval()).partials
    assert (partial["idle_basis"], partial["idle_share"]) == ("unheld_and_held_idle", "even")


@pytest.mark.parametrize("name", sorted(METERS))
def test_partials_survive_the_wire(name: str) -> None:
    codec = Codec()
    _, usage = codec.decode(codec.encode(name, BATCHES[name]))
    for each in meter_batch(name, usage, ORIGIN, RULES, NOW).partials:
        assert codec.decode(codec.encode("Partial", each)) == ("Partial", each)


@pytest.mark.parametrize("name", sorted(METERS))
def test_a_batch_has_at_most_one_partial_a_window_and_pool(name: str) -> None:
    partials = meter_batch(name, BATCHES[name], ORIGIN, RULES, NOW).partials
    places = [(each["window_start_us"], each["pool"]) for each in partials]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("name", sorted(METERS))
def test_a_heartbeat_adds_nothing(name: str) -> None:
    metered = meter_batch(name, batch(), ORIGIN, RULES, NOW)
    assert (metered.partials, metered.rejected, metered.events) == ([], [], 0)


@pytest.mark.parametrize(
    ("name", "usage", "reason"),
    [
        ("CostLine", batch(), "not_a_usage_batch"),
        ("InferenceUsageBatch", batch(call(), seq=-1), "bad_batch_id"),
        ("InferenceUsageBatch", batch(call(), source=""), "bad_batch_id"),
    ],
)
def test_a_batch_that_cannot_be_told_apart_is_rejected_whole(
    name: str, usage: dict[str, object], reason: str
) -> None:
    metered = meter_batch(name, usage, ORIGIN, RULES, NOW)
    assert [(each.index, each.reason) for each in metered.rejected] == [(-1, reason)]
    assert (metered.partials, metered.events, metered.newest_us) == ([], 0, 0)
