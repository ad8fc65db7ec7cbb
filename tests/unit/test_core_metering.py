"""A whole batch to its partials."""

import pytest

from schemas.codec import Codec
from schemas.decimals import from_bytes
from streams.core.catalog import Catalog, Entries
from streams.core.metering import METERS, meter_batch
from streams.core.pools import Endpoint, TokenWeights
from streams.core.reserved import UNATTRIBUTED
from streams.core.tenants import Source, Tenant
from streams.core.windows import MINUTE_US
from tests.builders.drawing import ORIGIN, meter
from tests.builders.terms import GPT_4O, book, catalog, gpu_price, resource_price, rules
from tests.builders.usage import NOW, T0, batch, call, holder, interval, quantity

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


def test_what_nobody_pays_is_counted_by_reason() -> None:
    sources = (Source(("gw-*",), ("acme",)),)
    names = Catalog("c", Entries((Tenant("acme"), Tenant("globex")), sources=sources))
    under = rules(book(*GPT_4O, gpu_price("2"), resource_price("1")), names)
    said = [call(tenant=name) for name in ("acme", "ghost", "ghost", "globex", None)]
    found = meter(under, *said)
    assert found.unattributed == {"unknown_tenant": 2, "source_not_allowed": 1, "no_tenant": 1}
    assert [each["tenant"] for each in found.partials[0]["sums"]] == ["acme", UNATTRIBUTED]
    held = interval(holder(1, tenant="ghost"), holder(1, tenant="acme"), holder(1, endpoint="e"))
    assert meter(under, held).unattributed == {"unknown_tenant": 1}
    stored = quantity("1", tenant="globex", end_us=T0 + 5 * MINUTE_US)
    assert meter(under, stored).unattributed == {"source_not_allowed": 1}


def test_a_share_by_reservation_is_separate_to_readers_that_know_none() -> None:
    by_reservation = rules(book(gpu_price("2")), catalog(share="reservation"))
    (partial,) = meter(by_reservation, interval()).partials
    assert partial["idle_share"] == "separate"


def test_calls_are_work_in_every_pool_of_their_endpoint_and_events_in_the_first() -> None:
    two = Endpoint("llama", ("h100", "spot"), weights=TokenWeights(1000, 2000, 100))
    under = rules(book(*GPT_4O), catalog(two))
    one_call = call(endpoint="llama", input_tokens=3, output_tokens=1, tenant="acme")
    found = {
        partial["pool"]: (each["events"], from_bytes(each["meters"][0]["quantity"]))
        for partial in meter(under, one_call).partials
        for each in partial["sums"]
    }
    # 3 tokens in at 1000 and one out at 2000 thousandths of an input token's work.
    assert found == {"h100": (1, 5000), "spot": (0, 5000)}
