"""Laws of splitting a pool, over random pools, reservations and terms.

Few examples by default; 10,000 of each law with `make laws`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from operator import add

from hypothesis import assume, given
from hypothesis import strategies as st

from streams.core.allocation import Policy, allocate
from streams.core.gpu import UNALLOCATED, UNOBSERVED
from streams.core.lending import reserved_times
from streams.core.lines import Dimensions, Figures, Lines
from streams.core.money import PICO, half_even
from streams.core.pools import GPU_SCALE, Share
from streams.core.price import GPU_DIVISOR
from streams.core.sums import Key, Sums
from streams.core.tenants import Sla
from tests.builders.generated_pools import RATES, add_time, pool_sums, pools, times, with_names

NOT_THERE = {"adjustment", "out_of_service", "unobserved", "reservation_unmet", "unmapped"}
MULTIPLIERS = (Fraction(1), Fraction(2, 3), Fraction(6, 5))


@st.composite
def shared_pools(draw: st.DrawFn) -> Policy:
    """Draw a pool of which nothing is reserved, whose tenants have a tier of service."""
    policy = draw(pools(reserved=False))
    share: Share = draw(st.sampled_from(["weighted", "even", "separate"]))
    pool = replace(policy.pool, idle=replace(policy.pool.idle, share=share))
    tier = Sla("gold", draw(st.sampled_from(MULTIPLIERS)))
    return replace(policy, pool=pool, tier_of=lambda _: tier)


def drawn(sums: Sums, policy: Policy) -> Lines:
    return allocate(sums, policy, 1)


def cost(of: Lines, picked: Callable[[Dimensions], bool] = lambda _: True) -> int:
    return sum(figures.cost or 0 for what, figures in of.items() if picked(what))


def for_us(of: Lines, picked: Callable[[Dimensions], bool]) -> int:
    """Return GPU time, which is whole microseconds."""
    quantity = sum(figures.quantity for what, figures in of.items() if picked(what))
    assert quantity % PICO == 0
    return quantity // PICO


def by_tenant_and_kind(of: Lines, figure: Callable[[Figures], int]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for what, figures in of.items():
        found[what.tenant, what.kind] += figure(figures)
    return found


def costs_by_kind(of: Lines) -> Counter[str]:
    found: Counter[str] = Counter()
    for what, figures in of.items():
        found[what.kind] += figures.cost or 0
    return found


def quantity(figures: Figures) -> int:
    return figures.quantity


def of_tenants(of: Lines) -> dict[str, list[int]]:
    """Return what each has in all: quantity, cost, list and charge; without what is taken back."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for what, figures in of.items():
        if what.kind != "adjustment":
            amounts = (figures.quantity, *(figures.money or ()))
            found[what.tenant] = list(map(add, found[what.tenant], amounts))
    return found


def total_cost(of: dict[str, list[int]]) -> int:
    return sum(amounts[1] for amounts in of.values())


def add_idle(sums: Sums, for_us: int, rate: int) -> None:
    """Add a GPU that nobody holds."""
    add_time(sums, Key(None, None, None, "H100", None, None), UNALLOCATED, for_us, rate)


def reported(sums: Sums) -> tuple[int, int]:
    """Return the amount and the time of all that was reported of a pool."""
    parts = [
        (total[1], total[0])
        for entry in sums.entries.values()
        for meter, total in entry.meters.items()
        if meter.name.startswith("gpu.")
    ]
    return sum(amount for amount, _ in parts), sum(time_us for _, time_us in parts)


@given(sums=pool_sums(), policy=pools())
def test_the_lines_of_a_pool_sum_to_its_cost_and_its_time(sums: Sums, policy: Policy) -> None:
    """To what was reported; beyond what the pool has, to that part of it, within a pico."""
    amount, time_us = reported(sums)
    whole = half_even(amount, GPU_DIVISOR)
    found = drawn(sums, policy)
    over = [figures for what, figures in found.items() if what.kind == "adjustment"]
    there_us = time_us
    if policy.pool.milli_gpus is not None:
        there_us = min(time_us, policy.pool.milli_gpus * policy.length_us // GPU_SCALE)
        (row,) = over
        assert row.quantity == (there_us - time_us) * PICO
        assert abs(-(row.cost or 0) * time_us - whole * (time_us - there_us)) <= time_us
    assert cost(found) == whole + sum(row.cost or 0 for row in over)
    assert for_us(found, lambda what: what.meter.startswith("gpu.")) == there_us


@given(sums=pool_sums(), policy=pools(), data=st.data())
def test_what_a_filter_keeps_and_what_it_leaves_sum_to_the_whole(
    sums: Sums, policy: Policy, data: st.DataObject
) -> None:
    """By any dimension: the sums of its values are the whole, and a value's lines are its sum."""
    found = drawn(sums, policy)
    assume(found)
    field = data.draw(st.sampled_from(Dimensions._fields))
    groups: dict[str | None, int] = defaultdict(int)
    for what, figures in found.items():
        groups[getattr(what, field)] += figures.cost or 0
    assert sum(groups.values()) == cost(found)
    kept = data.draw(st.sampled_from(sorted(groups, key=str)))
    left = cost(found, lambda what: getattr(what, field) != kept)
    assert groups[kept] + left == cost(found)


@given(sums=pool_sums(), policy=pools())
def test_what_borrowers_pay_lenders_and_the_margin_account_get(sums: Sums, policy: Policy) -> None:
    kinds = {"borrowed", "lent_credit", "lending_margin"}
    found = drawn(sums, policy)
    assert cost(found, lambda what: what.kind in kinds) == 0
    assert for_us(found, lambda what: what.kind in kinds) == 0
    lending = policy.pool.lending
    if lending and lending.burst == lending.credit == 1:
        assert cost(found, lambda what: what.kind in {"borrowed", "lent_credit"}) == 0


@given(sums=pool_sums(), policy=pools())
def test_lending_is_evaluated_on_pool_totals(sums: Sums, policy: Policy) -> None:
    """Recomputed from what the lines say was held: never more is borrowed than must be."""
    found = drawn(sums, policy)
    reserved = reserved_times(policy.pool.reservations, policy.length_us)
    assume(reserved and policy.pool.lending)
    times_by = by_tenant_and_kind(found, lambda figures: figures.quantity // PICO)

    def held_us(tenant: str, *more: str) -> int:
        return sum(times_by[tenant, kind] for kind in ("used", "held_idle", "borrowed", *more))

    capacity_us = sum(for_us for (_, kind), for_us in times_by.items() if kind not in NOT_THERE)
    entitled = {name: reserved[name] - times_by[name, "reservation_unmet"] for name in reserved}
    assert sum(entitled.values()) == min(sum(reserved.values()), capacity_us)
    tenants = {tenant for tenant, _ in times_by}
    burst = sum(max(0, held_us(each) - entitled.get(each, 0)) for each in tenants)
    free_us = capacity_us - sum(entitled.values())
    borrowed = sum(for_us for (_, kind), for_us in times_by.items() if kind == "borrowed")
    assert borrowed == max(0, burst - free_us)
    for name in reserved:  # it pays for all it reserved, or for what it used beyond
        assert held_us(name, "reserved_idle") == max(entitled[name], held_us(name))


@given(sums=pool_sums(), policy=shared_pools(), idle_us=times, rate=st.sampled_from(RATES))
def test_one_more_idle_gpu_never_lowers_what_anybody_pays(
    sums: Sums, policy: Policy, idle_us: int, rate: int
) -> None:
    """Not by one pico of cost, list or charge, nor by time; and its cost is all that is added."""
    earlier, (amount, _) = of_tenants(drawn(sums, policy)), reported(sums)
    add_idle(sums, idle_us, rate)
    later = of_tenants(drawn(sums, policy))
    for tenant, before in earlier.items():
        assert all(after >= each for after, each in zip(later[tenant], before, strict=True))
    added = half_even(amount + idle_us * rate, GPU_DIVISOR) - half_even(amount, GPU_DIVISOR)
    assert total_cost(later) == total_cost(earlier) + added


@given(sums=pool_sums(), policy=pools(), idle_us=times)
def test_one_more_idle_gpu_has_nobody_borrow_or_lend_more_than_was_met(
    sums: Sums, policy: Policy, idle_us: int
) -> None:
    """And never entitles anybody to less. What is borrowed may cost less: less has to be."""
    before = drawn(sums, policy)
    add_idle(sums, idle_us, RATES[2])
    after = drawn(sums, policy)
    earlier, later = by_tenant_and_kind(before, quantity), by_tenant_and_kind(after, quantity)
    unmet = {key: each for key, each in earlier.items() if key[1] == "reservation_unmet"}
    assert all(later[key] <= each for key, each in unmet.items())
    if not any(unmet.values()):
        lending = {key for key in earlier if key[1] in {"borrowed", "lent_credit"}}
        assert all(abs(later[key]) <= abs(earlier[key]) for key in lending)


@given(sums=pool_sums(), policy=pools(), for_more_us=times)
def test_time_that_nobody_looked_is_no_part_of_what_is_split(
    sums: Sums, policy: Policy, for_more_us: int
) -> None:
    """It is nobody's idle time, lent to nobody, reserved by nobody. Free here: no pico moves."""
    policy = replace(policy, pool=replace(policy.pool, milli_gpus=None))
    before = drawn(sums, policy)
    assume(before)
    add_time(sums, Key(None, None, None, "H100", None, None), UNOBSERVED, for_more_us, 0)
    after = drawn(sums, policy)
    seen = {what for what in after if what.kind != "unobserved"}
    assert {what: after[what] for what in seen} == {
        what: figures for what, figures in before.items() if what.kind != "unobserved"
    }
    unseen_us = [for_us(lines, lambda what: what.kind == "unobserved") for lines in (before, after)]
    assert unseen_us[1] - unseen_us[0] == for_more_us


@given(sums=pool_sums(), policy=pools(), more=pool_sums())
def test_lines_only_ever_join(sums: Sums, policy: Policy, more: Sums) -> None:
    before = set(drawn(sums, policy))
    sums.add_records(more.records())
    assert before <= set(drawn(sums, policy))


@given(sums=pool_sums(), policy=pools(), more=pool_sums(), cut=st.integers(0, 20))
def test_batching_is_irrelevant(sums: Sums, policy: Policy, more: Sums, cut: int) -> None:
    """The same records in one batch, in two, or the other way round."""
    first, second = sums.records(), more.records()
    whole, parts, reverse = Sums(), Sums(), Sums()
    whole.add_records(first + second)
    for each in (second[cut:], first[:cut], second[:cut], first[cut:]):
        parts.add_records(each)
    for record in reversed(first + second):
        reverse.add_records([record])
    assert drawn(whole, policy) == drawn(parts, policy) == drawn(reverse, policy)


@given(sums=pool_sums(), policy=pools(), suffix=st.sampled_from(["", "-2", "z"]))
def test_renaming_tenants_renames_their_lines_and_changes_nothing_else(
    sums: Sums, policy: Policy, suffix: str
) -> None:
    """New names keep their order, which decides the odd pico."""

    def name(tenant: str) -> str:
        return tenant if tenant.startswith("__") else f"t-{tenant}{suffix}"

    renamed = Sums()
    for key, entry in sums.entries.items():
        renamed.entries[key._replace(tenant=key.tenant and name(key.tenant))] = entry
    before = {
        what._replace(tenant=name(what.tenant)): figures
        for what, figures in drawn(sums, policy).items()
    }
    assert drawn(renamed, replace(policy, pool=with_names(policy.pool, name))) == before


@given(sums=pool_sums(), policy=pools(reserved=False))
def test_a_pool_that_nobody_holds_costs_all_of_it_as_idle(sums: Sums, policy: Policy) -> None:
    """Whatever the policy; without what was out of service, or nobody looked at."""
    unheld = Sums()
    for key, entry in sums.entries.items():
        if key.tenant is None and key.endpoint is None:
            unheld.entries[key] = entry
    amount, _ = reported(unheld)
    assume(unheld.entries)
    terms = replace(policy, pool=replace(policy.pool, milli_gpus=None))
    found = drawn(unheld, terms)
    elsewhere = cost(found, lambda what: what.kind in {"out_of_service", "unobserved"})
    assert costs_by_kind(found)["idle_share"] == half_even(amount, GPU_DIVISOR) - elsewhere
    assert {what.tenant for what in found if what.kind == "idle_share"} == {"__idle__"}


@given(sums=pool_sums(), policy=pools())
def test_the_order_of_sums_is_irrelevant(sums: Sums, policy: Policy) -> None:
    reverse = Sums()
    for key, entry in reversed(sums.entries.items()):
        reverse.entries[key] = replace(entry, meters=dict(reversed(entry.meters.items())))
    assert drawn(reverse, policy) == drawn(sums, policy)
