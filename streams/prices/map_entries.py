"""Prices found in a map as entries of a price book, and short again for people to read."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from streams.config.agreements import Uplift
from streams.config.fields import DAYS, Dated
from streams.config.model_prices import CALL_KINDS, MILLION, TOKEN_KINDS, TOKEN_PREFIX, ModelPrices
from streams.config.price_entry import RESOURCE_PREFIX, Entry
from streams.core.meters import CALL_PREFIX
from streams.prices.amounts import whole
from streams.prices.found import Raise, Stretch, Thing

SHARED = tuple(name for name in ModelPrices.model_fields if name in Entry.model_fields)
OURS = "LiteLLM price map"  # how the source of an imported entry begins


class Place(NamedTuple):
    """What there is one price of at a time, as an entry of a book says it."""

    meter: str
    unit: str
    provider: str | None
    model: str
    region: str | None
    tier: str | None
    step: int
    hours: str | None
    days: tuple[str, ...] | None


def is_ours(source: str | None) -> bool:
    """Whether an import wrote an entry, and may end it."""
    return source is not None and source.startswith(OURS)


def place_of_entry(entry: Entry) -> Place:
    """Return what an entry prices."""
    return Place(
        entry.meter,
        entry.unit,
        entry.provider,
        entry.model,
        entry.region,
        entry.service_tier,
        entry.step,
        entry.hours,
        entry.days,
    )


def place_of_thing(thing: Thing) -> Place:
    """Return what a price found in a map is of. Resources have no provider."""
    step = 0 if thing.above_tokens is None else thing.above_tokens + 1
    hours, days = (None, None) if thing.hours is None else _clock(thing.hours)
    provider = None if thing.meter.startswith(RESOURCE_PREFIX) else thing.provider
    return Place(
        thing.meter,
        thing.unit,
        provider,
        thing.model,
        thing.region,
        thing.tier,
        step,
        hours,
        days,
    )


def _clock(stretch: Stretch) -> tuple[str, tuple[str, ...] | None]:
    begin, end = (f"{m // 60:02}:{m % 60:02}" for m in (stretch.begin_minute, stretch.end_minute))
    days = tuple(DAYS[day] for day in stretch.days)
    return f"{begin}-{end}", None if days == DAYS else days


def entry_of(place: Place, price: Decimal, key: str, begin: datetime) -> Entry:
    """Return the entry of a price of one unit, exact, from an instant on."""
    per = MILLION if place.meter.startswith(TOKEN_PREFIX) else 1
    given = {
        "meter": place.meter,
        "model": place.model,
        "provider": place.provider,
        "region": place.region,
        "service_tier": place.tier,
        "above_tokens": place.step - 1 if place.step else None,
        "hours": place.hours,
        "days": place.days,
        "price": plain(whole(price) * per),
        "per": per,
        "unit": place.unit,
        "effective_from": begin,
        "source": f"{OURS}: {key}",
    }
    return Entry.model_validate({name: value for name, value in given.items() if value is not None})


def plain(number: Decimal) -> Decimal:
    """Return a decimal written in one way only, with no exponent.

    >>> plain(Decimal("2.50")), plain(Decimal("2E+1"))
    (Decimal('2.5'), Decimal('20'))
    """
    return Decimal(f"{number.normalize():f}")


def uplift_of(raised: Raise, begin: datetime) -> Uplift:
    """Return a factor on one model's prices as an entry of a book."""
    return Uplift(
        region=raised.region,
        factor=plain(raised.factor),
        provider=raised.provider,
        models=(literal(raised.model),),
        effective_from=begin,
        source=f"{OURS}: {raised.key}",
    )


def literal(name: str) -> str:
    """Return a glob that only this name matches.

    >>> literal("a*[b]")
    'a[*][[]b]'
    """
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def grouped(entries: Iterable[Entry]) -> tuple[tuple[Entry, ...], tuple[ModelPrices, ...]]:
    """Return entries as a document has them: those of one model together, where it can say so."""
    ordered = sorted(entries, key=_order)
    single = tuple(entry for entry in ordered if not _can_be_grouped(entry))
    rest = [entry for entry in ordered if _can_be_grouped(entry)]
    return single, tuple(_group(list(group)) for _, group in groupby(rest, key=_shared))


def _can_be_grouped(entry: Entry) -> bool:
    if entry.meter.startswith(TOKEN_PREFIX):
        return entry.per == MILLION
    return entry.meter.removeprefix(CALL_PREFIX) in CALL_KINDS and entry.per == 1


def _order(entry: Entry) -> tuple[object, ...]:
    return (*_shared(entry), entry.meter)


def _shared(entry: Entry) -> tuple[object, ...]:
    """Return what the prices of a group have in common, in a form that sorts."""
    return (
        entry.provider or "",
        entry.model,
        entry.region or "",
        entry.service_tier or "",
        entry.step,
        entry.hours or "",
        entry.days or (),
        entry.effective_from.isoformat() if entry.effective_from else "",
        entry.effective_to.isoformat() if entry.effective_to else "",
        entry.source or "",
    )


def _group(entries: list[Entry]) -> ModelPrices:
    prices = {entry.meter: entry.price for entry in entries}
    tokens = {kind: prices.get(TOKEN_PREFIX + kind) for kind in TOKEN_KINDS}
    units = {kind: prices.get(CALL_PREFIX + kind) for kind in CALL_KINDS}
    shared = {name: getattr(entries[0], name) for name in SHARED}
    said = {
        **shared,
        "per_million_tokens": {kind: price for kind, price in tokens.items() if price is not None},
        "per_unit": {kind: price for kind, price in units.items() if price is not None},
    }
    return ModelPrices.model_validate({k: v for k, v in said.items() if v not in (None, {})})


def holds(entry: Dated, at: datetime) -> bool:
    """Whether an entry is in force at an instant; its dates are filled in."""
    begun = entry.effective_from is not None and entry.effective_from <= at
    return begun and (entry.effective_to is None or entry.effective_to > at)
