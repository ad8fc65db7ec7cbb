"""Random usage: events of all kinds over a few windows, under prices that change in between."""

from collections.abc import Mapping
from fractions import Fraction

from hypothesis import strategies as st

from schemas.decimals import ONE, to_bytes
from schemas.records import CallQuantity, GpuInterval, Holder, InferenceUsage, ResourceUsage
from streams.core.metering import Rules
from streams.core.pools import Lending, TokenWeights
from streams.core.windows import MINUTE_US
from tests.builders.generated_prices import PRICES
from tests.builders.terms import catalog, endpoint, reserved, rules
from tests.builders.usage import (
    H100,
    T0,
    Event,
    call,
    holder,
    interval,
    quantity,
)

SPAN_US = 4 * MINUTE_US  # events begin in these windows
LONGEST_US = 2 * MINUTE_US
END_US = T0 + SPAN_US + LONGEST_US

TENANTS = ("acme", "globex", "initech", "umbrella")
LLAMA = endpoint("llama-prod", TokenWeights(1000, 2500, 100))
QWEN = endpoint("qwen-prod", TokenWeights(1000, 3333, 7))

NOBODY_RESERVED: Mapping[str, int] = {}

tenants = st.sampled_from([*TENANTS, None])
instants = st.integers(T0, T0 + SPAN_US - 1)
tokens = st.one_of(st.integers(0, 20), st.integers(0, 10**7))


def terms(
    basis: str = "unheld",
    share: str = "weighted",
    lending: Lending | None = None,
    reservations: Mapping[str, int] = NOBODY_RESERVED,
) -> Rules:
    """Return rules with these prices, two shared endpoints, and how a pool is paid for."""
    claims = reserved(**reservations)
    names = catalog(LLAMA, QWEN, basis=basis, share=share, lending=lending, reservations=claims)
    return rules(PRICES, names)


bases = st.sampled_from(["unheld", "unheld_and_held_idle"])
shares = st.sampled_from(["weighted", "even", "reservation", "separate"])
rates = st.sampled_from([Fraction(1), Fraction(0), Fraction(2, 3), Fraction(5, 4)])
lendings = st.one_of(
    st.none(),
    st.builds(Lending, burst=rates, credit=rates, margin_account=st.sampled_from(["acme", "desk"])),
)
reservations = st.dictionaries(
    st.sampled_from([*TENANTS, "sleeper"]), st.integers(0, 2500), max_size=4
)

any_terms = st.builds(terms, bases, shares, lendings, reservations)


@st.composite
def calls(draw: st.DrawFn) -> InferenceUsage:
    """Draw a valid call, priced or not, paid by token or by GPU time."""
    tokens_in, tokens_out = draw(tokens), draw(tokens)
    read = draw(st.integers(0, tokens_in))
    reported = draw(st.integers(0, 9)) > 0
    provider, model = draw(
        st.sampled_from([("openai", "gpt-4o"), ("vllm", "llama"), ("openai", "unknown")])
    )
    reasoning = draw(st.integers(0, tokens_out))
    is_hit = not reported and draw(st.booleans())
    written = draw(st.integers(0, tokens_in - read))
    audio = tokens_in - read - written if reported else 0
    return call(
        at_us=draw(instants),
        tenant=draw(tenants),
        project=draw(st.sampled_from([None, "p1"])),
        provider=provider,
        model=model,
        endpoint=draw(st.sampled_from([None, None, "llama-prod", "qwen-prod", "nowhere"])),
        input_tokens=tokens_in if reported else None,
        output_tokens=tokens_out if reported else None,
        cache_read_tokens=read if reported else None,
        cache_write_5m_tokens=written if reported else None,
        reasoning_tokens=reasoning if reported else None,
        region=draw(st.sampled_from([None, None, "eu", "eu-west-1", "us"])),
        service_tier=draw(st.sampled_from([None, None, "Default", "batch", "flex"])),
        status=draw(st.sampled_from([None, "ok", "error", "rate_limited"])),
        gateway_cache="hit" if is_hit else draw(st.sampled_from([None, "miss"])),
        quantities=None
        if is_hit
        else draw(st.one_of(st.none(), beside(audio, tokens_out - reasoning if reported else 0))),
    )


@st.composite
def beside(draw: st.DrawFn, audio_in: int, audio_out: int) -> list[CallQuantity]:
    """Draw quantities of a call beside its totals, of which these tokens may be audio."""
    kinds = {
        ("tokens.input_audio", "Tokens"): st.integers(0, audio_in).map(ONE.__mul__),
        ("tokens.output_audio", "Tokens"): st.integers(0, audio_out).map(ONE.__mul__),
        ("call.images_output", "Images"): st.integers(0, 3).map(ONE.__mul__),
        ("call.seconds", "Seconds"): st.integers(0, 10**15),
        ("call.pages", "Pages"): st.integers(0, 2).map(ONE.__mul__),
    }
    drawn = draw(st.lists(st.sampled_from(sorted(kinds)), max_size=3, unique=True))
    return [
        {"meter": meter, "unit": unit, "quantity": to_bytes(draw(kinds[meter, unit]))}
        for meter, unit in drawn
    ]


@st.composite
def intervals(draw: st.DrawFn) -> GpuInterval:
    """Draw a balanced interval with up to three holders."""
    start = draw(instants)
    length = draw(st.one_of(st.integers(1, 20), st.integers(1, LONGEST_US)))
    left = length
    holders: list[Holder] = []
    for _ in range(draw(st.integers(0, 3))):
        held = draw(st.integers(0, left))
        left -= held
        shared = draw(st.sampled_from([None, "llama-prod", "qwen-prod"]))
        tenant = None if shared else draw(tenants)
        active = draw(st.integers(0, held))
        absent = draw(st.one_of(st.none(), st.integers(0, held - active)))
        holders.append(holder(held, active, tenant=tenant, endpoint=shared, no_context_us=absent))
    stranded = draw(st.integers(0, left))
    lost = draw(st.integers(0, left - stranded))
    return interval(
        *holders,
        start_us=start,
        end_us=start + length,
        node=draw(st.sampled_from(["gpu-node-1", "gpu-node-2", "laptop"])),
        gpu_model=draw(st.sampled_from([H100, H100, "A100", "free", "unknown"])),
        purchase_option=draw(st.sampled_from([None, None, "spot", "reserved"])),
        stranded_us=stranded,
        out_of_service_us=lost,
        unobserved_us=draw(st.one_of(st.none(), st.integers(0, left - stranded - lost))),
    )


@st.composite
def quantities(draw: st.DrawFn) -> ResourceUsage:
    """Draw a quantity of storage or egress, spread or at an instant."""
    start = draw(instants)
    event = quantity(
        "0",
        start_us=start,
        end_us=start + draw(st.one_of(st.just(0), st.integers(0, LONGEST_US))),
        tenant=draw(tenants),
        **draw(
            st.sampled_from(
                [{}, {"sku": "unknown"}, {"kind": "egress", "sku": "internet", "unit": "GB"}]
            )
        ),
    )
    event["quantity"] = to_bytes(draw(st.one_of(st.integers(0, 20), st.integers(0, 10**18))))
    return event


def one_kind(most: int = 6) -> st.SearchStrategy[list[Event]]:
    """Return the events of a batch: some of one kind."""
    kinds: list[st.SearchStrategy[Event]] = [calls(), intervals(), quantities()]
    return st.one_of([st.lists(kind, min_size=1, max_size=most) for kind in kinds])


def batches(most: int = 8) -> st.SearchStrategy[list[list[Event]]]:
    """Return several batches' events."""
    return st.lists(one_kind(), min_size=1, max_size=most)
