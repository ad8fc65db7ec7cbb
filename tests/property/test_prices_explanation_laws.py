"""What is explained is what is metered, and the arithmetic that is printed adds up to it."""

import re
from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from math import prod

from hypothesis import given

from schemas.decimals import from_bytes, to_decimal
from schemas.records import CostLine, InferenceUsage
from streams.core.lines import WindowPool
from streams.core.metering import LATEST_US, meter_batch
from streams.core.policies import OneVersion
from streams.core.price_book import PriceBook
from streams.core.window import Window
from streams.prices.explanation import explain
from streams.prices.explanation_text import explanation_text
from streams.prices.plain_explanation import plain_explanation
from tests.builders.priced_calls import books, calls_of_the_model
from tests.builders.terms import WINDOW_US, catalog, rules
from tests.builders.usage import batch

MONEY = {"list": "list_cost", "cost": "cost", "billed": "billed_cost"}
LINE = Decimal("1e-12")
PRODUCT = re.compile(
    r"  (list|cost|billed) +([\d.,]+) x ([\d.]+)( / 1,000,000)? = ([\d.]+)"
    r"(?:, rounded half-even to ([\d.]+))?"
)
FACTORS = re.compile(r" {11}([\d.]+(?: x [\d.]+)+) = ([\d.]+)(, rounded half-even)?$")


def lines_of(event: InferenceUsage, book: PriceBook) -> list[CostLine]:
    """Meter the call as a producer's batch, and close its window."""
    metered = meter_batch("InferenceUsageBatch", batch(event), "o", rules(book), LATEST_US)
    [partial] = metered.partials
    where = WindowPool(partial["window_start_us"], partial["window_end_us"], partial["pool"])
    window = Window(where, 0, OneVersion(book, catalog()))
    window.apply(partial)
    return window.final()


def amount(line: CostLine, name: str) -> Decimal | None:
    value = line[name]  # type: ignore[literal-required]  # one of MONEY
    return None if value is None else to_decimal(from_bytes(value))


def exact(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


@given(books(), calls_of_the_model())
def test_the_sums_are_those_of_the_lines(book: PriceBook, event: InferenceUsage) -> None:
    lines = lines_of(event, book)
    found = plain_explanation(explain(event, book, WINDOW_US))
    for said, name in MONEY.items():
        drawn = [amount(line, name) for line in lines]
        assert exact(found[said]) == sum(each for each in drawn if each is not None)
    used = [line for line in lines if from_bytes(line["quantity"])]
    assert found["complete"] == all(line["cost"] is not None for line in used)


@given(books(), calls_of_the_model())
def test_each_meter_costs_what_its_line_costs(book: PriceBook, event: InferenceUsage) -> None:
    found = plain_explanation(explain(event, book, WINDOW_US))
    explained = Counter(
        (each["meter"], exact(each["quantity"]), *(exact(each[said]) for said in MONEY))
        for each in found["meters"]
        if "missing" not in each
    )
    assert explained == Counter(
        (
            line["meter"],
            to_decimal(from_bytes(line["quantity"])),
            *(amount(line, name) for name in MONEY.values()),
        )
        for line in lines_of(event, book)
        if line["cost"] is not None
    )


@given(books(), calls_of_the_model())
def test_the_printed_arithmetic_is_right(book: PriceBook, event: InferenceUsage) -> None:
    text = list(explanation_text(explain(event, book, WINDOW_US)))
    sums = dict.fromkeys(MONEY, Decimal(0))
    parts: dict[str, Decimal] = {}
    for line in [*text, ""]:
        if not line.startswith("  "):  # a meter ends: what is not said is as the cost
            for name in MONEY:
                sums[name] += parts.get(name, parts.get("cost", Decimal(0)))
            parts = {}
        found = PRODUCT.match(line)
        if found:
            name, quantity, price, per_million, product, rounded = found.groups()
            with localcontext(prec=80):
                scale = Decimal(10**6 if per_million else 1)
                assert exact(quantity) * exact(price) / scale == exact(product)
                on_line = exact(product).quantize(LINE, ROUND_HALF_EVEN)
                assert exact(rounded or product) == on_line
            parts[name] = on_line
    printed = {
        line.split()[0]: exact(line.split()[1]) for line in text if line[:1] in "lcb" and line
    }
    assert {name: printed[name] for name in MONEY} == sums


@given(books(), calls_of_the_model())
def test_every_entry_of_a_meter_is_chosen_or_passed_over(
    book: PriceBook, event: InferenceUsage
) -> None:
    for each in explain(event, book, WINDOW_US).priced:
        choice = each.choice
        chosen = [] if choice.price is None else [choice.price]
        considered = [*chosen, *(other.price for other in choice.passed_over)]
        assert Counter(considered) == Counter(
            price for price in book.prices if price.meter == each.meter[0]
        )


@given(books(), calls_of_the_model())
def test_a_raised_or_discounted_price_is_a_product_unless_it_says_rounded(
    book: PriceBook, event: InferenceUsage
) -> None:
    for line in explanation_text(explain(event, book, WINDOW_US)):
        if found := FACTORS.match(line):
            product, came, rounded = found.groups()
            with localcontext(prec=200):
                exactly = prod(map(Decimal, product.split(" x ")))
                assert (exactly == Decimal(came)) is (rounded is None)
