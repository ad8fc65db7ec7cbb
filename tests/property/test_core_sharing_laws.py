"""Laws of handing shared costs on: nothing is lost, at no level, whatever the order."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from streams.core.catalog import Catalog, Entries
from streams.core.lines import Lines
from streams.core.names_in_force import NamesInForce
from streams.core.shared_costs import Share, SharedCost, SplitKey
from streams.core.sharing import share_out
from streams.core.spent import Spent
from streams.core.tenants import Tenant

PARENTS = {
    "corp": None,
    "cloud": "corp",
    "retail": "corp",
    "search": "cloud",
    "ads": "cloud",
    "shop": "retail",
}
TREE = tuple(Tenant(name, parent) for name, parent in PARENTS.items())
KEYS: st.SearchStrategy[SplitKey] = st.sampled_from(["even", "proportional", "drivers"])


@st.composite
def costs(draw: st.DrawFn) -> tuple[SharedCost, ...]:
    """Draw costs of the tree, from top to bottom, and of a pool."""
    found = [SharedCost("p", draw(KEYS), pool="resource:s", drivers=(Share("*", 10**6),))]
    found += [
        SharedCost(f"of {name}", draw(KEYS), tenant=name, drivers=(Share("tokens.*", 10**6),))
        for name in draw(st.sets(st.sampled_from(["corp", "cloud", "retail"])))
    ]
    return tuple(draw(st.permutations(found)))


rows = st.lists(
    st.builds(
        Spent,
        st.sampled_from([*(each.name for each in TREE), "stranger", "__idle__"]),
        st.sampled_from(["resource:s", "api:x"]),
        st.sampled_from(["tokens.input", "idle_share", "lent_credit"]),
        st.sampled_from(["tokens.input", "tokens.output"]),
        st.sampled_from(["Tokens", "Other"]),
        st.integers(0, 10**20),
        *[st.integers(-(10**6), 10**18)] * 3,
    ),
    max_size=12,
)


def names(*shared: SharedCost) -> NamesInForce:
    return Catalog("c", Entries(tenants=TREE, shared=shared)).at(0)


def shared(*costs: SharedCost, by: list[Spent]) -> Lines:
    return share_out(by, names(*costs), "USD")


def costs_after(lines: Lines, by: list[Spent]) -> Counter[str]:
    """Return what each tenant has in the end."""
    found: Counter[str] = Counter()
    for each in by:
        found[each.tenant] += each.money.cost
    for what, figures in lines.items():
        found[what.tenant] += figures.cost or 0
    return found


def rolled_up(own: Counter[str]) -> Counter[str]:
    """Return what each tenant of the tree has with all below it, by the catalog's ancestors."""
    found: Counter[str] = Counter()
    for name in PARENTS:
        for each in (name, *names().ancestors(name)):
            found[each] += own[name]
    return found


@given(costs=costs(), by=rows, order=st.randoms(use_true_random=False))
def test_nothing_is_lost_and_order_changes_nothing(
    costs: tuple[SharedCost, ...],
    by: list[Spent],
    order: Random,
) -> None:
    lines = shared(*costs, by=by)
    for name in {cost.name for cost in costs}:
        money = [each.money for what, each in lines.items() if what.model == name]
        assert [sum(amounts) for amounts in zip(*money, strict=True)] in ([], [0, 0, 0])
    assert shared(*costs, by=order.sample(by, len(by))) == lines


@given(by=rows)
def test_a_tenant_that_is_shared_has_nothing_left(by: list[Spent]) -> None:
    lines = shared(SharedCost("c", "even", tenant="corp", among=("cloud", "shop")), by=by)
    assert costs_after(lines, by)["corp"] == 0


@given(costs=costs(), by=rows)
def test_every_level_of_the_tree_sums_to_the_whole_before_and_after(
    costs: tuple[SharedCost, ...], by: list[Spent]
) -> None:
    """What a unit costs is what it and all below it cost; those of one level are all there is."""
    before, after = costs_after({}, by), costs_after(shared(*costs, by=by), by)
    whole = sum(before.values())
    for own in (before, after):
        assert sum(own.values()) == whole
        rolled = rolled_up(own)
        for name in PARENTS:
            below = sum(rolled[child] for child, parent in PARENTS.items() if parent == name)
            assert rolled[name] == own[name] + below
        outside = sum(cost for name, cost in own.items() if name not in PARENTS)
        assert rolled["corp"] + outside == whole
