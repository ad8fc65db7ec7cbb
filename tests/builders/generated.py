"""Random usage: events of all kinds over a few windows, under prices that change in between."""

from hypothesis import strategies as st

from schemas.decimals import to_bytes
from schemas.records import GpuInterval, Holder, InferenceUsage, ResourceUsage
from streams.core.catalog import TokenWeights
from streams.core.metering import Rules
from streams.core.windows import MINUTE_US
from tests.builders.terms import (
    book,
    catalog,
    endpoint,
    gpu_price,
    resource_price,
    rules,
    token_price,
)
from tests.builders.usage import H100, T0, Event, call, holder, interval, quantity

SPAN_US = 4 * MINUTE_US  # events begin in these windows
LONGEST_US = 2 * MINUTE_US
CHANGE_US = T0 + MINUTE_US + 12_345_678  # of prices, inside a window
END_US = T0 + SPAN_US + LONGEST_US

PRICES = book(
    token_price("tokens.input", "2.50", to_us=CHANGE_US),
    token_price("tokens.input", "2.4999999", from_us=CHANGE_US),
    token_price("tokens.cache_read", "0.333333333333"),
    token_price("tokens.output", "10.000000000001"),
    token_price("tokens.reasoning", "60", from_us=CHANGE_US),
    token_price("tokens.input", "0.07", provider=None, model="llama"),
    gpu_price("2.40", to_us=CHANGE_US),
    gpu_price("6.88", from_us=CHANGE_US),
    gpu_price("0.000000000007", model="A100"),
    gpu_price("0", model="free"),
    resource_price("0.000031506849"),
    resource_price("0.09", sku="internet", kind="egress", unit="GB", from_us=CHANGE_US),
)
TENANTS = ("acme", "globex", "initech", "umbrella")
LLAMA = endpoint("llama-prod", TokenWeights(1000, 2500, 100))
QWEN = endpoint("qwen-prod", TokenWeights(1000, 3333, 7))

tenants = st.sampled_from([*TENANTS, None])
instants = st.integers(T0, T0 + SPAN_US - 1)
tokens = st.one_of(st.integers(0, 20), st.integers(0, 10**7))


def terms(basis: str = "unheld", share: str = "weighted") -> Rules:
    """Return rules with these prices, two shared endpoints and an idle policy."""
    return rules(PRICES, catalog(LLAMA, QWEN, basis=basis, share=share))


any_terms = st.builds(
    terms,
    st.sampled_from(["unheld", "unheld_and_held_idle"]),
    st.sampled_from(["weighted", "even", "separate"]),
)


@st.composite
def calls(draw: st.DrawFn) -> InferenceUsage:
    """Draw a valid call, priced or not, paid by token or by GPU time."""
    tokens_in, tokens_out = draw(tokens), draw(tokens)
    read = draw(st.integers(0, tokens_in))
    reported = draw(st.integers(0, 9)) > 0
    provider, model = draw(
        st.sampled_from([("openai", "gpt-4o"), ("vllm", "llama"), ("openai", "unknown")])
    )
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
        cache_write_5m_tokens=draw(st.integers(0, tokens_in - read)) if reported else None,
        reasoning_tokens=draw(st.integers(0, tokens_out)) if reported else None,
    )


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
        holders.append(holder(held, draw(st.integers(0, held)), tenant=tenant, endpoint=shared))
    stranded = draw(st.integers(0, left))
    return interval(
        *holders,
        start_us=start,
        end_us=start + length,
        node=draw(st.sampled_from(["gpu-node-1", "gpu-node-2", "laptop"])),
        gpu_model=draw(st.sampled_from([H100, H100, "A100", "free", "unknown"])),
        stranded_us=stranded,
        out_of_service_us=draw(st.integers(0, left - stranded)),
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
