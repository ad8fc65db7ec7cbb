"""Calls without GPU time to have a part of: no GPU is reported, or not in their pool or window."""

from streams.core.catalog import Catalog, Entries
from streams.core.lines import Lines
from streams.core.money import PICO
from streams.core.pools import Endpoint, Pool
from streams.core.windows import MINUTE_US, SECOND_US
from tests.builders.drawing import Plain, agreed, drawn, meter, windows
from tests.builders.terms import book, catalog, endpoint, gpu_price, rules
from tests.builders.usage import T0, call, holder, interval

S = SECOND_US
PRICE = gpu_price("3.60")  # 0.001 a second
NAMES = catalog(endpoint("llama"))
TERMS = rules(book(PRICE), NAMES)
HELD = interval(holder(10 * S, endpoint="llama"))
ASKED = call(tenant="acme", endpoint="llama", input_tokens=1000, output_tokens=0)
FEWER = call(tenant="acme", endpoint="llama", input_tokens=500, output_tokens=0)


def test_calls_to_an_endpoint_without_a_gpu_are_counted_and_cost_nothing() -> None:
    """A row of its own says how much work that was: as many input tokens."""
    found = drawn(TERMS, ASKED, FEWER)
    assert found == [
        Plain("__unmapped__", "unmapped", "endpoint.unmapped", "1500", "0", 0),
        Plain("acme", "held_idle", "gpu.held_idle", "0", "0", 0),
        Plain("acme", "used", "gpu.active", "0", "0", 2),
    ]


def test_nothing_is_unmapped_of_an_endpoint_that_has_a_gpu_priced_or_not() -> None:
    for price in (PRICE, gpu_price("2", model="A100")):
        found = drawn(rules(book(price), NAMES), HELD, ASKED)
        assert [row.quantity for row in found if row.kind == "unmapped"] == ["0"]


def test_calls_are_unmapped_in_the_pool_of_their_endpoint_not_where_its_gpus_are() -> None:
    """The catalog has it in h100, and its GPU is on a node of another: that one's time is idle."""
    pools = (Pool("h100", ("gpu-*",)), Pool("l40", ("l40-*",)))
    names = Catalog("c", Entries(pools=pools, endpoints=(Endpoint("llama", ("h100",)),)))
    elsewhere = interval(holder(10 * S, endpoint="llama"), node="l40-1")
    terms = rules(book(PRICE), names)
    partials = [*meter(terms, elsewhere).partials, *meter(terms, ASKED, seq=1).partials]
    found = windows(partials, agreed(terms))
    kinds = {
        where.pool: {(what.tenant, what.kind): each for what, each in window.lines().items()}
        for where, window in found.items()
    }
    assert kinds["h100"]["__unmapped__", "unmapped"].quantity == 1000 * PICO
    assert kinds["h100"]["acme", "used"].cost == 0
    idle = kinds["l40"]["__idle__", "idle_share"]
    assert (idle.quantity, idle.cost) == (10 * S * PICO, 10**10)
    assert not {kind for _, kind in kinds["l40"]} & {"unmapped", "used"}


def test_a_stream_is_work_in_the_window_in_which_it_ends() -> None:
    """It began a window before, in which the endpoint had no call that ended: idle there."""
    first, second = T0, T0 + MINUTE_US
    held_in = [
        interval(holder(10 * S, endpoint="llama"), start_us=at_us, end_us=at_us + 10 * S)
        for at_us in (first, second)
    ]
    stream = call(tenant="acme", endpoint="llama", at_us=second + S, started_at_us=first + S)
    partials = [*meter(TERMS, *held_in).partials, *meter(TERMS, stream, seq=1).partials]
    of = {
        where.start_us: window.lines() for where, window in windows(partials, agreed(TERMS)).items()
    }
    assert kinds_of(of[first]) == {("__idle__", "idle_share"): 10 * S}
    assert kinds_of(of[second]) == {("acme", "used"): 10 * S}


def kinds_of(lines: Lines) -> dict[tuple[str, str], int]:
    """Return GPU time by tenant and kind, without what is nothing."""
    return {
        (what.tenant, what.kind): figures.quantity // PICO
        for what, figures in lines.items()
        if figures.quantity
    }
