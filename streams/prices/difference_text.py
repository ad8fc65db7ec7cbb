"""A difference between two price books for people: sections, the greatest change first. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, TypeAlias, TypeVar

from streams.core.price import Price
from streams.prices.agreement_words import in_words
from streams.prices.dated_changes import Change
from streams.prices.difference import PRICES, Difference, growth
from streams.prices.text_table import text_table
from streams.prices.wording import day, figure, per, price_of, signed, step, weekly, while_

Section: TypeAlias = Literal["changed", "added", "removed", "dates", "source"]
TITLES: Final[dict[Section, str]] = {
    "changed": "prices that change",
    "added": "prices added",
    "removed": "prices removed",
    "dates": "prices with other dates",
    "source": "prices with another source",
}
HEADS: Final = (
    "provider",
    "model",
    "meter",
    "for",
    "old",
    "new",
    "per",
    "change",
    "when",
    "source",
)
INDENT: Final = "  "
T = TypeVar("T")


def difference_text(found: Difference, most: int) -> list[str]:
    """Return lines of text, at most so many a section; 0: all of them."""
    if found.is_empty:
        return ["no difference"]
    old, new = found.currencies
    lines = [] if old == new else [f"currency: {old} -> {new}; no figure below is comparable"]
    for section, changes in by_section(found.prices).items():
        rows = [row(section, change) for change in limited(changes, most)]
        lines += [f"{TITLES[section]}: {len(changes):,}"]
        lines += [INDENT + line for line in text_table(HEADS, rows, right="old new change")]
        lines += more(len(changes), most)
    for name, count, words in agreements(found):
        lines += [f"{name}: {count:,}", *(INDENT + each for each in limited(words, most))]
        lines += more(count, most)
    return lines


def by_section(changes: Sequence[Change[Price]]) -> dict[Section, list[Change[Price]]]:
    """Return changes by what they mean; without ends that only make room for the next price."""
    found: dict[Section, list[Change[Price]]] = {section: [] for section in TITLES}
    for change in changes:
        if not change.follows:
            found[section_of(change)].append(change)
    return {section: some for section, some in found.items() if some}


def section_of(change: Change[Price]) -> Section:
    """Return what a change means to whoever pays."""
    was, becomes = change.was, change.becomes
    if was is None:
        return "added"
    if becomes is None:
        return "removed"
    if PRICES.worth(was) != PRICES.worth(becomes):
        return "changed"
    return "source" if change.kind == "source" else "dates"


def row(section: Section, change: Change[Price]) -> tuple[str, ...]:
    """Return a change as one row of HEADS."""
    price = change.entry
    sides = [price_words(each) for each in (change.was, change.becomes)]
    when = [each and while_(each.from_us, each.to_us) for each in (change.old, change.new)]
    dates = " -> ".join(each or "none" for each in when) if section == "dates" else ""
    sources = [each.source for each in (change.old, change.new) if each is not None]
    return (
        price.provider or "any",
        price.model,
        price.meter,
        dimensions(price),
        *sides,
        per(price.meter, price.unit),
        signed(growth(change)) if section == "changed" else "",
        dates or f"from {day(change.from_us) if change.from_us > 0 else 'ever'}",
        " -> ".join(sources) if section == "source" else "",
    )


def price_words(price: Price | None) -> str:
    """Return the figure of a price, and the list's where it is another; nothing for no price."""
    if price is None:
        return "-"
    cost, listed = (figure(price_of(rate, price.meter)) for rate in price.both)
    return cost if cost == listed else f"{cost} (list {listed})"


def dimensions(price: Price) -> str:
    """Return for what part of its usage a price is; nothing: for all of it."""
    named = {
        "region": price.region,
        "tier": price.tier,
        "pool": price.pool,
        "bought": price.purchase,
    }
    parts = [f"{name} {value}" for name, value in named.items() if value is not None]
    parts += [each for each in (step(price.from_tokens), weekly(price.hours)) if each]
    return ", ".join(parts)


def agreements(found: Difference) -> Iterator[tuple[str, int, list[str]]]:
    """Yield what became of uplifts, overrides and commitments."""
    for name, changes in (
        ("uplifts", found.uplifts),
        ("overrides", found.overrides),
        ("commitments", found.commitments),
    ):
        if changes:
            lines = [line for change in changes for line in agreement_lines(change)]
            yield f"{name} that change", len(changes), lines


def agreement_lines(change: Change[Any]) -> Iterator[str]:
    """Yield the sides of a change."""
    if change.old is not None:
        yield f"- {in_words(change.old)}"
    if change.new is not None:
        yield f"+ {in_words(change.new)}"


def limited(entries: list[T], most: int) -> list[T]:
    """Return the first of a list; 0: all of it."""
    return entries[:most] if most else entries


def more(count: int, most: int) -> list[str]:
    """Say how many were left out."""
    return [f"{INDENT}... and {count - most:,} more"] if most and count > most else []
