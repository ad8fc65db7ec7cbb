"""One window whose batches were rated under several price books or catalogs."""

from itertools import permutations

import pytest

from schemas.records import Partial
from streams.core.lines import WindowPool
from streams.core.metering import Rules
from streams.core.policies import Documents
from streams.core.terms import TWO_BOOKS, TWO_CATALOGS
from streams.core.window import Window
from tests.builders.drawing import meter, total
from tests.builders.terms import book, catalog, token_price
from tests.builders.usage import T0, call


class Shelf:
    """Policies that say which versions they were asked for."""

    def __init__(self) -> None:
        self.asked: set[tuple[str, str]] = set()

    def of(self, price_book: str, names: str) -> Documents:
        self.asked.add((price_book, names))
        return Documents(book(version=price_book), catalog())


def rated(seq: int, version: str, at_us: int | None, per_million: str = "1") -> Partial:
    """Return the partial of a call of 1,000 input tokens, rated under a version."""
    prices = book(token_price("tokens.input", per_million), version=version)
    rules = Rules(prices, catalog(), 60_000_000, 0, at_us, None)
    usage = call(at_us=T0, input_tokens=1_000, output_tokens=0)
    [partial] = meter(rules, usage, seq=seq).partials
    return partial


def window(*partials: Partial) -> Window:
    shelf = Shelf()
    first = partials[0]
    where = WindowPool(first["window_start_us"], first["window_end_us"], first["pool"])
    made = Window(where, 0, shelf)
    for each in partials:
        made.apply(each)
    made.lines()
    assert shelf.asked == {made.terms.versions}
    return made


@pytest.mark.parametrize(
    ("versions", "decides"),
    [
        ([("z", 1), ("a", 2)], "a"),  # the one published last, not the greatest hash
        ([("z", 2), ("a", 2)], "z"),  # at once: the greatest
        ([("z", None), ("a", 2)], "a"),  # the built-in one is older than any
        ([("z", 1), ("a", 2), ("z", 3)], "z"),  # published again, so the last
        ([("a", 1), ("a", 1)], "a"),
    ],
)
def test_the_version_published_last_decides_in_whatever_order_partials_come(
    versions: list[tuple[str, int | None]], decides: str
) -> None:
    partials = [rated(seq, version, at_us) for seq, (version, at_us) in enumerate(versions)]
    found = {window(*each).terms.versions[0] for each in permutations(partials)}
    assert found == {decides}


def notes(*partials: Partial) -> set[str | None]:
    """Return the notes of the final lines, in every order of partials."""
    orders = [window(*each) for each in permutations(partials)]
    return {line["note"] for each in orders for line in each.final()}


def test_lines_say_where_two_versions_met() -> None:
    one, same, other = rated(0, "a", 1), rated(1, "a", 1), rated(2, "b", 2)
    renamed = rated(3, "b", 2)
    renamed["catalog"] = "names-2"
    assert notes(one, same) == {None}
    assert notes(one, same, other) == {TWO_BOOKS}
    assert notes(one, other, renamed) == {TWO_CATALOGS}


def test_price_book_and_catalog_are_decided_each_for_itself() -> None:
    one, other = rated(0, "book-2", 2), rated(1, "book-1", 1)
    one["catalog"], one["catalog_at_us"] = "names-1", 1
    other["catalog"], other["catalog_at_us"] = "names-2", 2
    assert window(one, other).terms.versions == ("book-2", "names-2")
    assert window(other, one).terms.versions == ("book-2", "names-2")


def test_what_was_rated_is_what_a_mixed_window_sums_to() -> None:
    """1,000 tokens at 1 and 1,000 at 3 USD per million: 0.001 + 0.003 = 0.004 USD."""
    mixed = window(rated(0, "a", 1, "1"), rated(1, "b", 2, "3"))
    assert total(mixed.final()) == 4_000_000_000
