"""Reads LiteLLM's price map: prices, uplifts, and what became of every field that speaks of money.

Nothing is dropped silently: each such field is taken, put aside with a reason, or not understood.
"""

from collections.abc import Mapping

from streams.prices.amounts import shown
from streams.prices.every_tier import in_every_tier
from streams.prices.found import (
    Aside,
    Fate,
    Found,
    Leaf,
    NotUnderstood,
    Path,
    Reading,
    Taken,
)
from streams.prices.json_text import Json, parse
from streams.prices.model_entry import Entry, open_entry, read_field
from streams.prices.money_words import price_leaves
from streams.prices.nested_fields import nested
from streams.prices.one_price import between_models, one_factor, within_model
from streams.prices.zeros import prices_of, without_placeholders

TEMPLATE = "sample_spec"  # the map's own description of its fields
ALLOWANCES = frozenset({"search_free_requests"})
UNITS_SAID = {"web_search_billing_unit": frozenset({"per_query"})}


def read_map(text: str) -> Reading:
    """Return what a price map says. Raises InvalidMap when it is none."""
    content, twice = parse(text)
    fates: list[Fate] = []
    found: list[tuple[Found, int]] = []
    for key, entry in content.items():
        of_model, distance = read_model(key, entry)
        fates += of_model
        for fate in of_model:
            found += [(price, distance) for price in prices_of(fate)]
    fates = list(one_factor(fates))
    raises = tuple(raised for fate in fates if isinstance(fate, Taken) for raised in fate.raises)
    prices, conflicts = between_models(found)
    return Reading(tuple(fates), (*prices, *in_every_tier(prices)), raises, conflicts, twice)


def read_model(key: str, content: Json) -> tuple[list[Fate], int]:
    """Return the fates of a model's fields, and how far its key is from the provider's own."""
    if not isinstance(content, dict):
        why = "expected an object of a model's fields"
        return [NotUnderstood(Leaf(key, (), shown(content)), why)], 0
    leaves = dict(price_leaves(content))
    if key == TEMPLATE:
        why = "the map's own template, no model"
        return [Aside(Leaf(key, path, shown(value)), why) for path, value in leaves.items()], 0
    provider = content.get("litellm_provider")
    if not isinstance(provider, str) or not (provider + key).isprintable() or not provider:
        return unnamed(key, leaves, "expected litellm_provider to say whose price this is"), 0
    entry = open_entry(key, content, provider)
    if not entry.identity.model:
        return unnamed(key, leaves, "expected a key that names a model"), 0
    fates = {fate.leaf.path: fate for fate in nested(entry, leaves)}
    for path, value in leaves.items():
        if path not in fates:
            fates[path] = _plain(entry, path, value)
    ordered = [fates[path] for path in leaves if path in fates]
    return without_placeholders(entry, within_model(ordered)), entry.identity.distance


def unnamed(key: str, leaves: Mapping[Path, Json], why: str) -> list[Fate]:
    """Return the fates of prices that nobody can be charged for."""
    return [NotUnderstood(Leaf(key, path, shown(value)), why) for path, value in leaves.items()]


def _plain(entry: Entry, path: Path, value: Json) -> Fate:
    """Return the fate of a field that no rule for nested ones has read."""
    leaf = entry.leaf(path, value)
    if path[0] in UNITS_SAID and isinstance(value, str) and value in UNITS_SAID[path[0]]:
        return Aside(leaf, "says what the price of a search is for, as it is taken")
    if path[0] in ALLOWANCES:
        return NotUnderstood(leaf, "a free allowance: all use is priced, from the first on")
    if len(path) > 1 and path[0] != "metadata":
        return NotUnderstood(leaf, f"no rule reads what is nested in {path[0]}")
    return read_field(entry, path, value)
