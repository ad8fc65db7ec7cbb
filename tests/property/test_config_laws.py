"""Price books survive being written, grouped and spelled out, whatever is in them."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.config.document import read
from streams.config.fields import DAYS
from streams.config.price_book import load_price_book, price_book_of
from streams.config.price_document import Document
from streams.config.price_yaml import to_yaml
from streams.core.meters import CALL_UNITS, TOKEN_METERS

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
AWKWARD = st.sampled_from(
    ["1.5", "on", "~", "null", "2026-01-01", "<<", "- a", "a: b", "#", "'", "*x", "{"]
)
NAMES = TEXT | AWKWARD  # fmt: skip
AMOUNTS = st.decimals(0, 10**6, places=6).map(str) | st.sampled_from(["2.50", "1E+3", "0.000"])
ZONES = st.integers(-720, 720).map(lambda minutes: timezone(timedelta(minutes=minutes)))
BEGINS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=ZONES)  # noqa: DTZ001  # zones are drawn
HOURS = st.sampled_from(["16:30-00:30", "00:00-24:00", "08:00-09:00"])
WEEKDAYS = st.lists(st.sampled_from(DAYS), min_size=1, max_size=7)


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


DATED = maybe(effective_from=BEGINS, source=NAMES)
OF_CALLS = maybe(
    provider=NAMES,
    region=NAMES,
    service_tier=st.sampled_from(["Standard", "batch", "flex"]),
    above_tokens=st.integers(0, 10**6),
    hours=HOURS,
    days=WEEKDAYS,
)
TOKEN_KINDS = st.sampled_from([meter.removeprefix("tokens.") for meter in TOKEN_METERS])
CALL_KINDS = st.sampled_from([meter.removeprefix("call.") for meter in CALL_UNITS])


@st.composite
def groups(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """Prices of a model that no other entry is about."""
    amounts = st.dictionaries(TOKEN_KINDS, AMOUNTS, min_size=1, max_size=4)
    return {
        "model": f"{draw(NAMES)}-{number}",
        "per_million_tokens": draw(amounts),
        "per_unit": draw(st.dictionaries(CALL_KINDS, AMOUNTS, max_size=3)),
        **draw(OF_CALLS),
        **draw(DATED),
    }


@st.composite
def entries(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """A price of a thing that no other entry is about."""
    kinds: list[dict[str, Any]] = [
        {"meter": "gpu", "unit": "GPU-Hours"},
        {"meter": "gpu", "unit": "Node-Hours", "gpus_per_node": 8},
        {"meter": "resource.storage", "unit": "GB-Hours"},
        {"meter": "tokens.input", "unit": "Tokens", "per": 10**6},
    ]
    kind = draw(st.sampled_from(kinds))
    price = {"model": f"{draw(NAMES)}-{number}", "price": draw(AMOUNTS)}
    return {**kind, **price, **draw(maybe(list_price=AMOUNTS)), **draw(DATED)}


@st.composite
def overrides(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """What one tenant is charged."""
    rate = {"meter": "tokens.output", "unit": "Tokens", "per": 10**6}
    steps = [{"from": 0, "price": draw(AMOUNTS)}, {"from": 10**9, "price": draw(AMOUNTS)}]
    ways: list[dict[str, Any]] = [
        {"discount": "0.150"},
        {"markup": "0.05"},
        {**rate, "price": "2.0"},
        {**rate, "volume": steps},
    ]
    way = draw(st.sampled_from(ways))
    return {"tenant": f"{draw(NAMES)}-{number}", **way, **draw(DATED)}


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A price book without faults."""
    several = st.integers(0, 3)
    return Document.model_validate(
        {
            "currency": "EUR",
            "defaults": {"effective_from": draw(BEGINS), "source": draw(NAMES)},
            "prices": [draw(entries(n)) for n in range(draw(several))],
            "models": [draw(groups(n)) for n in range(draw(several))],
            "overrides": [draw(overrides(n)) for n in range(draw(several))],
            "uplifts": [
                {"region": f"eu-{n}", "factor": "1.10", "models": draw(st.lists(NAMES, max_size=2))}
                for n in range(draw(several))
            ],
        }
    )


@given(documents())
def test_a_document_survives_being_written_and_read(document: Document) -> None:
    written = to_yaml(document)
    again = read(Document, written, "book")
    assert again == document
    assert to_yaml(again) == written


@given(documents())
def test_a_book_is_the_same_however_it_is_said(document: Document) -> None:
    """As written, with defaults filled in, and with the prices of a model one by one."""
    short, long = price_book_of(document), load_price_book(to_yaml(document.normal()))
    assert (short.version, short.currency) == (long.version, long.currency)
    assert (short.prices, short.agreements) == (long.prices, long.agreements)


@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_fields_changes_no_version(document: Document, random: Any) -> None:  # noqa: ANN401  # Random of hypothesis
    said = document.model_dump(exclude_defaults=True)
    items = list(said.items())
    random.shuffle(items)
    assert price_book_of(Document.model_validate(dict(items))).version == (
        price_book_of(document).version
    )


@given(documents())
def test_every_figure_is_exact(document: Document) -> None:
    """Read back from the rate: a price is what it says, whatever it is held by."""
    for (_, entry), price in zip(document.entries, price_book_of(document).prices, strict=True):
        scale = 1 if price.meter == "gpu" else 10**6
        assert Decimal(price.rate) * entry.per_units == entry.price * 10**12 * scale


@given(HOURS, WEEKDAYS, st.integers(0, 7 * 24 * 60 - 1))
def test_a_minute_is_in_hours_that_began_on_one_of_their_days(
    hours: str, days: list[str], minute: int
) -> None:
    """By the calendar: Monday 2026-01-05, and whole minutes, as documents write them."""
    at = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(minutes=minute)
    begin, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in hours.split("-"))
    of_day = at.hour * 60 + at.minute
    today, before = DAYS[at.weekday()] in days, DAYS[at.weekday() - 1] in days
    if begin < end:
        expected = today and begin <= of_day < end
    else:
        expected = (today and of_day >= begin) or (before and of_day < end)
    group = {"model": "m", "per_unit": {"pages": 1}, "hours": hours, "days": days}
    defaults = {"effective_from": "2026-01-01T00:00:00Z", "source": "s"}
    document = {"currency": "EUR", "defaults": defaults, "models": [group]}
    (price,) = price_book_of(Document.model_validate(document)).prices
    since_epoch_us = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert price.covers(since_epoch_us % (7 * 86_400 * 10**6)) == expected
