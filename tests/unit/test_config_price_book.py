"""Price books as people write them."""

import pytest

from streams.config.errors import InvalidDocument
from streams.config.price_book import load_price_book
from streams.core.timeline import FOREVER
from streams.core.windows import DAY_US
from tests.builders.terms import call_cost, gpu_cost
from tests.builders.usage import T0

HEAD = "currency: USD\nprices:\n"
GPU = (
    '- {meter: gpu, model: "NVIDIA H100 80GB HBM3", price: "2.40", unit: GPU-Hours, '
    "effective_from: 2026-01-01T00:00:00Z, source: list}\n"
)
INPUT = (
    "- {meter: tokens.input, provider: openai, model: gpt-4o, price: 2.50, per: 1000000, "
    "unit: Tokens, effective_from: 2026-01-01T00:00:00Z, source: list}\n"
)


def entry(base: str = INPUT, **changes: str) -> str:
    """Return an entry with fields replaced, or added at its end."""
    fields = dict(
        field.split(": ", 1)
        for field in base.strip().removeprefix("- {").removesuffix("}").split(", ")
    )
    return "- {" + ", ".join(f"{k}: {v}" for k, v in (fields | changes).items()) + "}\n"


def rate(line: str) -> int:
    (price,) = load_price_book(HEAD + line).prices
    return price.rate


def faults(text: str) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        load_price_book(text)
    for fault in caught.value.faults:
        assert fault in str(caught.value)
    return caught.value.faults


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2.50", 2_500_000_000_000),  # a YAML number
        ('"2.50"', 2_500_000_000_000),
        ("3", 3_000_000_000_000),
        ("0", 0),
        ("0.1", 100_000_000_000),
        ("0.000000000001", 1),  # a pico a million tokens
        ("1e-12", 1),
        ("0.30000000000000004", None),  # 1e-17 cannot be held a million
        ("12345678901234.567890123456", 12_345_678_901_234_567_890_123_456),
    ],
)
def test_a_price_a_million_tokens_is_held_exactly(written: str, expected: int | None) -> None:
    """As a float, 12345678901234.567890123456 would be off by 1e9 picos."""
    line = entry(price=written)
    if expected is None:
        assert len(faults(HEAD + line)) == 1
    else:
        assert rate(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (entry(price="0.0000025", per="1"), 2_500_000_000_000),  # a token instead of a million
        (entry(price="2.5", per="1000"), 2_500_000_000_000_000),
        (entry(GPU, price="2.40"), 2_400_000_000_000),
        (entry(GPU, price="24", per="10"), 2_400_000_000_000),
        (
            entry(meter="resource.storage", model="s3", provider="null", per="1", unit="GB-Hours",
                  price="0.000031506849"),
            31_506_849_000_000,
        ),
    ],
)  # fmt: skip
def test_per_says_for_how_many_units_the_price_is(line: str, expected: int) -> None:
    assert rate(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        entry(price="1", per="3"),
        entry(price="0.0000000000001"),  # a tenth of a pico a million
        entry(GPU, price="0.0000000000001"),
        entry(price="1.0000000000000000000000000000001"),  # more digits than Decimal's default
        entry(price="123456789012345.5", per="3000000"),
    ],
)
def test_a_price_that_is_no_whole_pico_is_refused(line: str) -> None:
    (fault,) = faults(HEAD + line)
    assert "no more decimals than 1e-12" in fault


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        (entry(price="-1"), "prices.0.price", "greater than or equal to 0"),
        (entry(price="cheap"), "prices.0.price", "decimal"),
        (entry(price="nan"), "prices.0.price", "finite"),
        (entry(price="inf"), "prices.0.price", "finite"),
        (entry(price="1e999999999"), "prices.0.price", "38 digits"),
        (entry(per="0"), "prices.0.per", "greater than 0"),
        (entry(source='""'), "prices.0.source", "at least 1 character"),
        (entry(colour="red"), "prices.0.colour", "expected a known field, got 'colour'"),
        (entry(unit="Words"), "prices.0.unit", "unit Tokens for tokens.input"),
        (entry(GPU, unit="Hours"), "prices.0.unit", "unit GPU-Hours or Node-Hours for gpu"),
        (entry(meter="tokens.audio"), "prices.0.meter", "write tokens.input_audio"),
        (entry(effective_from="2026-01-01T00:00:00"), "prices.0.effective_from", "timezone"),
        (entry(effective_from="soon"), "prices.0.effective_from", "datetime"),
        (
            entry(effective_to="2026-01-01T00:00:00Z"),
            "prices.0.effective_to",
            "effective_to after effective_from",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(line: str, place: str, words: str) -> None:
    (fault,) = faults(HEAD + line)
    column = (HEAD + line).splitlines()[2].index(place.rpartition(".")[2] + ": ") + 1
    value = len(place.rpartition(".")[2]) + 2  # past the key and its colon
    where = f"line 3, column {column if 'colour' in place else column + value}, {place}: "
    assert fault.startswith(where)
    assert words in fault


def test_all_faults_are_reported_together() -> None:
    text = "currency: dollars\nprices:\n" + entry(price="-1") + entry(unit="Words") + entry(per="0")
    places = [fault.split(":", 1)[0] for fault in faults(text)]
    assert places == [
        "line 1, column 11, currency",
        "line 3, column 65, prices.0.price",
        "line 4, column 91, prices.1.unit",
        "line 5, column 76, prices.2.per",
    ]


def test_all_faults_of_one_entry_are_reported_together() -> None:
    line = entry(price="1", per="3", effective_to="2025-01-01T00:00:00Z")
    found = "\n".join(faults(HEAD + line))
    for words in ("effective_to after", "no more decimals"):
        assert words in found


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "currency: USD", "prices: []", "\x00"])
def test_what_is_no_price_book_is_refused(text: str) -> None:
    assert faults(text)


MID = "2026-02-01T00:00:00Z"
END = "2026-03-01T00:00:00Z"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (entry(), entry()),  # both without an end
        (entry(), entry(effective_from=MID)),
        (entry(effective_to=END), entry(effective_from=MID)),
        (entry(effective_from=MID), entry(effective_to=END)),  # whatever their order
    ],
)
def test_two_prices_at_a_time_are_refused(one: str, two: str) -> None:
    (fault,) = faults(HEAD + one + two)
    assert "expected one price at a time" in fault


def test_every_overlap_is_reported() -> None:
    pairs = entry() + entry() + entry(model="other") + entry(model="other")
    assert len(faults(HEAD + pairs)) == 2


@pytest.mark.parametrize(
    "other",
    [
        entry(effective_to="null", effective_from=MID),
        entry(model="other"),
        entry(provider="azure"),
        entry(provider="null"),
        entry(meter="tokens.output"),
        GPU,
    ],
)
def test_prices_of_other_things_or_times_do_not_overlap(other: str) -> None:
    assert len(load_price_book(HEAD + entry(effective_to=MID) + other).prices) == 2


def test_dates_are_instants_in_any_time_zone() -> None:
    line = entry(
        effective_from="2026-01-01T01:00:00.000001+01:00", effective_to="2026-01-02T00:00:00Z"
    )
    (price,) = load_price_book(HEAD + line).prices
    assert (price.from_us, price.to_us) == (T0 + 1, T0 + DAY_US)
    assert load_price_book(HEAD + INPUT).prices[0].to_us == FOREVER


def test_the_version_does_not_depend_on_comments_and_layout() -> None:
    flow = load_price_book(HEAD + GPU)
    block = load_price_book(
        """
# the same, otherwise written
prices:
- source: list
  model: NVIDIA H100 80GB HBM3
  meter: gpu
  price: 2.40   # a number
  per: 1
  unit: 'GPU-Hours'
  effective_from: 2026-01-01 00:00:00Z
  effective_to: null
currency: USD
"""
    )
    assert flow.version == block.version


@pytest.mark.parametrize(
    "other",
    [
        entry(GPU, price="2.41"),
        entry(GPU, model="NVIDIA H200"),
        entry(GPU, effective_from=MID),
        entry(GPU, pool="h100"),
        GPU + INPUT,
        GPU + entry(INPUT, above_tokens="200000"),
        GPU + entry(INPUT, from_tokens="200000"),
    ],
)
def test_the_version_depends_on_what_is_said(other: str) -> None:
    assert load_price_book(HEAD + other).version != load_price_book(HEAD + GPU).version


def test_a_loaded_book_is_looked_up_as_written() -> None:
    book = load_price_book(HEAD + GPU + INPUT)
    assert book.currency == "USD"
    assert gpu_cost(book, "any", T0) == 2_400_000_000_000
    assert call_cost(book, "tokens.input", T0) == 2_500_000_000_000


def test_a_step_begins_above_or_at_so_many_tokens() -> None:
    steps = entry(INPUT, price="5", above_tokens="200000") + entry(
        INPUT, price="6", from_tokens="9"
    )
    book = load_price_book(HEAD + INPUT + steps)
    rates = book.call_rates("openai", "gpt-4o", None, None).at(T0)
    assert rates.edges == (9, 200_001)


@pytest.mark.parametrize(
    "line",
    [
        entry(above_tokens="10", from_tokens="10"),  # one or the other
        entry(GPU, above_tokens="10"),  # only calls have prompts
        entry(pool="h100"),  # calls are in no pool of nodes
        entry(GPU, provider="aws"),  # an interval does not say who sold the GPU
        entry(meter="resource.egress", provider="aws", unit="GB"),
        entry(meter="resource.egress", provider="null", pool="h100", unit="GB"),
    ],
)
def test_a_price_that_nothing_can_look_up_is_refused(line: str) -> None:
    """It would leave the usage it was meant for unpriced, and say nothing."""
    (fault,) = faults(HEAD + line)
    assert "expected" in fault
