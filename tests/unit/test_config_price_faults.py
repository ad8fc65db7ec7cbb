"""What is refused in a price book: every fault of it, with its place and what to do."""

from decimal import Decimal

import pytest

from streams.config.errors import InvalidDocument
from streams.config.price_book import load_price_book, price_book_of
from streams.config.price_document import Document
from streams.config.price_entry import Entry

HEAD = "currency: USD\ndefaults: {effective_from: 2026-01-01T00:00:00Z, source: list}\n"
TOKENS = "meter: tokens.input, model: m, price: 1, unit: Tokens"
FEB, MAR = "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"


def faults(text: str) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        load_price_book(HEAD + text)
    return caught.value.faults


def book(*entries: str) -> str:
    return "prices:\n" + "".join(f"- {{{entry}}}\n" for entry in entries)


def models(*entries: str) -> str:
    return "models:\n" + "".join(f"- {{{entry}}}\n" for entry in entries)


def volume(steps: str) -> str:
    return f"prices: []\noverrides: [{{meter: gpu, unit: GPU-Hours, volume: [{steps}]}}]\n"


def commitment(fields: str) -> str:
    one = f"{{name: a, provider: p, models: [m], per_hour: 1, {fields}}}"
    return f"prices: []\ncommitments:\n- {one}\n"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (book("meter: gpu, model: m, price: 1, unit: GPU-Hours, region: eu"),
         "prices.0.region", "only calls have one; remove it"),
        (book("meter: gpu, model: m, price: 1, unit: GPU-Hours, service_tier: batch"),
         "prices.0.service_tier", "only calls have one"),
        (book(f"{TOKENS}, purchase_option: spot"),
         "prices.0.purchase_option", "only GPUs have one"),
        (book("meter: gpu, model: m, price: 1, unit: Node-Hours"),
         "prices.0.unit", "Node-Hours and gpus_per_node, or neither"),
        (book("meter: gpu, model: m, price: 1, unit: GPU-Hours, gpus_per_node: 8"),
         "prices.0.unit", "Node-Hours and gpus_per_node, or neither"),
        (book("meter: gpu, model: m, price: 1, unit: Node-Hours, gpus_per_node: 3"),
         "prices.0.price", "got 1 per 1 nodes of 3 GPUs; round it"),
        (book(f"{TOKENS}, list_price: 1, per: 3, price: 3"),
         "prices.0.list_price", "got 1 per 3; round it"),
        (book("meter: call.pages, model: m, price: 1, unit: Sheets"),
         "prices.0.unit", "expected unit Pages for call.pages, got 'Sheets'"),
        (book("meter: call., model: m, price: 1, unit: Pages"), "prices.0.meter", "write one of"),
        (book(f'{TOKENS}, hours: "8-16"'), "prices.0.hours", 'write it like "16:30-00:30"'),
        (book(f'{TOKENS}, hours: "24:00-16:00"'), "prices.0.hours", "write it like"),
        (book(f'{TOKENS}, hours: "08:00-08:00"'), "prices.0.hours", "00:00-24:00, or no hours"),
        (book(f"{TOKENS}, days: [monday]"), "prices.0.days.0", "'mon', 'tue'"),
        (book(f"{TOKENS}, days: []"), "prices.0.days", "at least 1 item"),
        (book(f"{TOKENS}, model: 7"), "prices.0.model", "put it in quotes"),
        (book(f"{TOKENS}, effective_from: 2026-01-01"),
         "prices.0.effective_from", "got 2026-01-01; end it with Z"),
        (models("model: m"), "models.0", "prices in per_million_tokens or per_unit, got none"),
        (models("model: m, per_million_tokens: {inptu: 1}"),
         "models.0.per_million_tokens.inptu", "write input"),
        (models("model: m, per_unit: {page: 1}"), "models.0.per_unit.page", "write pages"),
        (models("model: m, per_million_tokens: {input: -1}"),
         "models.0.per_million_tokens.input", "greater than or equal to 0, got -1"),
        (models('model: m, per_million_tokens: {input: "0.0000000000001"}'),
         "models.0.per_million_tokens.input", "got 0.0000000000001 per 1000000; round it"),
        (models("model: m, modell: m, per_unit: {pages: 1}"), "models.0.modell", "write model"),
        ("prices: []\nuplifts: [{region: eu, factor: 0}]", "uplifts.0.factor", "greater than 0"),
        ("prices: []\noverrides: [{discount: 1.5}]", "overrides.0.discount", "equal to 1"),
        ("prices: []\noverrides: [{tenant: a}]", "overrides.0", "got none of them"),
        ("prices: []\noverrides: [{discount: 0.1, markup: 0.1}]",
         "overrides.0", "got discount and markup; keep one"),
        ("prices: []\noverrides: [{discount: 0.1, per: 2}]", "overrides.0", "remove them"),
        ("prices: []\noverrides: [{price: 1, unit: Tokens}]", "overrides.0.meter", "add meter"),
        ("prices: []\noverrides: [{price: 1, meter: gpu}]", "overrides.0.unit", "add unit"),
        ("prices: []\noverrides: [{price: 1, meter: gpu, unit: Node-Hours}]",
         "overrides.0.unit", "expected unit GPU-Hours for gpu"),
        ("prices: []\noverrides: [{discount: 0.1, meter: gpu, provider: aws}]",
         "overrides.0.provider", "only calls have one"),
        (volume("{from: 1, price: 1}"),
         "overrides.0.volume.0.from", "the first step from 0"),
        (volume("{from: 0, price: 1}, {from: 0, price: 2}"),
         "overrides.0.volume.1.from", "expected more than 0"),
        (commitment("work: {gpu: 1}, price_per_hour: 1"),
         "commitments.0.work.gpu", "a meter of tokens"),
        (commitment("work: {tokens.input: 0.0001}, price_per_hour: 1"),
         "commitments.0.work.tokens.input", "at most 3 decimals, got 0.0001"),
        (commitment("work: {tokens.input: 1}, price_per_hour: 1e-13"),
         "commitments.0.price_per_hour", "at most 12 decimals"),
        ("", "line 1, column 1", "prices or models, got neither"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place_and_what_to_do(text: str, place: str, words: str) -> None:
    (fault,) = [each for each in faults(text) if "got it again" not in each]
    assert fault.startswith("line ")
    assert f"{place}: " in fault
    assert words in fault


@pytest.mark.parametrize("lacking", ["effective_from", "source"])
def test_what_neither_an_entry_nor_the_defaults_say_is_missing(lacking: str) -> None:
    defaults = {"effective_from": FEB, "source": "list"}
    said = ", ".join(f"{name}: {value}" for name, value in defaults.items() if name != lacking)
    with pytest.raises(InvalidDocument) as caught:
        load_price_book(f"currency: USD\ndefaults: {{{said}}}\n{book(TOKENS)}")
    (fault,) = caught.value.faults
    assert fault.startswith(f"line 4, column 3, prices.0.{lacking}: expected {lacking} here or in")


@pytest.mark.parametrize(
    ("one", "two", "words"),
    [
        ("", "", "one price at a time"),
        ("", f"effective_from: {FEB}", "one price at a time"),
        (f"effective_to: {FEB}", f"effective_from: {MAR}", "no time without a price"),
        ('hours: "08:00-16:00"', 'hours: "15:59-17:00"', "one price at an hour"),
        ('hours: "23:00-01:00", days: [sun]', 'hours: "00:30-02:00", days: [mon]', "at an hour"),
        ("days: [mon, tue]", "days: [tue, wed]", "one price at an hour"),
        ("days: [mon]", "days: [mon]", "one price at a time"),
        ("service_tier: standard", "", "one price at a time"),
        ("above_tokens: 9", "from_tokens: 10", "one price at a time"),
    ],
)
def test_prices_of_one_thing_follow_each_other(one: str, two: str, words: str) -> None:
    (fault,) = faults(book(f"{TOKENS}, {one}", f"{TOKENS}, {two}"))
    assert fault.startswith("line 5, ")
    assert words in fault
    assert fault.endswith("the other is at line 4, column 3")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("", 'hours: "08:00-16:00"'),  # the usual price, and one that comes before it at times
        ('hours: "08:00-16:00"', 'hours: "16:00-08:00"'),
        ("days: [mon]", "days: [tue]"),
        (f"days: [mon], effective_to: {FEB}", f"effective_from: {MAR}"),
        ("", "service_tier: batch"),
        ("", "region: eu"),
        ("", "above_tokens: 10"),
        (f"effective_to: {FEB}", f"effective_from: {FEB}"),
    ],
)
def test_prices_of_different_things_do_not(one: str, two: str) -> None:
    text = HEAD + book(f"{TOKENS}, {one}", f"{TOKENS}, {two}")
    assert len(load_price_book(text).prices) == 2


def test_one_that_overlaps_several_is_named_with_each() -> None:
    """The long first one is beside both; a look at neighbours only would miss the last."""
    found = faults(
        book(
            f"{TOKENS}",
            f"{TOKENS}, effective_from: {FEB}, effective_to: {MAR}",
            f"{TOKENS}, effective_from: {MAR}",
        )
    )
    assert [fault.partition(":")[0] for fault in found] == [
        "line 5, column 3, prices.1",
        "line 6, column 3, prices.2",
    ]


def test_a_price_in_a_group_and_one_by_itself_are_held_against_each_other() -> None:
    (fault,) = faults(
        models("model: m, per_million_tokens: {output: 2, input: 1}") + book(f"{TOKENS}")
    )
    assert fault.startswith("line 6, column 3, prices.0: ")
    assert fault.endswith("the other is at line 4, column 53")


@pytest.mark.parametrize(
    ("name", "one", "two"),
    [
        ("overrides", "tenant: a, discount: 0.1", "tenant: a, markup: 0.1"),
        ("overrides", "discount: 0.1", f"discount: 0.2, effective_from: {FEB}"),
        ("uplifts", "region: eu, factor: 2", "region: eu, factor: 3"),
        (
            "uplifts",
            "region: eu, factor: 2, models: [a, b]",
            "region: eu, factor: 2, models: [b, a]",
        ),
    ],
)
def test_agreements_on_the_same_do_not_overlap(name: str, one: str, two: str) -> None:
    (fault,) = faults(f"prices: []\n{name}:\n- {{{one}}}\n- {{{two}}}\n")
    assert f"{name}.1: expected one {name[:-1]} at a time" in fault


def test_agreements_may_pause_and_the_more_telling_one_may_overlap() -> None:
    text = f"""prices: []
overrides:
- {{tenant: a, discount: 0.1, effective_to: {FEB}}}
- {{tenant: a, discount: 0.1, effective_from: {MAR}}}
- {{discount: 0.2}}
- {{tenant: a, meter: gpu, discount: 0.3}}
"""
    assert len(load_price_book(HEAD + text).agreements.overrides) == 4


def test_a_commitment_has_a_name_of_its_own() -> None:
    first = commitment("work: {tokens.input: 1}, price_per_hour: 1")
    (fault,) = faults(first + first.splitlines()[-1])
    assert "commitments.1.name: expected another name, got 'a' again" in fault


def test_faults_between_entries_are_reported_beside_those_in_others() -> None:
    """Numbers are of the whole document, though the second entry is not compared with others."""
    text = book(f"{TOKENS}, effective_to: {FEB}", TOKENS.replace("1", "x"), TOKENS)
    found = faults(text + "colour: red\noverrides: [{discount: 0.1}, {discount: 0.1}]\n")
    assert [fault.partition(":")[0] for fault in found] == [
        "line 5, column 42, prices.1.price",
        "line 6, column 3, prices.2",
        "line 7, column 1, colour",
        "line 8, column 30, overrides.1",
    ]


def test_what_follows_from_a_faulty_default_is_not_reported_too() -> None:
    with pytest.raises(InvalidDocument) as caught:
        load_price_book("currency: X\ndefaults: {effective_from: soon}\n" + book(TOKENS, TOKENS))
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [
        "line 1, column 11, currency",
        "line 2, column 28, defaults.effective_from",
    ]


def test_a_document_made_by_a_program_is_checked_alike() -> None:
    entry = Entry(meter="gpu", model="m", price=Decimal(1), per=3, unit="GPU-Hours", source="s")
    with pytest.raises(InvalidDocument) as caught:
        price_book_of(Document(currency="USD", prices=(entry,)))
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [
        "prices.0.effective_from",
        "prices.0.price",
    ]
