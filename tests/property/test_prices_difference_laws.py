"""The difference of two books leads from one to the other, whatever their order."""

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from streams.core.price import Price
from streams.core.timeline import FOREVER
from streams.prices.dated_changes import dated_changes
from streams.prices.difference import PRICES, difference
from streams.prices.difference_text import by_section, difference_text, row
from tests.builders.terms import book, token_price

DATES = (0, 100, 200, 300)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    """Draw a price out of few, so that books meet."""
    from_us, to_us = sorted(
        draw(st.sets(st.sampled_from([*DATES, FOREVER]), min_size=2, max_size=2))
    )
    price = token_price(
        draw(st.sampled_from(["tokens.input", "tokens.output"])),
        draw(st.sampled_from(["0", "1", "2.5"])),
        provider=draw(st.sampled_from(["openai", None])),
        from_us=from_us,
        to_us=to_us,
        from_tokens=draw(st.sampled_from([0, 0, 128_001])),
    )
    return replace(
        price,
        source=draw(st.sampled_from(["page", "contract"])),
        tier=draw(st.sampled_from([None, None, "batch"])),
        list_rate=draw(st.sampled_from([None, None, 7])),
    )


books = st.lists(prices(), max_size=8)


@given(books)
def test_a_book_does_not_differ_from_itself(entries: list[Price]) -> None:
    found = difference(book(*entries), book(*reversed(entries)))
    assert found.is_empty
    assert difference_text(found, 0) == ["no difference"]


@given(books, books)
def test_without_the_old_and_with_the_new_sides_one_is_the_other(
    one: list[Price], two: list[Price]
) -> None:
    changes = dated_changes(one, two, PRICES)
    gone = Counter(change.old for change in changes if change.old is not None)
    come = Counter(change.new for change in changes if change.new is not None)
    assert not gone - Counter(one)
    assert Counter(one) - gone + come == Counter(two)


@given(books, books, st.randoms(use_true_random=False))
def test_the_order_of_entries_is_irrelevant(
    one: list[Price], two: list[Price], chance: Random
) -> None:
    straight = difference(book(*one), book(*two))
    chance.shuffle(one)
    chance.shuffle(two)
    assert difference(book(*one), book(*two)) == straight


@given(books, books)
def test_backwards_it_takes_back_what_it_did(one: list[Price], two: list[Price]) -> None:
    forth, back = difference(book(*one), book(*two)), difference(book(*two), book(*one))
    assert Counter(change.old for change in forth.prices if change.old) == Counter(
        change.new for change in back.prices if change.new
    )


@given(books, books)
def test_nothing_that_holds_before_it_begins_is_different(
    one: list[Price], two: list[Price]
) -> None:
    found = difference(book(*one), book(*two))
    begins_us = found.begins_us
    for at_us in DATES:
        if begins_us is None or at_us < begins_us:
            assert said(one, at_us) == said(two, at_us)


@given(books, books)
def test_every_change_of_a_price_is_said_once(one: list[Price], two: list[Price]) -> None:
    found = difference(book(*one), book(*two))
    sections = by_section(found.prices)
    said_of = [change for changes in sections.values() for change in changes]
    assert len(said_of) + sum(change.follows for change in found.prices) == len(found.prices)
    for section, changes in sections.items():
        assert all(row(section, change) for change in changes)


def said(entries: list[Price], at_us: int) -> Counter[object]:
    return Counter(
        (PRICES.place(each), PRICES.worth(each)) for each in entries if each.holds_at(at_us)
    )
