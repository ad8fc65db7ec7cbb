"""Laws of the arithmetic, over random events of every kind and every idle policy."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from schemas.decimals import from_bytes
from schemas.records import CostLine, GpuInterval, Partial
from streams.core.catalog import Catalog
from streams.core.metering import Rules
from streams.core.money import PICO, half_even, split
from streams.core.price_book import Agreements
from streams.core.windows import pieces, window_start
from tests.builders.drawing import agreed, lines, meter
from tests.builders.generated import END_US, any_terms, batches, intervals, terms
from tests.builders.generated_pools import with_names
from tests.builders.generated_prices import OVERRIDES, PRICES, UPLIFTS
from tests.builders.independent import call_costs, covered, gpu_costs, windows_of
from tests.builders.terms import book
from tests.builders.usage import Event, calls_in, intervals_in, quantities_in, with_tenants

any_order = st.randoms(use_true_random=False)


def metered(rules: Rules, events: list[list[Event]]) -> list[Partial]:
    """Meter each list of events as a batch."""
    found: list[Partial] = []
    for seq, each in enumerate(events):
        outcome = meter(rules, *each, seq=seq, now_us=END_US)
        assert outcome.rejected == []
        found += outcome.partials
    return found


def drawn(rules: Rules, events: list[list[Event]]) -> list[CostLine]:
    return lines(metered(rules, events), agreed(rules))


def content(of: list[CostLine]) -> list[CostLine]:
    return sorted(of, key=lambda line: line["line_id"])


# Money


@given(
    total=st.integers(-(10**30), 10**30),
    weights=st.lists(st.integers(0, 10**20), min_size=1, max_size=20).filter(any),
)
def test_the_parts_of_a_split_sum_to_it_and_are_off_by_less_than_one(
    total: int, weights: list[int]
) -> None:
    parts = split(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total) * weight / sum(weights)) < 1
        assert weight or not part


@given(amount=st.integers(-(10**40), 10**40), divisor=st.integers(1, 10**20))
def test_rounding_is_that_of_fractions(amount: int, divisor: int) -> None:
    assert half_even(amount, divisor) == round(Fraction(amount, divisor))


# Windows


@given(at=st.integers(0, 10**18), window=st.integers(1, 10**12))
def test_an_instant_is_in_one_window(at: int, window: int) -> None:
    start = window_start(at, window)
    assert start <= at < start + window
    assert start % window == 0


@given(
    start=st.integers(0, 1000),
    length=st.integers(0, 1000),
    window=st.integers(1, 100),
    edges=st.lists(st.integers(0, 2000), max_size=10, unique=True).map(sorted),
)
def test_pieces_join_to_the_whole_and_cross_no_edge(
    start: int, length: int, window: int, edges: list[int]
) -> None:
    cuts = list(pieces(start, start + length, window, edges))
    ends = [start, *(end for _, end in cuts)]
    assert [begin for begin, _ in cuts] == ends[:-1]
    assert ends[-1] == start + length
    for begin, end in cuts:
        assert begin < end <= window_start(begin, window) + window
        assert not any(begin < edge < end for edge in edges)


# Conservation


Money = Literal["cost", "list_cost", "billed_cost"]


def sums(of: list[CostLine], money: Money) -> Counter[tuple[int, str]]:
    """Return an amount by window and pool."""
    found: Counter[tuple[int, str]] = Counter()
    for line in of:
        found[line["window_start_us"], line["pool"]] += from_bytes(line[money] or b"")
    return +found


def of_calls(costs: Counter[tuple[int, str]]) -> Counter[tuple[int, str]]:
    return Counter({at: cost for at, cost in costs.items() if at[1].startswith("api:")})


def of_gpus(costs: Counter[tuple[int, str]]) -> Counter[tuple[int, str]]:
    return Counter({at: cost for at, cost in costs.items() if at[1] in {"h100", "__unmapped__"}})


@given(rules=any_terms, events=batches())
def test_the_lines_of_each_window_and_pool_sum_to_what_it_costs(
    rules: Rules, events: list[list[Event]]
) -> None:
    """At cost, by the list, and as charged, exactly."""
    flat = [event for each in events for event in each]
    found = drawn(rules, events)
    calls, gpus = call_costs(calls_in(flat)), gpu_costs(intervals_in(flat))
    assert of_calls(sums(found, "cost")) == +calls.cost
    assert of_calls(sums(found, "list_cost")) == +calls.listed
    assert of_calls(sums(found, "billed_cost")) == +calls.billed
    assert of_gpus(sums(found, "cost")) == +gpus.cost
    assert of_gpus(sums(found, "list_cost")) == +gpus.listed


@given(rules=any_terms, events=batches())
def test_what_is_charged_changes_nothing_of_what_it_costs(
    rules: Rules, events: list[list[Event]]
) -> None:
    without = replace(rules, book=book(*PRICES.prices, agreements=Agreements(UPLIFTS)))

    def at_cost(line: CostLine) -> CostLine:
        return {**line, "billed_cost": line["cost"]}

    found = drawn(rules, events)
    assert content(list(map(at_cost, found))) == content(drawn(without, events))
    for line in found:
        if line["tenant"].startswith("__"):
            assert line["billed_cost"] == line["cost"]


@given(rules=any_terms, events=batches())
def test_gpu_microseconds_are_conserved(rules: Rules, events: list[list[Event]]) -> None:
    expected: Counter[int] = Counter()
    for event in intervals_in(event for each in events for event in each):
        for window in windows_of(event):
            expected[window] += sum(for_us for for_us, _ in covered(event, window))
    found: Counter[int] = Counter()
    for line in drawn(rules, events):
        if line["meter"].startswith("gpu."):
            for_us, rest = divmod(from_bytes(line["quantity"]), PICO)
            assert rest == 0
            found[line["window_start_us"]] += for_us
    assert +found == +expected


@given(rules=any_terms, events=batches())
def test_quantities_of_resources_are_conserved(rules: Rules, events: list[list[Event]]) -> None:
    flat = [event for each in events for event in each]
    sent = sum(from_bytes(event["quantity"]) for event in quantities_in(flat))
    found = [line for line in drawn(rules, events) if line["meter"].startswith("resource.")]
    assert sum(from_bytes(line["quantity"]) for line in found) == sent


@given(rules=any_terms, events=batches())
def test_each_event_is_counted_once(rules: Rules, events: list[list[Event]]) -> None:
    assert sum(line["events"] for line in drawn(rules, events)) == sum(map(len, events))


@given(rules=any_terms, events=batches())
def test_lines_have_identities_of_their_own_and_only_credits_are_negative(
    rules: Rules, events: list[list[Event]]
) -> None:
    found = drawn(rules, events)
    assert len({line["line_id"] for line in found}) == len(found)
    for line in found:
        if line["kind"] == "lent_credit":
            assert from_bytes(line["quantity"]) <= 0
            assert from_bytes(line["cost"] or b"") <= 0
        elif line["kind"] != "lending_margin":
            assert from_bytes(line["quantity"]) >= 0
            assert from_bytes(line["cost"] or b"") >= 0
        assert (line["cost"] is None) == (line["kind"] == "unpriced")


# Order and names


@given(rules=any_terms, events=batches(), order=any_order)
def test_the_order_of_batches_is_irrelevant(
    rules: Rules, events: list[list[Event]], order: Random
) -> None:
    partials = metered(rules, events)
    shuffled = order.sample(partials, len(partials))
    assert content(lines(shuffled, agreed(rules))) == content(lines(partials, agreed(rules)))


@given(rules=any_terms, events=batches(), order=any_order)
def test_the_order_of_events_in_a_batch_is_irrelevant(
    rules: Rules, events: list[list[Event]], order: Random
) -> None:
    shuffled = [order.sample(each, len(each)) for each in events]
    assert content(drawn(rules, shuffled)) == content(drawn(rules, events))


@given(rules=any_terms, events=batches(), suffix=st.sampled_from(["", "-2", "z"]))
def test_renaming_tenants_renames_their_lines_and_changes_nothing_else(
    rules: Rules, events: list[list[Event]], suffix: str
) -> None:
    """With agreements and reservations. New names keep their order, which decides the odd pico."""

    def renamed(line: CostLine) -> CostLine:
        tenant = line["tenant"]
        known = None if tenant.startswith("__") else f"t-{tenant}{suffix}"
        return {**line, "tenant": known or tenant, "line_id": ""}

    def payer(tenant: str) -> str:
        return f"t-{tenant}{suffix}"

    def name(tenant: str | None) -> str | None:
        return tenant and payer(tenant)

    before = [renamed(line) for line in drawn(rules, events)]
    overrides = [replace(each, tenant=name(each.tenant)) for each in OVERRIDES]
    renamed_book = book(*PRICES.prices, agreements=Agreements(UPLIFTS, tuple(overrides)))
    after: list[CostLine] = [
        {**line, "line_id": ""}
        for line in drawn(
            replace(rules, book=renamed_book, catalog=with_payers(rules.catalog, payer)),
            [[with_tenants(e, name) for e in b] for b in events],
        )
    ]
    assert sorted(before, key=repr) == sorted(after, key=repr)


def with_payers(names: Catalog, name: Callable[[str], str]) -> Catalog:
    """Return a catalog whose reservations and margins are those of other tenants."""
    pools = [with_names(pool, name) for pool in names.entries.pools]
    return Catalog(names.version, replace(names.entries, pools=tuple(pools)))


# Growth


@given(rules=any_terms, events=batches(), many=st.integers(0, 8))
def test_lines_only_ever_join_a_window(rules: Rules, events: list[list[Event]], many: int) -> None:
    """A reader that keeps the last of each line never holds one that the window lost."""
    partials = metered(rules, events)
    some = {line["line_id"] for line in lines(partials[:many], agreed(rules))}
    assert some <= {line["line_id"] for line in lines(partials, agreed(rules))}


@given(rules=any_terms, events=batches())
def test_a_batch_metered_twice_gives_the_same_partials(
    rules: Rules, events: list[list[Event]]
) -> None:
    assert metered(rules, events) == metered(rules, events)
    assert lines(metered(rules, events) * 2, agreed(rules)) == drawn(rules, events)


@given(event=intervals())
def test_every_piece_of_an_interval_is_balanced(event: GpuInterval) -> None:
    for each in meter(terms(), event, now_us=END_US).partials:
        held = sum(from_bytes(m["quantity"]) for s in each["sums"] for m in s["meters"])
        length = sum(for_us for for_us, _ in covered(event, each["window_start_us"]))
        assert held == length
