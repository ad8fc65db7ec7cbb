"""What calls are priced by beside their totals: parts of tokens, images, seconds, requests."""

from dataclasses import replace

import pytest

from schemas.records import CallQuantity, InferenceUsage
from streams.core.list_price import list_events
from streams.core.metering import Rules
from tests.builders.drawing import Plain, drawn, lines, meter, plain, record_name
from tests.builders.terms import GPT_4O, book, rules, token_price, unit_price
from tests.builders.usage import batch, call, of_call

IMAGE = unit_price("call.images_output", "0.04", "Images")
REQUEST = unit_price("call.requests", "0.005", "Requests")
AUDIO_IN = token_price("tokens.input_audio", "40")
AUDIO_OUT = token_price("tokens.output_audio", "80")
REASONING = token_price("tokens.reasoning", "20")
IN = Plain("acme", "tokens.input", "tokens.input", "1000", "0.0025", 1)  # 1,000 x 2.50 / 1M
OUT = Plain("acme", "tokens.output", "tokens.output", "100", "0.001", 0)  # 100 x 10 / 1M


def row(kind: str, quantity: str, cost: str | None, events: int = 0, meter: str = "") -> Plain:
    return Plain("acme", kind, meter or kind, quantity, cost, events)


def images(count: str, **changes: object) -> InferenceUsage:
    """Return a call of which nothing but images was counted."""
    nothing = {"input_tokens": None, "output_tokens": None}
    return call(quantities=[of_call("call.images_output", count, "Images")], **nothing, **changes)


@pytest.mark.parametrize(
    ("prices", "quantities", "reasoning", "expected"),
    [
        (  # 300 of the 1,000 were audio: 700 x 2.50 / 1M, 300 x 40 / 1M
            (AUDIO_IN,),
            [of_call("tokens.input_audio", "300")],
            None,
            [row("tokens.input", "700", "0.00175", 1), row("tokens.input_audio", "300", "0.012"),
             OUT],
        ),
        (  # all of it
            (AUDIO_IN,),
            [of_call("tokens.input_audio", "1000")],
            None,
            [row("tokens.input", "0", "0", 1), row("tokens.input_audio", "1000", "0.04"), OUT],
        ),
        ((), [of_call("tokens.input_audio", "300")], None, [IN, OUT]),  # no price of its own
        (  # of 100 out, 30 audio and 60 reasoning: 10 x 10, 30 x 80, 60 x 20 / 1M
            (AUDIO_OUT, REASONING),
            [of_call("tokens.output_audio", "30")],
            60,
            [IN, row("tokens.output", "10", "0.0001"), row("tokens.output_audio", "30", "0.0024"),
             row("tokens.reasoning", "60", "0.0012")],
        ),
        (  # reasoning stays in the output: 70 x 10, 30 x 80 / 1M
            (AUDIO_OUT,),
            [of_call("tokens.output_audio", "30")],
            60,
            [IN, row("tokens.output", "70", "0.0007"), row("tokens.output_audio", "30", "0.0024")],
        ),
        (  # the same part said twice is a sum
            (AUDIO_IN,),
            [of_call("tokens.input_audio", "100"), of_call("tokens.input_audio", "200")],
            None,
            [row("tokens.input", "700", "0.00175", 1), row("tokens.input_audio", "300", "0.012"),
             OUT],
        ),
        ((IMAGE,), [of_call("call.images_output", "2", "Images")], None,
         [row("call.images_output", "2", "0.08"), IN, OUT]),
        (  # seconds have fractions: 1.5 x 0.006
            (unit_price("call.audio_seconds_input", "0.006", "Seconds"),),
            [of_call("call.audio_seconds_input", "1.5", "Seconds")],
            None,
            [row("call.audio_seconds_input", "1.5", "0.009"), IN, OUT],
        ),
        (  # without a price it is kept, and the tokens beside it are priced
            (),
            [of_call("call.pages", "3", "Pages")],
            None,
            [IN, OUT, row("unpriced", "3", None, 0, "call.pages")],
        ),
        (  # a price for another unit is none
            (unit_price("call.seconds", "0.1", "Minutes"),),
            [of_call("call.seconds", "90", "Seconds")],
            None,
            [IN, OUT, row("unpriced", "90", None, 0, "call.seconds")],
        ),
        ((REQUEST,), None, None, [row("call.requests", "1", "0.005"), IN, OUT]),
        (  # tokens in name, no part of a total: counted beside
            (unit_price("call.citation_tokens", "0.000002", "Tokens"),),
            [of_call("call.citation_tokens", "50")],
            None,
            [row("call.citation_tokens", "50", "0.0001"), IN, OUT],
        ),
    ],
)  # fmt: skip
def test_each_quantity_of_a_call_is_paid_at_its_price(
    prices: tuple[object, ...],
    quantities: list[CallQuantity] | None,
    reasoning: int | None,
    expected: list[Plain],
) -> None:
    ruled = rules(book(*GPT_4O, *prices))  # type: ignore[arg-type]  # of a table of cases
    assert drawn(ruled, call(quantities=quantities, reasoning_tokens=reasoning)) == expected


@pytest.mark.parametrize(
    ("meter_name", "total"),
    [
        ("tokens.cache_read_audio", "cache_read"),
        ("tokens.cache_read_image", "cache_read"),
        ("tokens.cache_write_audio", "cache_write_5m"),
        ("tokens.cache_write_12h", "cache_write_1h"),
    ],
)
def test_a_part_of_cached_tokens_is_taken_out_of_them(meter_name: str, total: str) -> None:
    """400 of the 1,000 were cached, 100 of them are the part: 300 x 1 and 100 x 3 / 1M."""
    prices = rules(book(token_price(f"tokens.{total}", "1"), token_price(meter_name, "3")))
    event = call(
        quantities=[of_call(meter_name, "100")], output_tokens=0, **{f"{total}_tokens": 400}
    )
    assert sorted(drawn(prices, event)) == sorted(
        [
            row(f"tokens.{total}", "300", "0.0003"),
            row(meter_name, "100", "0.0003"),
            row("unpriced", "600", None, 1, "tokens.input"),
        ]
    )


IMAGES_ONLY = rules(book(IMAGE))


def test_a_call_that_counts_images_only_is_one_line() -> None:
    assert drawn(IMAGES_ONLY, images("3")) == [row("call.images_output", "3", "0.12", 1)]


def test_images_without_a_price_are_kept() -> None:
    """How the model is priced is not known; like every such call it is counted on its input."""
    assert drawn(rules(book()), images("3")) == [
        row("unpriced", "3", None, 0, "call.images_output"),
        row("unpriced", "0", None, 1, "tokens.input"),
    ]


@pytest.mark.parametrize("prices", [(), (IMAGE,), (AUDIO_IN,), GPT_4O])
@pytest.mark.parametrize(
    "nothing",
    [
        images("0"),
        call(quantities=[of_call("tokens.input_audio", "0")], input_tokens=0, output_tokens=0),
        call(quantities=[], input_tokens=0, output_tokens=0),
    ],
)
def test_a_call_that_used_nothing_is_still_counted(
    prices: tuple[object, ...], nothing: InferenceUsage
) -> None:
    found = drawn(rules(book(*prices)), nothing)  # type: ignore[arg-type]  # of a table of cases
    assert sum(each.events for each in found) == 1


@pytest.mark.parametrize(
    ("prices", "event", "expected"),
    [
        (  # paid by the call alone: nothing else of it need be known
            (REQUEST,),
            call(input_tokens=None, output_tokens=None),
            [row("call.requests", "1", "0.005", 1)],
        ),
        (  # paid by tokens too, which nobody counted
            (REQUEST, *GPT_4O),
            call(input_tokens=None, output_tokens=None),
            [
                row("call.requests", "1", "0.005"),
                row("tokens.input", "0", "0", 1),
                row("unpriced", "1", None, 0, "tokens.unknown"),
            ],
        ),
    ],
)
def test_a_call_paid_by_the_request_needs_no_tokens(
    prices: tuple[object, ...], event: InferenceUsage, expected: list[Plain]
) -> None:
    assert drawn(rules(book(*prices)), event) == expected  # type: ignore[arg-type]  # of a table of cases


def test_requests_are_counted_at_the_price_of_the_tier() -> None:
    prices = book(REQUEST, replace(unit_price("call.requests", "0.002", "Requests"), tier="batch"))
    events = [
        call(input_tokens=None, output_tokens=None, service_tier=t) for t in ("batch", None, "auto")
    ]
    assert drawn(rules(prices), *events) == [
        row("call.requests", "1", "0.002", 1),
        row("call.requests", "2", "0.01", 2),
    ]


def hit(**changes: object) -> InferenceUsage:
    """Return a call that a gateway answered from its own cache."""
    nothing = {"input_tokens": None, "output_tokens": None, "gateway_cache": "hit"}
    return call(**{**nothing, "avoided_input_tokens": 1000, **changes})


def test_a_hit_of_a_gateways_cache_costs_nothing_and_is_counted() -> None:
    """One request of three was served by a provider."""
    missed = call(input_tokens=None, output_tokens=None, gateway_cache="miss")
    assert drawn(rules(book(REQUEST)), hit(), missed, hit()) == [
        row("call.requests", "1", "0.005", 3)
    ]
    assert drawn(rules(book(REQUEST)), hit()) == [row("call.requests", "0", "0", 1)]
    assert drawn(rules(book(*GPT_4O)), hit()) == [row("tokens.input", "0", "0", 1)]


@pytest.mark.parametrize("nothing", [None, 0])
def test_an_attempt_that_the_provider_refused_costs_nothing_and_is_counted(
    nothing: int | None,
) -> None:
    """Two attempts, the second was served."""
    refused = call(input_tokens=nothing, output_tokens=nothing, status="rate_limited")
    served = call(input_tokens=None, output_tokens=None, status="ok")
    assert drawn(rules(book(REQUEST)), refused, served) == [row("call.requests", "1", "0.005", 2)]
    assert drawn(rules(book(*GPT_4O)), refused) == [row("tokens.input", "0", "0", 1)]


@pytest.mark.parametrize("status", ["error", "timeout", "client_disconnect", "blocked", None])
def test_a_failure_that_may_have_been_worked_on_is_unknown_spend(status: str | None) -> None:
    failed = call(input_tokens=None, output_tokens=None, status=status)
    assert drawn(rules(book(*GPT_4O)), failed) == [
        row("tokens.input", "0", "0", 1),
        row("unpriced", "1", None, 0, "tokens.unknown"),
    ]


def test_a_refusal_that_tells_of_usage_is_billed_for_it() -> None:
    event = call(input_tokens=1000, output_tokens=None, status="rate_limited")
    assert drawn(rules(book(*GPT_4O)), event) == [row("tokens.input", "1000", "0.0025", 1)]


@pytest.mark.parametrize(
    "used",
    [
        {"input_tokens": 1},
        {"output_tokens": 1},
        {"quantities": [of_call("call.pages", "1", "Pages")]},
    ],
)
def test_a_hit_that_used_something_is_rejected(used: dict[str, object]) -> None:
    metered = meter(rules(book(*GPT_4O)), call(), hit(**used), hit(input_tokens=0))
    assert [(each.index, each.reason) for each in metered.rejected] == [(1, "hit_with_usage")]


def test_quantities_add_up_over_calls_and_are_rounded_once() -> None:
    """Three times 1e-12 seconds at half a dollar: 1.5 pico is 2; one by one it were 0."""
    prices = rules(book(unit_price("call.seconds", "0.5", "Seconds")))
    event = call(
        input_tokens=None,
        output_tokens=None,
        quantities=[of_call("call.seconds", "0.000000000001", "Seconds")],
    )
    assert drawn(prices, event, event, event) == [
        row("call.seconds", "0.000000000003", "0.000000000002", 3)
    ]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ([of_call("tokens.input_audio", "1001")], "part_exceeds_total"),
        (
            [of_call("tokens.input_audio", "600"), of_call("tokens.input_image", "401")],
            "part_exceeds_total",
        ),
        ([of_call("tokens.output_audio", "41")], "part_exceeds_total"),  # 60 of 100 are reasoning
        ([of_call("tokens.cache_read_audio", "1")], "part_exceeds_total"),  # nothing was cached
        ([of_call("tokens.input_audio", "0.5")], "broken_tokens"),
        ([of_call("tokens.input_audio", "-1")], "negative_quantity"),
        ([of_call("call.pages", "-1", "Pages")], "negative_quantity"),
        ([of_call("call.pages", "1000000000000000", "Pages")], "quantity_too_large"),
        ([of_call("tokens.input_audio", "1", "Seconds")], "wrong_unit"),
        ([of_call("call.pages", "1", "")], "wrong_unit"),
        ([of_call("tokens.input", "1")], "unknown_meter"),  # a total is no quantity beside it
        ([of_call("tokens.reasoning", "1")], "unknown_meter"),  # it has a field of its own
        ([of_call("call.requests", "1", "Requests")], "unknown_meter"),  # counted here
        ([of_call("call.", "1", "Pages")], "unknown_meter"),
        ([of_call("gpu.active", "1", "GPU-Microseconds")], "unknown_meter"),
        ([of_call("work", "1", "Token-Work")], "unknown_meter"),
        ([of_call("", "1")], "unknown_meter"),
        ([of_call("call.pages", "1", "Pages"), of_call("nonsense", "1")], "unknown_meter"),
    ],
)
def test_a_call_whose_quantities_cannot_be_counted_is_rejected_alone(
    bad: list[CallQuantity], reason: str
) -> None:
    ruled = rules(book(*GPT_4O))
    metered = meter(ruled, call(), call(quantities=bad, reasoning_tokens=60), call())
    assert [(each.index, each.reason) for each in metered.rejected] == [(1, reason)]
    assert metered.rejected[0].detail.startswith("expected ")
    assert [each.quantity for each in plain(lines(metered.partials))] == ["2000", "200"]


@pytest.mark.parametrize("tokens", [40, 39])
def test_parts_that_fill_their_total_are_counted(tokens: int) -> None:
    event = call(reasoning_tokens=60, quantities=[of_call("tokens.output_audio", str(tokens))])
    assert meter(rules(book(*GPT_4O)), event).rejected == []


@pytest.mark.parametrize("prices", [(), (IMAGE,), (REQUEST,), (AUDIO_OUT,), GPT_4O])
def test_calls_in_one_batch_have_the_lines_of_calls_in_batches_of_their_own(
    prices: tuple[object, ...],
) -> None:
    """However they are summed: also where one of them used nothing."""
    ruled = rules(book(*prices))  # type: ignore[arg-type]  # of a table of cases
    events = [call(input_tokens=0, output_tokens=0), images("0"), images("2"), call(input_tokens=0)]
    assert plain(lines(meter(ruled, *events).partials)) == drawn(ruled, *events)


# The archive says the same of each call

EVERYTHING = (*GPT_4O, AUDIO_IN, AUDIO_OUT, REASONING, IMAGE, REQUEST)


@pytest.mark.parametrize(
    ("event", "pico"),
    [
        # 700 x 2.50 + 300 x 40 + 40 x 10 + 60 x 20 / 1M, 2 x 0.04, 0.005
        (
            call(
                quantities=[
                    of_call("tokens.input_audio", "300"),
                    of_call("call.images_output", "2", "Images"),
                ],
                reasoning_tokens=60,
            ),
            1_750_000_000 + 12_000_000_000 + 400_000_000 + 1_200_000_000
            + 80_000_000_000 + 5_000_000_000,
        ),
        (call(quantities=[of_call("call.pages", "1", "Pages")]), None),  # a part without a price
        (call(service_tier="flex"), None),
        (call(input_tokens=None, output_tokens=None), None),
        (images("1"), 45_000_000_000),
    ],
)  # fmt: skip
def test_the_list_cost_of_a_call_is_what_its_lines_sum_to(
    event: InferenceUsage, pico: int | None
) -> None:
    ruled = rules(book(*EVERYTHING))
    assert listed(ruled, event) == pico
    if pico is not None:
        of_lines = lines(meter(ruled, event).partials)
        assert sum(int.from_bytes(line["list_cost"] or b"", "big") for line in of_lines) == pico


def listed(ruled: Rules, event: InferenceUsage) -> int | None:
    (found,) = list_events(record_name(event), batch(event), meter(ruled, event), ruled)
    assert found is not None
    return found.cost_pico
