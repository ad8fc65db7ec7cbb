"""What each form of a price book means to `core`, and that it does not matter which was taken."""

from fractions import Fraction

import pytest

from streams.config.document import read
from streams.config.price_book import load_price_book
from streams.config.price_document import Document
from streams.config.price_yaml import to_yaml
from streams.core.price import Price
from streams.core.timeline import FOREVER
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US
from tests.builders.usage import T0

HEAD = "currency: USD\ndefaults: {effective_from: 2026-01-01T00:00:00Z, source: list}\n"
TUESDAY_US = 5 * DAY_US  # of a week that begins on Thursday


def prices(text: str) -> tuple[Price, ...]:
    return load_price_book(HEAD + text).prices


def version(text: str) -> str:
    return load_price_book(text).version


@pytest.mark.parametrize(
    ("fields", "name", "expected"),
    [
        ("meter: tokens.input, unit: Tokens, service_tier: Batch", "tier", "batch"),
        ("meter: tokens.input, unit: Tokens, service_tier: Standard", "tier", None),
        ("meter: tokens.input, unit: Tokens, region: eu-west-1", "region", "eu-west-1"),
        ("meter: tokens.input_audio, unit: Tokens", "meter", "tokens.input_audio"),
        ("meter: call.requests, unit: Requests, region: eu", "region", "eu"),
        ("meter: call.sandboxes, unit: Sandbox-Hours", "unit", "Sandbox-Hours"),
        ("meter: call.pages, unit: Pages, above_tokens: 9", "from_tokens", 10),
        ("meter: gpu, unit: GPU-Hours, purchase_option: spot", "purchase", "spot"),
        ("meter: gpu, unit: Node-Hours, gpus_per_node: 8", "unit", "GPU-Hours"),
        # 19.20 a node-hour over 8 GPUs is 2.40 a GPU-hour
        ("meter: gpu, unit: Node-Hours, gpus_per_node: 8", "rate", 2_400_000_000_000),
        ("meter: call.pages, unit: Pages, per: 1000", "rate", 19_200_000_000_000_000),
        ("meter: gpu, unit: GPU-Hours, list_price: 24", "list_rate", 24_000_000_000_000),
        ("meter: gpu, unit: GPU-Hours", "list_rate", None),
        ("meter: gpu, unit: GPU-Hours, source: invoice", "source", "invoice"),
        ("meter: gpu, unit: GPU-Hours", "source", "list"),
        ("meter: gpu, unit: GPU-Hours", "from_us", T0),
    ],
)
def test_a_field_of_a_price_means(fields: str, name: str, expected: object) -> None:
    (price,) = prices(f"prices: [{{{fields}, model: m, price: 19.20}}]")
    assert getattr(price, name) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("", ()),
        # UTC Monday 16:30 until Tuesday 00:30, and Tuesday 16:30 until Wednesday 00:30
        (
            'hours: "16:30-00:30", days: [tue, mon]',
            (
                (TUESDAY_US - 450 * MINUTE_US, TUESDAY_US + 30 * MINUTE_US),
                (TUESDAY_US + 990 * MINUTE_US, TUESDAY_US + 1470 * MINUTE_US),
            ),
        ),
        # Wednesday's goes on on Thursday, where the week begins
        ('hours: "23:00-01:00", days: [wed]', ((0, HOUR_US), (7 * DAY_US - HOUR_US, 7 * DAY_US))),
        # whole days: Saturday and Sunday are the third and fourth day, and one stretch
        ("days: [sat, sun]", ((2 * DAY_US, 4 * DAY_US),)),
        ('hours: "22:00-24:00", days: [thu]', ((22 * HOUR_US, DAY_US),)),
        ('hours: "22:00-00:00", days: [thu]', ((22 * HOUR_US, DAY_US),)),
        (
            'hours: "00:00-01:00"',
            tuple((day * DAY_US, day * DAY_US + HOUR_US) for day in range(7)),
        ),
    ],
)
def test_hours_are_stretches_of_a_week_that_begins_on_thursday(
    fields: str, expected: tuple[tuple[int, int], ...]
) -> None:
    (price,) = prices(f"models: [{{model: m, per_unit: {{pages: 1}}, {fields}}}]")
    assert price.hours == expected


def test_prices_of_a_model_are_prices_one_by_one() -> None:
    found = prices(
        "models: [{provider: p, model: m, service_tier: flex, region: eu, from_tokens: 5, "
        'per_million_tokens: {output: "10", input: 2.5}, per_unit: {images_output: "0.04"}}]'
    )
    alike = {(p.provider, p.model, p.tier, p.region, p.from_tokens) for p in found}
    assert alike == {("p", "m", "flex", "eu", 5)}
    assert [(p.meter, p.unit, p.rate) for p in found] == [
        ("tokens.input", "Tokens", 2_500_000_000_000),
        ("tokens.output", "Tokens", 10_000_000_000_000),
        ("call.images_output", "Images", 40_000_000_000_000_000),  # 0.04 of a million images
    ]


FLAT = """
currency: USD
prices:
- {meter: tokens.input, model: m, price: 2.50, per: 1000000, unit: Tokens,
   effective_from: 2026-01-01T00:00:00Z, source: list}
- {meter: tokens.output, model: m, price: "10", per: 1000000, unit: Tokens,
   effective_from: 2026-01-01T00:00:00Z, source: list}
- {meter: call.requests, model: m, price: 1, unit: Requests, effective_from: 2026-01-01T00:00:00Z,
   source: list}
overrides: [{tenant: a, discount: "0.1", effective_from: 2026-01-01T00:00:00Z, source: list}]
"""

GROUPED = (
    HEAD.replace("{", "{{").replace("}", "}}")
    + "overrides: [{{tenant: a, discount: 0.1}}]\nmodels: [{{model: m, {}}}]\n"
)
OF_THE_RELEASE_BEFORE = """
currency: USD
prices:
- {meter: tokens.input, provider: openai, model: gpt-4o, price: 2.50, per: 1000000, unit: Tokens,
   above_tokens: 0, effective_from: 2026-01-01T01:00:00.000001+01:00,
   effective_to: 2026-02-01 00:00:00 -5, source: list}
"""
UPLIFT = "{region: eu, factor: 2, effective_from: 2026-01-01T00:00:00Z, source: list}"


@pytest.mark.parametrize(
    "same",
    [
        GROUPED.format("per_million_tokens: {input: 2.50, output: 10}, per_unit: {requests: 1}"),
        GROUPED.format("per_unit: {requests: 1}, per_million_tokens: {output: 10, input: 2.50}"),
        FLAT.replace("unit: Tokens", "unit: Tokens, service_tier: default"),
        FLAT.replace("currency: USD", HEAD),
        FLAT + "uplifts: []\nmodels: []\n",
    ],
)
def test_the_version_does_not_depend_on_the_form(same: str) -> None:
    assert version(same) == version(FLAT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("unit: Tokens", "unit: Tokens, service_tier: batch"),
        ("unit: Tokens", "unit: Tokens, region: eu"),
        ("unit: Tokens", "unit: Tokens, list_price: 3"),
        ("unit: Tokens", "unit: Tokens, days: [mon]"),
        ("discount", "markup"),
        ("tenant: a", "tenant: b"),
        ("overrides:", f"uplifts: [{UPLIFT}]\noverrides:"),
    ],
)
def test_the_version_depends_on_everything_that_is_said(old: str, new: str) -> None:
    assert version(FLAT.replace(old, new)) != version(FLAT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("currency: USD\nprices: []", "ea062c368429698a"),
        (
            OF_THE_RELEASE_BEFORE,
            "a0f350de52fbf1b9",
        ),
    ],
)
def test_versions_of_documents_of_older_releases_stay(text: str, expected: str) -> None:
    assert version(text) == expected


def test_agreements_are_held_exactly() -> None:
    agreements = load_price_book(
        HEAD
        + """
prices: []
uplifts: [{region: "eu-*", factor: "1.1", models: ["gpt-5*"]}]
overrides:
- {tenant: search, discount: "0.15"}
- {tenant: fraud, markup: 0.05}
- {tenant: ads, provider: openai, model: gpt-4o, meter: tokens.output, price: 8, per: 1000000,
   unit: Tokens}
- {meter: gpu, volume: [{from: 0, price: 3}, {from: 100, price: "2.5"}], unit: GPU-Hours}
commitments:
- {name: ptu, provider: azure, models: ["*"], work: {tokens.output: 3, tokens.input: "0.5"},
   per_hour: 1000, price_per_hour: "4.5"}
"""
    ).agreements
    (uplift,) = agreements.uplifts
    assert (uplift.factor, uplift.models, uplift.provider) == (Fraction(11, 10), ("gpt-5*",), None)
    search, fraud, ads, everyone = agreements.overrides
    assert (search.factor, fraud.factor) == (Fraction(17, 20), Fraction(21, 20))
    assert (ads.factor, ads.rate, ads.steps) == (None, 8_000_000_000_000, ())
    assert (everyone.tenant, everyone.to_us) == (None, FOREVER)
    # 100 GPU-hours are 100 * 3.6e9 GPU-microseconds
    assert everyone.steps == ((0, 3 * 10**12), (360_000_000_000, 2_500_000_000_000))
    (ptu,) = agreements.commitments
    assert (ptu.per_hour, ptu.rate) == (1_000_000, 4_500_000_000_000)  # thousandths of work
    assert ptu.weights == (("tokens.input", 500), ("tokens.output", 3000))


def test_a_written_document_has_an_entry_a_line() -> None:
    document = read(Document, FLAT, "book")
    assert to_yaml(document) == (
        "currency: USD\n"
        "prices:\n"
        '  - {meter: tokens.input, model: m, price: "2.50", per: 1000000, unit: Tokens, '
        'effective_from: "2026-01-01T00:00:00Z", source: list}\n'
        '  - {meter: tokens.output, model: m, price: "10", per: 1000000, unit: Tokens, '
        'effective_from: "2026-01-01T00:00:00Z", source: list}\n'
        '  - {meter: call.requests, model: m, price: "1", unit: Requests, '
        'effective_from: "2026-01-01T00:00:00Z", source: list}\n'
        "overrides:\n"
        '  - {tenant: a, discount: "0.1", effective_from: "2026-01-01T00:00:00Z", source: list}\n'
    )
