"""Reservations and lending of a pool in an hour, at 2.00 USD a GPU-hour."""

from fractions import Fraction

import pytest

from streams.core.catalog import Catalog
from streams.core.entitlement import balances
from streams.core.pools import Lending
from streams.core.windows import HOUR_US
from tests.builders.drawing import Plain, drawn
from tests.builders.gpu_hours import held, unheld, unobserved, worked
from tests.builders.terms import book, catalog, endpoint, gpu_price, reserved, rules
from tests.builders.usage import Event, call

PRICE = gpu_price("2")
AT_COST = Lending()
GPU_HOUR = HOUR_US
NOBODY = "__idle__"

Costs = dict[tuple[str, str], str | None]


def costs(names: Catalog, *events: Event) -> Costs:
    """Return what tenants pay by kind; what is nothing is left out."""
    found: dict[tuple[str, str], list[Plain]] = {}
    for row in drawn(rules(book(PRICE), names, HOUR_US), *events):
        if row.cost != "0":
            found.setdefault((row.tenant, row.kind), []).append(row)
    assert all(len(rows) == 1 for rows in found.values()), found
    return {key: rows[0].cost for key, rows in found.items()}


def test_who_reserved_pays_for_all_of_it_used_or_not() -> None:
    """Of 4 GPUs acme reserved 3 and used 1: 2 for it, 4 for two idle ones; one is nobody's."""
    names = catalog(share="separate", reservations=reserved(acme=3000))
    assert costs(names, *worked("1", tenant="acme"), *unheld("3")) == {
        ("acme", "used"): "2",
        ("acme", "reserved_idle"): "4",
        (NOBODY, "idle_share"): "2",
    }


def test_a_tenant_that_used_nothing_pays_for_what_it_reserved() -> None:
    names = catalog(reservations=reserved(sleeper=1500))
    assert costs(names, *unheld("2")) == {
        ("sleeper", "reserved_idle"): "3",
        (NOBODY, "idle_share"): "1",
    }


def test_time_that_nobody_looked_is_no_time_that_somebody_reserved() -> None:
    """Of 4 GPUs acme reserved 3; of two nobody knows. It is entitled to 2, and pays for 2."""
    names = catalog(reservations=reserved(acme=3000), lending=AT_COST)
    found = drawn(rules(book(PRICE), names, HOUR_US), *unheld("2"), *unobserved("2"))
    hours = {row.kind: Fraction(row.quantity) / GPU_HOUR for row in found if row.quantity != "0"}
    assert hours == {"reserved_idle": 2, "reservation_unmet": 1, "unobserved": 2}
    assert costs(names, *unheld("2"), *unobserved("2")) == {
        ("acme", "reserved_idle"): "4",
        ("__unattributed__", "unobserved"): "4",
    }


def test_a_burst_takes_what_nobody_reserved_first() -> None:
    """globex reserved nothing and used 2 of 4; 2 are acme's, who used none: nothing is borrowed."""
    names = catalog(reservations=reserved(acme=2000), lending=AT_COST)
    assert costs(names, *worked("2", tenant="globex"), *unheld("2")) == {
        ("acme", "reserved_idle"): "4",
        ("globex", "used"): "4",
    }


def test_what_is_beyond_is_borrowed_and_credited_to_who_lent_it() -> None:
    """Of 4 GPUs acme reserved 3 and used 1; globex used 3: one is nobody's, two are borrowed.

    acme pays 3 x 2 and gets 2 x 2 back; globex pays 3 x 2.
    """
    names = catalog(reservations=reserved(acme=3000), lending=AT_COST)
    found = costs(names, *worked("1", tenant="acme"), *worked("3", tenant="globex"))
    assert found == {
        ("acme", "used"): "2",
        ("acme", "reserved_idle"): "4",
        ("acme", "lent_credit"): "-4",
        ("globex", "used"): "2",
        ("globex", "borrowed"): "4",
    }


def test_one_more_idle_gpu_may_cost_a_borrower_less_and_should() -> None:
    """acme reserved 3 and used 1; globex used 2 at a burst of 1.25: 5, and then 2 + 2.50."""
    lending = Lending(burst=Fraction(5, 4), margin_account="desk")
    names = catalog(share="separate", reservations=reserved(acme=3000), lending=lending)
    used = (*worked("1", tenant="acme"), *worked("2", tenant="globex"))
    assert costs(names, *used)["globex", "borrowed"] == "5"
    more = costs(names, *used, *unheld("1"))
    assert (more["globex", "used"], more["globex", "borrowed"]) == ("2", "2.5")


def test_one_more_idle_gpu_that_is_cheaper_lowers_what_a_reservation_costs() -> None:
    """acme reserved one and used none: it pays 2 for the only one, 1 for one of two at 2 and 0."""
    free = gpu_price("0", model="A100")
    under = rules(book(PRICE, free), catalog(reservations=reserved(acme=1000)), HOUR_US)
    idle = [*unheld("1"), *(each | {"gpu_model": "A100"} for each in unheld("1"))]
    for events, cost in ((idle[:1], "2"), (idle, "1")):
        found = {(row.tenant, row.kind): row.cost for row in drawn(under, *events)}
        assert found["acme", "reserved_idle"] == cost


def test_without_lending_terms_each_pays_what_it_used_and_what_was_left_of_its_own() -> None:
    names = catalog(reservations=reserved(acme=3000))
    found = costs(
        names, *worked("1", tenant="acme"), *worked("2.5", tenant="globex"), *unheld("0.5")
    )
    assert found == {
        ("acme", "used"): "2",
        ("acme", "reserved_idle"): "1",  # 3 - 1 used - 1.5 that globex used of it
        ("globex", "used"): "5",
    }


def test_what_borrowers_pay_above_the_credits_is_the_margin_accounts() -> None:
    """Two borrowed hours at 2: charged 4 x 1.25 = 5, credited 4 x 0.8 = 3.20, margin 1.80."""
    lending = Lending(Fraction(5, 4), Fraction(4, 5), "desk")
    names = catalog(reservations=reserved(acme=3000), lending=lending)
    found = costs(names, *worked("1", tenant="acme"), *worked("3", tenant="globex"))
    assert found == {
        ("acme", "used"): "2",
        ("acme", "reserved_idle"): "4",
        ("acme", "lent_credit"): "-3.2",
        ("globex", "used"): "2",
        ("globex", "borrowed"): "5",
        ("desk", "lending_margin"): "-1.8",
    }
    assert sum(map(Fraction, map(str, found.values()))) == 8  # four hours at 2


def test_lenders_share_what_was_borrowed_by_their_surplus() -> None:
    """acme left 3 and initech 1 of what they reserved; globex borrows 2: 1.5 and 0.5 of them."""
    names = catalog(reservations=reserved(acme=3000, initech=1000), lending=AT_COST)
    found = costs(names, *worked("2", tenant="globex"), *unheld("2"))
    assert found == {
        ("acme", "reserved_idle"): "6",
        ("acme", "lent_credit"): "-3",
        ("initech", "reserved_idle"): "2",
        ("initech", "lent_credit"): "-1",
        ("globex", "borrowed"): "4",
    }


def test_borrowers_share_what_nobody_reserved_by_their_burst() -> None:
    """Bursts of 3 and 1, of which 2 hours are nobody's: 1.5 and 0.5 borrowed, 1.5 and 0.5 not.

    Testing each alone against the 2 hours would have globex borrow 1 and initech nothing.
    """
    names = catalog(reservations=reserved(acme=2000), lending=AT_COST)
    found = costs(names, *worked("3", tenant="globex"), *worked("1", tenant="initech"))
    assert found == {
        ("acme", "reserved_idle"): "4",
        ("acme", "lent_credit"): "-4",
        ("globex", "used"): "3",
        ("globex", "borrowed"): "3",
        ("initech", "used"): "1",
        ("initech", "borrowed"): "1",
    }


def test_idle_time_goes_by_reservation_where_the_pool_says_so() -> None:
    """4 of 8 GPUs are reserved, 3 : 1, all of them used; the 4 idle ones go 3 : 1, too."""
    names = catalog(share="reservation", reservations=reserved(acme=3000, globex=1000))
    use = [*worked("3", tenant="acme"), *worked("1", tenant="globex"), *unheld("4")]
    assert costs(names, *use) == {
        ("acme", "used"): "6",
        ("acme", "idle_share"): "6",
        ("globex", "used"): "2",
        ("globex", "idle_share"): "2",
    }


def test_idle_time_by_reservation_of_a_pool_without_any_is_nobodys() -> None:
    assert costs(catalog(share="reservation"), *worked("1", tenant="acme"), *unheld("1")) == {
        ("acme", "used"): "2",
        (NOBODY, "idle_share"): "2",
    }


def test_reservations_beyond_the_capacity_are_scaled_and_what_is_missing_is_a_row() -> None:
    """3 + 1 reserved of 2 GPUs: entitled to 1.5 and 0.5; 1.5 and 0.5 GPU-hours were not there."""
    names = catalog(reservations=reserved(acme=3000, globex=1000))
    assert costs(names, *unheld("2")) == {
        ("acme", "reserved_idle"): "3",
        ("globex", "reserved_idle"): "1",
    }
    found = drawn(rules(book(PRICE), names, HOUR_US), *unheld("2"))
    unmet = {row.tenant: int(row.quantity) for row in found if row.kind == "reservation_unmet"}
    assert unmet == {"acme": 3 * GPU_HOUR // 2, "globex": GPU_HOUR // 2}


def test_capacity_that_was_there_for_half_the_window_counts_half() -> None:
    """2 GPUs, one from half past on: 1.5 GPU-hours, of which acme reserved one and used half."""
    names = catalog(share="separate", reservations=reserved(acme=1000))
    assert costs(names, *worked("0.5", tenant="acme"), *unheld("0.5"), *unheld("0.5")) == {
        ("acme", "used"): "1",
        ("acme", "reserved_idle"): "1",
        (NOBODY, "idle_share"): "1",
    }


def test_held_and_idle_time_is_use_of_a_reservation_where_only_unheld_time_is_idle() -> None:
    """acme holds 2 of its reserved one and works none of it: the second is borrowed of globex."""
    names = catalog(reservations=reserved(acme=1000, globex=1000), lending=AT_COST)
    assert costs(names, *held("2", tenant="acme")) == {
        ("acme", "held_idle"): "2",
        ("acme", "borrowed"): "2",
        ("globex", "reserved_idle"): "2",
        ("globex", "lent_credit"): "-2",
    }


def test_held_and_idle_time_that_counts_as_idle_is_no_use_of_a_reservation() -> None:
    """acme holds 2 and works none: nothing is used; each pays for the one it reserved."""
    names = catalog(
        basis="unheld_and_held_idle",
        reservations=reserved(acme=1000, globex=1000),
        lending=AT_COST,
    )
    assert costs(names, *held("2", tenant="acme")) == {
        ("acme", "reserved_idle"): "2",
        ("globex", "reserved_idle"): "2",
    }


def test_endpoints_use_the_reservations_of_their_callers() -> None:
    """Two endpoints held 2 GPUs each; acme did 3/4 of llama's work and 1/2 of qwen's: 2.5 of 4.

    It reserved 2 of the 4, globex the other 2 and used 1.5: half an hour is borrowed, a fifth of
    what acme held: of 1.5 with llama 0.3, of 1 with qwen 0.2.
    """
    names = catalog(
        endpoint("llama"),
        endpoint("qwen"),
        reservations=reserved(acme=2000, globex=2000),
        lending=AT_COST,
    )
    work = {
        ("llama", "acme"): 300,
        ("llama", "globex"): 100,
        ("qwen", "acme"): 50,
        ("qwen", "globex"): 50,
    }
    calls = [
        call(endpoint=where, tenant=who, input_tokens=tokens, output_tokens=0)
        for (where, who), tokens in work.items()
    ]
    gpus = [*worked("2", endpoint="llama"), *worked("2", endpoint="qwen")]
    found = drawn(rules(book(PRICE), names, HOUR_US), *gpus, *calls)
    rows = sorted((row.tenant, row.kind, row.cost) for row in found if row.cost != "0")
    assert rows == [
        ("acme", "borrowed", "0.4"),
        ("acme", "borrowed", "0.6"),
        ("acme", "used", "1.6"),
        ("acme", "used", "2.4"),
        ("globex", "lent_credit", "-1"),
        ("globex", "reserved_idle", "1"),
        ("globex", "used", "1"),
        ("globex", "used", "2"),
    ]


def test_what_nobody_reserved_may_be_less_than_bursts_but_never_than_nothing() -> None:
    """Reservations of all there is, all used by others: every hour is borrowed."""
    found = balances({"acme": 4}, {"globex": 3, "initech": 1}, 4)
    assert (found["globex"].borrowed, found["initech"].borrowed) == (3, 1)
    assert (found["acme"].lent, found["acme"].unused) == (4, 0)


@pytest.mark.parametrize("lending", [None, AT_COST])
def test_several_reservations_of_a_tenant_are_one(lending: Lending | None) -> None:
    both = (*reserved(acme=500), *reserved(acme=700))
    one = catalog(reservations=reserved(acme=1200), lending=lending)
    two = catalog(reservations=both, lending=lending)
    assert costs(two, *unheld("2")) == costs(one, *unheld("2"))
