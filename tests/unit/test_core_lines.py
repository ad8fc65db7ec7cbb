"""A line's identity: its window, pool and dimensions, nothing else."""

from itertools import combinations

import pytest

from streams.core.lines import Dimensions, Edition, Figures, Money, WindowPool, line_id, to_record
from tests.builders.drawing import lines, meter
from tests.builders.terms import GPT_4O, book, gpu_price, rules, token_price
from tests.builders.usage import T0, call, holder, interval

WHERE = WindowPool(T0, T0 + 60, "h100")
WHAT = Dimensions(
    "acme", "p", "used", "gpu.active", "openai", "m", "e", "j", "GPU-Microseconds", "eu", "batch"
)
SEPARATOR = "\x1f"


def test_an_identity_is_32_hex_digits_and_never_changes() -> None:
    assert line_id(WHERE, WHAT) == line_id(WHERE, WHAT)
    assert len(line_id(WHERE, WHAT)) == 32
    int(line_id(WHERE, WHAT), 16)


@pytest.mark.parametrize("field", Dimensions._fields)
@pytest.mark.parametrize("other", ["other", None, ""])
def test_every_dimension_is_part_of_the_identity(field: str, other: str | None) -> None:
    changed = WHAT._asdict() | {field: other}
    assert line_id(WHERE, Dimensions(**changed)) != line_id(WHERE, WHAT)


@pytest.mark.parametrize(
    "where",
    [
        WindowPool(T0 + 1, T0 + 60, "h100"),
        WindowPool(T0, T0 + 61, "h100"),
        WindowPool(T0, T0 + 60, "a"),
    ],
)
def test_window_and_pool_are_part_of_the_identity(where: WindowPool) -> None:
    assert line_id(where, WHAT) != line_id(WHERE, WHAT)


def test_no_text_in_a_dimension_can_take_another_line_s_identity() -> None:
    """Names come from producers: one that holds a separator must not collide with two."""
    tricky = [
        WHAT,
        WHAT._replace(provider=f"openai{SEPARATOR}m", model="e", endpoint="j", job=""),
        WHAT._replace(provider="openai", model=f"m{SEPARATOR}e", endpoint="j", job=""),
        WHAT._replace(provider="openai", model="m", endpoint=f"e{SEPARATOR}j", job=""),
        WHAT._replace(model=f"m{SEPARATOR}e", endpoint="x"),
        WHAT._replace(model="m", endpoint=f"e{SEPARATOR}x"),
        WHAT._replace(job=None),
        WHAT._replace(job="\x00"),
        WHAT._replace(job="-"),
    ]
    for one, two in combinations(tricky, 2):
        assert line_id(WHERE, one) != line_id(WHERE, two), (one, two)


def test_prices_and_editions_do_not_change_an_identity() -> None:
    def identities(model_price: str, hour_price: str, version: str) -> list[str]:
        priced = book(
            *(token_price(each.meter, model_price) for each in GPT_4O),
            gpu_price(hour_price),
            version=version,
        )
        usage = [call(cache_read_tokens=5)], [interval(holder(7, tenant="acme"))]
        partials = [p for events in usage for p in meter(rules(priced), *events).partials]
        return sorted(line["line_id"] for line in lines(partials))

    assert identities("1", "2", "a") == identities("9", "0", "b")


def test_a_record_carries_figures_and_edition() -> None:
    edition = Edition("EUR", "book", "catalog", 3, 17, "corrected")
    record = to_record(WHERE, WHAT, Figures(-1, Money(255, 256, 3), 2), edition)
    assert (record["quantity"], record["cost"], record["events"]) == (b"\xff", b"\x00\xff", 2)
    assert (record["list_cost"], record["billed_cost"]) == (b"\x01\x00", b"\x03")
    assert (record["generation"], record["revision"], record["status"]) == (3, 17, "corrected")
    assert (record["currency"], record["price_book"], record["catalog"]) == (
        "EUR",
        "book",
        "catalog",
    )
    assert to_record(WHERE, WHAT, Figures(1, None), edition)["cost"] is None


def test_a_generation_says_how_many_lines_it_has_and_why() -> None:
    streamed = Edition("EUR", "book", "catalog", 0, 17, "final")
    repaired = Edition("EUR", "book", "catalog", 1, 18, "corrected", lines=4, note="late batches")
    records = [to_record(WHERE, WHAT, Figures(), each) for each in (streamed, repaired)]
    assert [(record["lines"], record["note"]) for record in records] == [
        (None, None),
        (4, "late batches"),
    ]
