"""Tiers of service: a multiple of what a tenant is charged, never of what it costs."""

from fractions import Fraction

from streams.core.catalog import Catalog, Entries
from streams.core.metering import Rules
from streams.core.pools import Lending, Pool
from streams.core.price_book import Agreements
from streams.core.tenants import Sla, Tenant
from streams.core.windows import HOUR_US, MINUTE_US
from tests.builders.drawing import Amounts, amounts
from tests.builders.gpu_hours import unheld, worked
from tests.builders.terms import GPT_4O, book, gpu_price, override, reserved, rules
from tests.builders.usage import T0, call

GOLD = Sla("gold", Fraction(6, 5))
HALF_OFF = override(factor=Fraction(1, 2))


def under(
    *tenants: Tenant, pool: Pool | None = None, agreements: Agreements | None = None
) -> Rules:
    prices = book(*GPT_4O, gpu_price("2"), agreements=agreements or Agreements((), ()))
    pools = (pool or Pool("h100", ("gpu-node-*",)),)
    return rules(prices, Catalog("names", Entries(tenants, pools, slas=(GOLD,))), HOUR_US)


def test_every_charge_of_a_tenant_is_multiplied_and_no_cost_is() -> None:
    """Two hours at 2 and 0.0025 of tokens: charged 1.2 times as much. globex is of no tier."""
    names = under(Tenant("acme", sla="gold"), Tenant("globex"))
    found = amounts(names, *worked("1", tenant="acme"), *worked("1", tenant="globex"))
    assert found == [
        Amounts("acme", "used", "2", "2", "2.4"),
        Amounts("globex", "used", "2", "2", "2"),
    ]
    assert amounts(names, call(input_tokens=1000, output_tokens=0)) == [
        Amounts("acme", "tokens.input", "0.0025", "0.0025", "0.003")
    ]


def test_the_tier_comes_after_what_was_agreed() -> None:
    """Half off 2 is 1, and gold on it 1.2."""
    names = under(Tenant("acme", sla="gold"), agreements=Agreements((), (HALF_OFF,)))
    assert amounts(names, *worked("1", tenant="acme")) == [Amounts("acme", "used", "2", "2", "1.2")]


def test_credits_are_multiplied_too_and_nobodys_rows_are_not() -> None:
    """acme reserved 2 and used none; globex borrowed one; what nobody reserved is nobody's."""
    pool = Pool("h100", ("gpu-node-*",), lending=Lending(), reservations=reserved(acme=2000))
    names = under(Tenant("acme", sla="gold"), Tenant("globex"), pool=pool)
    assert amounts(names, *worked("1", tenant="globex"), *unheld("1")) == [
        Amounts("acme", "lent_credit", "-2", "-2", "-2.4"),
        Amounts("acme", "reserved_idle", "4", "4", "4.8"),
        Amounts("globex", "borrowed", "2", "2", "2"),
    ]
    assert amounts(under(Tenant("acme", sla="gold")), *unheld("1")) == [
        Amounts("__idle__", "idle_share", "2", "2", "2")
    ]


def test_the_tier_at_the_begin_of_the_window_is_that_of_the_window() -> None:
    later = Tenant("acme", sla="gold", from_us=T0 + MINUTE_US)
    before = Tenant("acme", to_us=T0 + MINUTE_US)
    assert amounts(under(before, later), *worked("1", tenant="acme")) == [
        Amounts("acme", "used", "2", "2", "2")
    ]
