"""YAML as documents are written in it: exact, bounded, no key twice."""

from datetime import UTC, datetime

import pytest

from streams.config.errors import InvalidDocument, NotYaml
from streams.config.places import marks
from streams.config.price_book import load_price_book
from streams.config.yaml_content import MAX_DEPTH, content


def said(text: str) -> object:
    found, doubled = content(text)
    assert doubled == []
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.50", "2.50"),  # a float would lose the last digit, and much more of longer ones
        ("1e-12", "1e-12"),
        (".inf", ".inf"),
        ("!!float 2.50", "2.50"),
        ("1_000", 1000),
        ('"1000"', "1000"),
        ("!!int '7'", 7),
        ("yes", True),
        ("~", None),
        ("", None),
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-02-31", "2026-02-31"),  # no such day: whoever reads it says so
        ("2026-01-01T25:00:00Z", "2026-01-01T25:00:00Z"),
        ("9" * 5000, "9" * 5000),  # longer than Python turns into a number
        ("{a: &x {b: 1}, c: *x}", {"a": {"b": 1}, "c": {"b": 1}}),
        ("{a: &x 5, c: [*x, *x]}", {"a": 5, "c": [5, 5]}),
        ("[&x {a: 1, b: 1}, {<<: *x, b: 2}]", [{"a": 1, "b": 1}, {"a": 1, "b": 2}]),
        ("[&x {a: 1}, &y {a: 2, c: 3}, {<<: [*x, *y]}]",
         [{"a": 1}, {"a": 2, "c": 3}, {"a": 1, "c": 3}]),
        ('{"<<": 1}', {"<<": 1}),
    ],
)  # fmt: skip
def test_a_text_means_what_it_says(text: str, expected: object) -> None:
    found = said(text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: [", (2, 1), "expected YAML"),
        ("a: 1\nb: *x", (2, 4), "expected &x before *x"),
        ("a: &x [*x]", (1, 8), "expected &x before *x"),
        ("--- 1\n--- 2", (2, 1), "expected one document"),
        ("? [a]\n: 1", (1, 5), "text as a key"),
        ("{<<: 1}", (1, 6), "a mapping, or a list of them"),
        ("a: !!python/name:os.system x", (1, 4), "expected no tag"),
        ("a: !!set {b}", (1, 4), "expected no tag"),
        ("[" * (MAX_DEPTH + 1), (1, MAX_DEPTH + 1), "levels"),
        ("a: \x00", None, "expected YAML"),
        ("a: \ud800", None, "expected YAML"),
    ],
)
def test_what_no_document_may_be_is_refused_with_its_place(
    text: str, place: tuple[int, int] | None, words: str
) -> None:
    with pytest.raises(NotYaml, match="expected") as caught:
        content(text)
    assert (caught.value.mark, words in str(caught.value)) == (place, True)


@pytest.mark.parametrize("kind", ["[{}]", "{{<<: [{}]}}"])
def test_aliases_count_as_what_they_repeat(kind: str) -> None:
    """Ten lines that stand for 10 ** 9 values, as lists and as mappings that are merged."""
    first = "a0: &a0 {k: [1, 1, 1, 1, 1, 1, 1, 1]}\n"
    lines = (f"a{n + 1}: &a{n + 1} {kind.format(', '.join([f'*a{n}'] * 10))}\n" for n in range(9))
    with pytest.raises(NotYaml, match="an alias counted as all that it repeats"):
        content(first + "".join(lines))


def test_every_doubled_key_is_named_and_the_rest_still_read() -> None:
    found, doubled = content("a: {b: 1, b: 2}\nc: [{d: 1}, {d: 2, d: 3}]\na: 4\n")
    assert found == {"a": 4, "c": [{"d": 1}, {"d": 3}]}
    assert [(each.loc, each.mark) for each in doubled] == [
        (("a", "b"), (1, 11)),
        (("c", 1, "d"), (2, 20)),
        (("a",), (3, 1)),
    ]


@pytest.mark.parametrize(
    ("loc", "place"),
    [
        ((), (1, 1)),
        (("prices", 0, "price"), (2, 16)),
        (("prices", 0, "price", "[key]"), (2, 9)),
        (("prices", 0, "missing"), (2, 5)),
        (("prices", 1, "meter"), (3, 5)),  # inside what an alias repeats: the alias
        (("prices", 9), (2, 3)),
        (("nothing",), (1, 1)),
    ],
)
def test_a_place_is_found_or_the_innermost_around_it(
    loc: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    text = "prices:\n  - &x {price: 1}\n  - *x\n"
    assert marks(text, [loc])[loc] == place


def test_a_doubled_key_is_reported_beside_all_other_faults() -> None:
    with pytest.raises(InvalidDocument) as caught:
        load_price_book("currency: USD\ncurrency: dollars\nprices: 1\n")
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "line 2, column 1, currency",
        "line 2, column 11, currency",
        "line 3, column 9, prices",
    ]


def test_a_doubled_key_alone_refuses_the_document() -> None:
    """Which of the two was meant is not known."""
    with pytest.raises(InvalidDocument, match="line 2, column 1, currency: expected 'currency' on"):
        load_price_book("currency: USD\ncurrency: EUR\nprices: []\n")


def test_what_came_is_shown_in_short() -> None:
    """The whole of it could be as long as the document."""
    with pytest.raises(InvalidDocument) as caught:
        load_price_book(f"currency: USD\nprices: {{a: {'x' * 10_000}}}\n{'y' * 500}: 1\n")
    assert all(len(fault) < 400 for fault in caught.value.faults)
