"""Price books one after the other: what each changed, or what each says of one model. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from streams.core.price_book import PriceBook
from streams.prices.difference import Difference, difference
from streams.prices.difference_text import TITLES, by_section
from streams.prices.plain_price import Plain, plain_price
from streams.prices.price_list import Wanted, chosen, price_table
from streams.prices.text_table import text_table
from streams.prices.wording import day

HEADS: Final = (
    "published",
    "version",
    "prices",
    "changed",
    "added",
    "removed",
    "dates",
    "agreements",
    "note",
)
NUMBERS: Final = "prices changed added removed dates agreements"


@dataclass(frozen=True, slots=True)
class Edition:
    """One version as it was published; `at_us` 0: built in."""

    at_us: int
    note: str | None
    book: PriceBook


@dataclass(frozen=True, slots=True)
class Step:
    """An edition and what it changed; None: it is the first that is known."""

    edition: Edition
    changed: Difference | None


def steps(editions: Iterable[Edition]) -> Iterator[Step]:
    """Yield each edition with what it changed to the one before."""
    before: Edition | None = None
    for edition in editions:
        yield Step(edition, difference(before.book, edition.book) if before else None)
        before = edition


def history_table(found: Iterable[Step]) -> list[str]:
    """Return a line an edition."""
    return text_table(HEADS, [_row(step) for step in found], right=NUMBERS)


def history_of_model(found: Iterable[Step], model: str) -> list[str]:
    """Return what each edition says of a model, by all dates; only where it says something new."""
    wanted = Wanted(model=model)
    lines: list[str] = []
    before: list[str] | None = None
    for step in found:
        table = price_table(chosen(step.edition.book, wanted)[0])
        if table != before and (table or before):
            head = f"{_when(step.edition)}  {step.edition.book.version}"
            lines += [head, *(f"  {line}" for line in table or ["no price"])]
        before = table
    return lines


def plain_step(step: Step, model: str | None) -> Plain:
    """Return an edition in JSON's types, with the prices of a model where one is asked for."""
    edition = step.edition
    shown = [] if model is None else chosen(edition.book, Wanted(model=model))[0]
    return {
        "published_at": day(edition.at_us) if edition.at_us else None,
        "version": edition.book.version,
        "currency": edition.book.currency,
        "note": edition.note,
        "prices_count": len(edition.book.prices),
        "changes": None if step.changed is None else _counts(step.changed),
        **({} if model is None else {"prices": [plain_price(price) for price in shown]}),
    }


def _row(step: Step) -> tuple[str, ...]:
    edition = step.edition
    counts = {} if step.changed is None else _counts(step.changed)
    return (
        _when(edition),
        edition.book.version,
        f"{len(edition.book.prices):,}",
        *(f"{counts[name]:,}" if counts else "" for name in HEADS[3:8]),
        edition.note or "",
    )


def _counts(found: Difference) -> dict[str, int]:
    sections = by_section(found.prices)
    counts = {str(section): len(sections.get(section, ())) for section in TITLES}
    agreements = (found.uplifts, found.overrides, found.commitments)
    return {**counts, "agreements": sum(map(len, agreements))}


def _when(edition: Edition) -> str:
    return day(edition.at_us) if edition.at_us else "built in"
