"""Prices that a map nests: by size of a search, of a prompt, by the hour, by kind of unit."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

from streams.core.meters import CALL_UNITS
from streams.prices.amounts import MOST, amount, factor
from streams.prices.field_names import read_name
from streams.prices.found import Fate, Found, Leaf, NotUnderstood, Path, Raise, Taken
from streams.prices.json_text import Json, Number
from streams.prices.meter_names import meter_of
from streams.prices.model_entry import Entry, When, place, read_field, thing_of
from streams.prices.off_peak import stretches

Reader: TypeAlias = Callable[[Entry, Path, Json], Iterator[Fate]]

SEARCHES = "call.web_searches"
SEARCH_SIZE = re.compile(r"search_context_size_([a-z]+)")
UPLIFT = re.compile(r"regional_(?:processing|endpoint)_uplift_multiplier(?:_([a-z][a-z0-9-]*))?")
ANY_BUT_GLOBAL = "[!g]*"  # a glob; no region but "global" begins with g
REGIONS = frozenset({"us", "eu", "apac", "au", "jp"})  # factors of these names are uplifts there
SPEEDS = frozenset({"fast"})  # factors of these names are service tiers


def nested(entry: Entry, leaves: Mapping[Path, Json]) -> Iterator[Fate]:
    """Yield the fates of nested fields; whatever is left unsaid is for the caller to notice."""
    for field, reader in READERS.items():
        if field in entry.content:
            yield from reader(entry, (field,), entry.content[field])
    for path, value in leaves.items():
        uplift = UPLIFT.fullmatch(path[-1])
        if uplift and len(path) == 1:
            yield _raise(entry, path, value, uplift[1] or ANY_BUT_GLOBAL)


def _searches(entry: Entry, path: Path, value: Json) -> Iterator[Fate]:
    """Read prices by size: a meter of its own, call.web_searches_low, only where sizes differ."""
    if not isinstance(value, dict):
        return
    same = len({str(each) for each in value.values()}) == 1
    for field, price in value.items():
        size = SEARCH_SIZE.fullmatch(field)
        meter = SEARCHES if same else f"{SEARCHES}_{size[1] if size else ''}"
        if size:
            yield _single(entry, entry.leaf((*path, field), price), price, (meter, "Queries"))


def _single(entry: Entry, leaf: Leaf, value: Json, meter: tuple[str, str]) -> Fate:
    price = amount(value)
    if isinstance(price, str):
        return NotUnderstood(leaf, price)
    return Taken(leaf, (Found(thing_of(entry, meter), price, *place(leaf)),))


def _by_size(entry: Entry, path: Path, value: Json) -> Iterator[Fate]:
    """Whole calls are priced by the range that their prompt is in: more than its lower bound."""
    for index, band in enumerate(value if isinstance(value, list) else ()):
        if not isinstance(band, dict):
            continue
        lower = _lower_bound(band.get("range"))
        for field, price in band.items():
            place_of = (*path, str(index), field)
            if field == "range" or read_name(field) is None:
                continue
            if lower is None:
                why = "expected a range of prompt sizes, from which number of tokens on"
                yield NotUnderstood(entry.leaf(place_of, price), why)
            else:
                yield read_field(entry, place_of, price, When(above_tokens=lower))


def _lower_bound(bounds: Json) -> int | None:
    """Return the tokens that a prompt of a range has more than."""
    if not isinstance(bounds, list) or len(bounds) != 2 or not isinstance(bounds[0], Number):  # noqa: PLR2004 - a range has two ends
        return None
    lower = amount(bounds[0])
    return int(lower) if isinstance(lower, Decimal) and lower == int(lower) else None


def _off_peak(entry: Entry, path: Path, value: Json) -> Iterator[Fate]:
    if not isinstance(value, dict):
        return
    hours = stretches(value)
    for field, price in value.items():
        if read_name(field) is None:
            continue
        if isinstance(hours, str):
            yield NotUnderstood(entry.leaf((*path, field), price), hours)
        else:
            yield read_field(entry, (*path, field), price, When(hours=hours))


def _units(entry: Entry, path: Path, value: Json) -> Iterator[Fate]:
    """Every kind of unit is a meter of its own: contentPolicyUnits, call.content_policy_units."""
    for field, price in value.items() if isinstance(value, dict) else ():
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field).lower()
        if re.fullmatch(r"[a-z][a-z0-9_]*", words):
            leaf = entry.leaf((*path, field), price)
            meter = f"call.{words}"
            yield _single(entry, leaf, price, (meter, CALL_UNITS.get(meter, "Units")))


def _factors(entry: Entry, path: Path, value: Json) -> Iterator[Fate]:
    for field, times in value.items() if isinstance(value, dict) else ():
        if field in REGIONS and isinstance(times, Number):
            yield _raise(entry, (*path, field), times, field)
        elif field in SPEEDS and isinstance(times, Number):
            yield _faster(entry, (*path, field), times)


def _raise(entry: Entry, path: Path, value: Json, region: str) -> Fate:
    leaf = entry.leaf(path, value)
    times = factor(value)
    if isinstance(times, str):
        return NotUnderstood(leaf, times)
    identity = entry.identity
    raised = Raise(identity.provider, identity.model, region, times, *place(leaf))
    return Taken(leaf, raises=(raised,))


def _faster(entry: Entry, path: Path, value: Json) -> Fate:
    """Return a tier whose token prices are the regular ones times a factor."""
    leaf = entry.leaf(path, value)
    times = factor(value)
    if isinstance(times, str):
        return NotUnderstood(leaf, times)
    prices = []
    for field, price in entry.content.items():
        name = read_name(field)
        known = amount(price)
        if not name or name.thing != "token" or name.tier or name.rest or isinstance(known, str):
            continue
        meter = meter_of(name, entry.mode)
        if not isinstance(meter, str) and known * times < MOST:
            thing = thing_of(entry, meter, path[-1], name.above_tokens)
            prices.append(Found(thing, known * times, *place(leaf)))
    return Taken(leaf, tuple(prices)) if prices else NotUnderstood(leaf, "no price to multiply")


READERS: dict[str, Reader] = {
    "search_context_cost_per_query": _searches,
    "tiered_pricing": _by_size,
    "off_peak_pricing": _off_peak,
    "guardrail_cost_per_unit": _units,
    "provider_specific_entry": _factors,
}
