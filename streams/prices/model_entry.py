"""One model's entry of a price map, and how a plain field of it is read."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from streams.core.meters import tier_of
from streams.prices.amounts import amount, shown
from streams.prices.field_names import Name, own_tiers, read_name
from streams.prices.found import (
    Aside,
    Fate,
    Found,
    Leaf,
    NotUnderstood,
    Path,
    Stretch,
    Taken,
    Thing,
)
from streams.prices.identity import Identity, identify
from streams.prices.json_text import Json
from streams.prices.meter_names import meter_of

# What is sold by the second whether it is called or not: throughput reserved for months.
RESERVED = "resource.provisioned_throughput"
RESERVED_UNIT = "Model-Unit-Seconds"
IN_UNITS_OF_DATABRICKS = re.compile(r"(?:^|_)(?:dbu|db)_cost_")
PICTURE_MODES = frozenset({"image_generation", "image_edit"})
SOUND_MODES = frozenset({"audio_speech"})
PICTURED = frozenset({"image", "pixel"})  # what a key's own quality and size are of


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the map, and what every field of it needs to be understood."""

    key: str
    content: dict[str, Json]
    identity: Identity
    mode: str | None
    tiers: frozenset[str]

    def leaf(self, path: Path, value: Json) -> Leaf:
        """Name a value of the entry."""
        return Leaf(self.key, path, shown(value))


@dataclass(frozen=True, slots=True)
class When:
    """Conditions that stand around a field, not in its name."""

    above_tokens: int | None = None
    hours: tuple[Stretch, ...] = ()


ALWAYS = When()


def open_entry(key: str, content: dict[str, Json], provider: str) -> Entry:
    """Return an entry with what its key and all of its fields say together."""
    mode = content.get("mode")
    return Entry(
        key=key,
        content=content,
        identity=identify(key, provider),
        mode=mode if isinstance(mode, str) else None,
        tiers=own_tiers(list(content)),
    )


def read_field(entry: Entry, path: Path, value: Json, when: When = ALWAYS) -> Fate:
    """Return the fate of a field whose name says what it prices."""
    leaf = entry.leaf(path, value)
    beside = no_price_of_ours(path, value)
    if beside:
        return Aside(leaf, beside)
    name = read_name(path[-1])
    if name is None:
        return NotUnderstood(leaf, "no rule reads this name")
    price = amount(value)
    if isinstance(price, str):
        return NotUnderstood(leaf, price)
    priced = _reserved if entry.identity.commitment else _priced
    return priced(entry, leaf, name, price, when)


def no_price_of_ours(path: Path, value: Json) -> str | None:
    """Return why a field that is understood is no price; None when it is one."""
    field = path[-1]
    if value is None:
        return "no price is said"
    if IN_UNITS_OF_DATABRICKS.search(field):
        return "in Databricks units, not money; the entry has its price in money too"
    if path[0] == "metadata" and field.startswith("original_pricing_"):
        return "says again, in another unit, what a price of the entry says"
    return None


def _priced(entry: Entry, leaf: Leaf, name: Name, price: Decimal, when: When) -> Fate:
    if name.rest in entry.tiers:
        name = replace(name, tier=tier_of(name.rest), rest="")
    if name.rest:
        return NotUnderstood(leaf, f"nothing says what {name.rest} means")
    if when.above_tokens is not None and name.above_tokens is not None:
        return NotUnderstood(leaf, "two conditions on the size of the prompt")
    above = name.above_tokens if when.above_tokens is None else when.above_tokens
    return take(entry, leaf, name, price, replace(when, above_tokens=above))


def take(entry: Entry, leaf: Leaf, name: Name, price: Decimal, when: When) -> Fate:
    """Return a price as taken, if there is a meter for what it is of."""
    if entry.identity.quality and name.thing in PICTURED:
        both = filter(None, (entry.identity.quality, name.quality))
        name = replace(name, quality="_".join(both))
    if name.thing in PICTURED and name.of == "input" and makes_what_it_is_asked_for(entry):
        name = replace(name, of="output")
    if name.thing in PICTURED and name.of == "output" and not makes_pictures(entry):
        return NotUnderstood(leaf, "a price by the picture of a model that makes none")
    meter = meter_of(name, entry.mode)
    if isinstance(meter, str):
        return NotUnderstood(leaf, meter)
    if name.tier and entry.identity.tier:
        return NotUnderstood(leaf, "two service tiers, one in the key and one in the field")
    return Taken(
        leaf,
        tuple(
            Found(thing_of(entry, meter, name.tier, when.above_tokens, hours), price, *place(leaf))
            for hours in when.hours or (None,)
        ),
    )


def thing_of(
    entry: Entry,
    meter: tuple[str, str],
    tier: str | None = None,
    above_tokens: int | None = None,
    hours: Stretch | None = None,
) -> Thing:
    """Return what a price of an entry is of."""
    identity = entry.identity
    return Thing(
        identity.provider,
        identity.model,
        identity.region,
        tier or identity.tier,
        above_tokens or None,  # more than no tokens at all is every call
        hours,
        *meter,
    )


def makes_what_it_is_asked_for(entry: Entry) -> bool:
    """Whether an `input` price by the picture or pixel is of the pictures that come out.

    So it is where the key says their size, and where nothing that comes out has another price.
    """
    if entry.mode not in PICTURE_MODES:
        return False
    made = (field for field in entry.content if field.startswith("output_cost_per_"))
    return bool(entry.identity.quality) or not any(
        isinstance(price := amount(entry.content[field]), Decimal) and price for field in made
    )


def makes_pictures(entry: Entry) -> bool:
    """Whether a model makes pictures, as far as the map says what it makes."""
    made = entry.content.get("supported_output_modalities")
    return entry.mode not in SOUND_MODES and not (isinstance(made, list) and "image" not in made)


def place(leaf: Leaf) -> tuple[str, Path]:
    """Return where a price was said."""
    return leaf.key, leaf.path


def _reserved(entry: Entry, leaf: Leaf, name: Name, price: Decimal, when: When) -> Fate:
    """Return a price of reserved throughput: a resource whose sku is the key."""
    if when != ALWAYS or name.thing != "second" or name.rest or name.tier or name.quality:
        return NotUnderstood(leaf, "reserved throughput is sold by the second")
    _, _, sku = entry.key.partition("/")
    thing = Thing(entry.identity.provider, sku, None, None, None, None, RESERVED, RESERVED_UNIT)
    return Taken(leaf, (Found(thing, price, *place(leaf)),))
