"""One window whose batches were rated under several price books or catalogs."""

from itertools import permutations

import pytest

from schemas.decimals import from_bytes
from schemas.records import Partial
from streams.core.catalog import Catalog
from streams.core.lines import WindowPool
from streams.core.metering import Rules
from streams.core.policies import Documents
from streams.core.terms import TWO_BOOKS, TWO_CATALOGS
from streams.core.window import Window
from tests.builders.drawing import meter, total
from tests.builders.terms import book, catalog, gpu_price, reserved, token_price
from tests.builders.usage import T0, call, interval


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
    assert shelf.asked == made.versions
    assert made.terms.versions in made.versions
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


class TwoCatalogs:
    """Policies of two catalogs by version."""

    def __init__(self, **catalogs: Catalog) -> None:
        self._catalogs = catalogs

    def of(self, price_book: str, names: str) -> Documents:
        return Documents(book(version=price_book), self._catalogs[names])


def test_a_line_that_a_newer_catalog_has_not_is_emitted_as_zero() -> None:
    """acme reserved the GPU, which nobody held for 10 s; then the reservation is found to be void.

    One who starts in between, and one who applied the batches in another order, emit the same.
    """
    prices = book(gpu_price("3.60"))
    policies = TwoCatalogs(old=catalog(reservations=reserved(acme=1000)), new=catalog())
    partials = []
    for seq, version in enumerate(("old", "new")):
        terms = Rules(prices, catalog(), 60_000_000, 0, None, seq)
        [partial] = meter(terms, interval(), seq=seq).partials
        partial["catalog"] = version
        partials.append(partial)
    one, other = partials
    where = WindowPool(one["window_start_us"], one["window_end_us"], "h100")
    drawn = Window(where, 0, policies)
    drawn.apply(one)
    before = {line["line_id"]: line["kind"] for line in drawn.changed()}
    assert "reserved_idle" in before.values()
    drawn.apply(other)
    after = {line["line_id"]: line for line in drawn.changed()}
    gone = [after[key] for key, kind in before.items() if kind == "reserved_idle"]
    assert [from_bytes(line["cost"] or b"?") for line in gone] == [0]
    assert total(drawn.final()) == 20_000_000_000  # twice 10 s at 3.60 an hour
    reverse = Window(where, 0, policies)
    reverse.apply(other)
    reverse.apply(one)
    assert sorted(map(repr, reverse.final())) == sorted(map(repr, drawn.final()))
