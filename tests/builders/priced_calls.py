"""Random price books of one model with everything that decides about a price, and calls to it."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import strategies as st

from schemas.decimals import to_bytes
from schemas.records import InferenceUsage
from streams.core.charges import Override
from streams.core.meters import CALL_UNITS, TOKENS
from streams.core.price import Price
from streams.core.price_book import Agreements, PriceBook
from streams.core.timeline import FOREVER
from streams.core.uplifts import Uplift
from streams.core.windows import DAY_US, HOUR_US
from streams.prices.difference import place_of
from tests.builders.terms import book, token_price
from tests.builders.usage import T0, call

CHANGE_US = T0 + 90_000_000
# Those that meet more often come more often.
METERS = (
    *["tokens.input"] * 6,
    "tokens.cache_read",
    "tokens.output",
    "tokens.reasoning",
    "tokens.input_audio",
    "call.requests",
    "call.pages",
)
REGIONS = (None, None, None, "eu-west-1", "us")
TIERS = (None, None, None, "batch")
NIGHT = ((0, HOUR_US),)  # T0 is a Thursday, 00:00
THIRD = Fraction(333_333, 10**6)  # a book writes decimals; times this most rates are rounded
factors = st.sampled_from([Fraction(17, 20), Fraction(11, 10), THIRD, Fraction(0)])
spans = st.sampled_from([(0, FOREVER), (0, CHANGE_US), (CHANGE_US, FOREVER)])


@st.composite
def entries(draw: st.DrawFn) -> list[Price]:
    """Draw a price, or two one after the other."""
    meter = draw(st.sampled_from(METERS))
    made = replace(
        token_price(meter, "0", from_tokens=draw(st.sampled_from([0, 0, 50, 100]))),
        unit=CALL_UNITS.get(meter, TOKENS),
        provider=draw(st.sampled_from(["openai"] * 4 + [None, "azure"])),
        region=draw(st.sampled_from(REGIONS)),
        tier=draw(st.sampled_from(TIERS)),
        hours=draw(st.sampled_from([(), (), NIGHT])),
    )
    return [
        replace(
            made,
            from_us=from_us,
            to_us=to_us,
            rate=draw(st.integers(0, 10**14)),
            list_rate=draw(st.one_of(st.none(), st.integers(0, 10**14))),
        )
        for from_us, to_us in draw(st.sampled_from([[(0, FOREVER)], [(0, CHANGE_US)], [
            (0, CHANGE_US), (CHANGE_US, FOREVER)]]))
    ]  # fmt: skip


@st.composite
def agreements(draw: st.DrawFn) -> Agreements:
    """Draw uplifts of regions, and overrides of tenants, models and meters."""
    uplifts = [
        Uplift(region, 1 + draw(factors), None, (), *draw(spans), "page")
        for region in draw(st.lists(st.sampled_from(["eu-*", "us", "*"]), max_size=2, unique=True))
    ]
    kinds = [(THIRD, None, ()), (None, 123_456_789, ()), (None, None, ((0, 7), (50, 3)))]
    scopes = st.tuples(
        st.sampled_from(["acme", None]),
        st.sampled_from(["openai", None]),
        st.sampled_from(["gpt-4o", None]),
        st.sampled_from(["tokens.input", "call.pages", None]),
    )
    overrides = [
        Override(*scope, *draw(st.sampled_from(kinds)), *draw(spans), "contract")
        for scope in draw(st.lists(scopes, max_size=3, unique=True))
    ]
    return Agreements(tuple(uplifts), tuple(overrides))


@st.composite
def books(draw: st.DrawFn) -> PriceBook:
    """Draw a book in which there is one price of a thing at a time."""
    by_place = {place_of(some[0]): some for some in draw(st.lists(entries(), max_size=20))}
    prices = [price for some in by_place.values() for price in some]
    return book(*prices, agreements=draw(agreements()))


@st.composite
def calls_of_the_model(draw: st.DrawFn) -> InferenceUsage:
    """Draw a call that metering takes."""
    tokens_in, tokens_out = draw(st.integers(0, 150)), draw(st.integers(0, 10**6))
    read = draw(st.integers(0, tokens_in))
    audio = draw(st.integers(0, tokens_in - read))
    pages = draw(st.integers(0, 3 * 10**12))
    quantities = [
        {"meter": "tokens.input_audio", "unit": TOKENS, "quantity": to_bytes(audio * 10**12)},
        {"meter": "call.pages", "unit": "Pages", "quantity": to_bytes(pages)},
    ]
    return call(
        at_us=T0 + draw(st.sampled_from([0, 89_999_999, 90_000_000, HOUR_US, DAY_US])),
        tenant=draw(st.sampled_from(["acme", "globex", None])),
        region=draw(st.sampled_from(REGIONS)),
        service_tier=draw(st.sampled_from([None, "batch", "standard"])),
        input_tokens=tokens_in,
        cache_read_tokens=read,
        output_tokens=tokens_out,
        reasoning_tokens=draw(st.integers(0, tokens_out)),
        quantities=draw(st.sampled_from([None, quantities])),
    )
