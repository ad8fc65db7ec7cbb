"""Metering model calls: what each costs, and where a call that cannot be counted goes."""

import pytest

from schemas.records import InferenceUsage
from streams.core.price import Price
from streams.core.windows import DAY_US, MINUTE_US
from tests.builders.drawing import Plain, drawn, lines, meter, plain
from tests.builders.terms import (
    GPT_4O,
    MAX_SKEW_US,
    book,
    catalog,
    endpoint,
    rules,
    token_price,
)
from tests.builders.usage import NOW, T0, call

YEAR_2099 = 4_070_908_800_000_000
RULES = rules(book(*GPT_4O))


def row(kind: str, quantity: str, cost: str | None, events: int, **over: str) -> Plain:
    meter_name = over.get("meter", kind)
    return Plain(over.get("tenant", "acme"), kind, meter_name, quantity, cost, events)


# The row of a good call: 1,000 x 2.50 / 1M = 0.0025 in, 100 x 10 / 1M = 0.001 out.
GOOD_ROWS = [row("tokens.input", "1000", "0.0025", 1), row("tokens.output", "100", "0.001", 0)]
UNPRICED_ROWS = [
    row("unpriced", "1000", None, 1, meter="tokens.input"),
    row("unpriced", "100", None, 0, meter="tokens.output"),
]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (call(), GOOD_ROWS),
        (  # 400 of the 1,000 were cached: 600 x 2.50 / 1M, 400 x 1.25 / 1M
            call(cache_read_tokens=400),
            [
                row("tokens.cache_read", "400", "0.0005", 0),
                row("tokens.input", "600", "0.0015", 1),
                row("tokens.output", "100", "0.001", 0),
            ],
        ),
        (  # all of the input was cached: the input line stays, it carries the event
            call(cache_read_tokens=1000, output_tokens=0),
            [row("tokens.cache_read", "1000", "0.00125", 0), row("tokens.input", "0", "0", 1)],
        ),
        (  # no price for cache writes in this book
            call(cache_write_5m_tokens=300, cache_write_1h_tokens=200, output_tokens=None),
            [
                row("tokens.input", "500", "0.00125", 1),
                row("unpriced", "200", None, 0, meter="tokens.cache_write_1h"),
                row("unpriced", "300", None, 0, meter="tokens.cache_write_5m"),
            ],
        ),
        (  # reasoning has no price of its own: it stays part of the output
            call(reasoning_tokens=60),
            GOOD_ROWS,
        ),
        (  # output only is a usage like any other
            call(input_tokens=None),
            [row("tokens.input", "0", "0", 1), row("tokens.output", "100", "0.001", 0)],
        ),
        (  # reported as zero: nothing was used, and that is known
            call(input_tokens=0, output_tokens=0),
            [row("tokens.input", "0", "0", 1)],
        ),
    ],
)
def test_each_kind_of_token_is_paid_at_its_price(
    event: InferenceUsage, expected: list[Plain]
) -> None:
    assert drawn(RULES, event) == expected


def test_reasoning_with_a_price_of_its_own_is_taken_out_of_the_output() -> None:
    priced = rules(book(*GPT_4O, token_price("tokens.reasoning", "20")))
    assert drawn(priced, call(reasoning_tokens=60)) == [
        row("tokens.input", "1000", "0.0025", 1),
        row("tokens.output", "40", "0.0004", 0),  # 40 x 10 / 1M
        row("tokens.reasoning", "60", "0.0012", 0),  # 60 x 20 / 1M
    ]


def test_cache_writes_are_paid_by_their_lifetime() -> None:
    priced = rules(
        book(
            *GPT_4O,
            token_price("tokens.cache_write_5m", "3.75"),
            token_price("tokens.cache_write_1h", "6"),
        )
    )
    event = call(cache_write_5m_tokens=300, cache_write_1h_tokens=200, output_tokens=0)
    assert drawn(priced, event) == [
        row("tokens.cache_write_1h", "200", "0.0012", 0),
        row("tokens.cache_write_5m", "300", "0.001125", 0),
        row("tokens.input", "500", "0.00125", 1),
    ]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (call(input_tokens=-1), "negative_quantity"),
        (call(output_tokens=-1), "negative_quantity"),
        (call(cache_read_tokens=-1), "negative_quantity"),
        (call(cache_write_5m_tokens=-1), "negative_quantity"),
        (call(cache_write_1h_tokens=-1), "negative_quantity"),
        (call(reasoning_tokens=-1), "negative_quantity"),
        (call(input_tokens=-5, cache_read_tokens=-5), "negative_quantity"),
        (call(cache_read_tokens=1001), "cache_exceeds_input"),
        (call(cache_read_tokens=600, cache_write_5m_tokens=401), "cache_exceeds_input"),
        (call(cache_write_1h_tokens=1001), "cache_exceeds_input"),
        (call(input_tokens=None, cache_read_tokens=1), "cache_exceeds_input"),
        (call(reasoning_tokens=101), "reasoning_exceeds_output"),
        (call(output_tokens=None, reasoning_tokens=1), "reasoning_exceeds_output"),
        (call(at_us=YEAR_2099), "future_time"),
        (call(at_us=NOW + MAX_SKEW_US + 1), "future_time"),
        (call(at_us=0), "bad_time"),
        (call(at_us=-1), "bad_time"),
    ],
)
def test_a_call_that_cannot_be_counted_is_rejected_and_the_rest_is_counted(
    bad: InferenceUsage, reason: str
) -> None:
    metered = meter(RULES, call(), bad, call())
    assert [(each.index, each.reason) for each in metered.rejected] == [(1, reason)]
    assert metered.rejected[0].detail.startswith("expected ")
    assert metered.events == 2
    assert metered.newest_us == T0  # a wrong clock does not move the watermark
    assert plain(lines(metered.partials)) == [
        row("tokens.input", "2000", "0.005", 2),
        row("tokens.output", "200", "0.002", 0),
    ]


def test_a_batch_of_nothing_but_faults_adds_nothing() -> None:
    metered = meter(RULES, call(input_tokens=-1), call(at_us=0))
    assert (metered.partials, metered.events, metered.newest_us) == ([], 0, 0)
    assert [each.index for each in metered.rejected] == [0, 1]


def test_the_latest_time_a_clock_may_run_ahead_is_counted() -> None:
    latest = NOW + MAX_SKEW_US
    metered = meter(RULES, call(at_us=latest))
    assert metered.rejected == []
    assert metered.newest_us == latest


TOMORROW = token_price("tokens.input", "1", from_us=T0 + DAY_US)


@pytest.mark.parametrize(
    ("prices", "unknown"),
    [
        (GPT_4O, call(model="gpt-99")),
        (GPT_4O, call(provider="nobody")),
        ((TOMORROW,), call()),
        ((), call()),
    ],
)
def test_a_call_without_a_price_keeps_its_quantity_and_no_cost(
    prices: tuple[Price, ...], unknown: InferenceUsage
) -> None:
    assert drawn(rules(book(*prices)), unknown) == UNPRICED_ROWS


def test_an_unknown_model_leaves_the_rest_of_its_batch_priced() -> None:
    metered = meter(RULES, call(), call(model="gpt-99"))
    assert metered.events == 2
    assert plain(lines(metered.partials)) == [
        *GOOD_ROWS,
        *UNPRICED_ROWS,
    ]


def test_usage_that_was_not_reported_is_counted_as_events_without_a_price() -> None:
    event = call(input_tokens=None, output_tokens=None)
    assert drawn(RULES, event, event, call()) == [
        row("tokens.input", "1000", "0.0025", 3),
        row("tokens.output", "100", "0.001", 0),
        row("unpriced", "2", None, 0, meter="tokens.unknown"),
    ]


@pytest.mark.parametrize("tenant", ["stranger", "", None, "__idle__"])
def test_an_unknown_tenant_is_paid_for_by_nobody_s_row(tenant: str | None) -> None:
    known = rules(book(*GPT_4O), catalog(tenants=["acme"]))
    metered = meter(known, call(), call(tenant=tenant))
    assert metered.rejected == []
    assert plain(lines(metered.partials)) == [
        row("tokens.input", "1000", "0.0025", 1, tenant="__unattributed__"),
        row("tokens.output", "100", "0.001", 0, tenant="__unattributed__"),
        *GOOD_ROWS,
    ]


def test_a_call_is_rated_by_its_own_time_when_the_price_changes_inside_a_window() -> None:
    change = T0 + MINUTE_US // 2
    changing = rules(
        book(
            token_price("tokens.input", "2", to_us=change),
            token_price("tokens.input", "3", from_us=change),
        )
    )
    before, after = call(at_us=change - 1, output_tokens=0), call(at_us=change, output_tokens=0)
    # 1,000 x 2 / 1M + 1,000 x 3 / 1M = 0.005, on one line
    assert drawn(changing, before, after) == [row("tokens.input", "2000", "0.005", 2)]


def test_a_price_that_begins_inside_a_window_leaves_the_calls_before_it_unpriced() -> None:
    begin = T0 + 1
    starting = rules(book(token_price("tokens.input", "2", from_us=begin)))
    before, after = call(output_tokens=0), call(at_us=begin, output_tokens=0)
    assert drawn(starting, before, after) == [
        row("tokens.input", "1000", "0.002", 0),
        row("unpriced", "1000", None, 2, meter="tokens.input"),  # all events ride on one line
    ]


def test_calls_on_both_sides_of_a_window_end_go_to_two_windows() -> None:
    metered = meter(RULES, call(at_us=T0 + MINUTE_US - 1), call(at_us=T0 + MINUTE_US))
    starts = [each["window_start_us"] for each in metered.partials]
    assert starts == [T0, T0 + MINUTE_US]
    assert [each["window_end_us"] - each["window_start_us"] for each in metered.partials] == [
        MINUTE_US,
        MINUTE_US,
    ]


def test_costs_are_rounded_once_a_line_not_once_a_call() -> None:
    """Three calls of one token at 0.5 pico: 1.5 pico rounds to 2; call by call it were 0."""
    half = rules(book(token_price("tokens.input", "0.0000005")))
    event = call(input_tokens=1, output_tokens=0)
    assert drawn(half, event, event, event) == [row("tokens.input", "3", "0.000000000002", 3)]


def test_a_call_to_an_endpoint_paid_by_gpu_time_becomes_work_in_its_pool() -> None:
    shared = rules(book(*GPT_4O), catalog(endpoint()))
    event = call(endpoint="llama", cache_read_tokens=400, cache_write_5m_tokens=100)
    (partial,) = meter(shared, event).partials
    (entry,) = partial["sums"]
    assert partial["pool"] == "h100"
    assert (entry["tenant"], entry["endpoint"], entry["events"]) == ("acme", "llama", 1)
    # 600 new or written x 1 + 400 read x 0.1 + 100 out x 2.5 = 890, in thousandths
    (work,) = entry["meters"]
    assert (work["name"], int.from_bytes(work["quantity"], "big")) == ("work", 890_000)


def test_an_endpoint_paid_by_token_costs_what_its_tokens_cost() -> None:
    assert drawn(RULES, call(endpoint="somewhere")) == GOOD_ROWS


def test_a_group_is_rated_as_its_calls_would_be_one_by_one() -> None:
    events = [call(input_tokens=n, output_tokens=7 * n, cache_read_tokens=n // 3) for n in range(9)]
    assert plain(lines(meter(RULES, *events).partials)) == drawn(RULES, *events)
