"""Prices of 0: a model that is free, or one whose price nobody filled in.

A 0 beside prices that are not 0 is a price: output of an embedding. Where all of a model's prices
are 0 they are taken only if something else says that it is free; else its usage stays unpriced,
which is seen, and not free, which is not.
"""

import re

from streams.prices.every_tier import is_extra
from streams.prices.found import Aside, Fate, Found, Taken
from streams.prices.model_entry import Entry

# Software that a site runs by itself: nobody sends a bill for a call.
RUN_BY_SITE = frozenset({
    "duckduckgo", "hosted_vllm", "lemonade", "llamafile", "lm_studio", "ollama", "ollama_chat",
    "searxng", "vllm", "xinference",
})  # fmt: skip
FREE_MODES = frozenset({"moderation"})  # whose public price is 0
# `:free` variants, and experiments, which are given away until they have a price.
FREE_NAME = re.compile(r"[:/_-](?:free$|exp(?:erimental)?(?![a-z]))", re.IGNORECASE)
FREE_NOTE = re.compile(r"\bat no cost\b|\bfree of charge\b", re.IGNORECASE)
PLACEHOLDER = "every price of the model is 0 and nothing says it is free"


def without_placeholders(entry: Entry, fates: list[Fate]) -> list[Fate]:
    """Return the fates of an entry, prices of 0 that nobody meant put aside."""
    own = [found for fate in fates for found in prices_of(fate) if not is_extra(found)]
    if any(found.price for found in own) or is_free(entry):
        return fates
    return [
        Aside(fate.leaf, PLACEHOLDER) if isinstance(fate, Taken) and all_zero(fate) else fate
        for fate in fates
    ]


def is_free(entry: Entry) -> bool:
    """Whether something but the price says that a model is free."""
    return (
        entry.identity.provider in RUN_BY_SITE
        or entry.mode in FREE_MODES
        or FREE_NAME.search(entry.key) is not None
        or FREE_NOTE.search(note_of(entry)) is not None
    )


def note_of(entry: Entry) -> str:
    """Return what the map's people wrote beside a model."""
    metadata = entry.content.get("metadata")
    note = metadata.get("notes") if isinstance(metadata, dict) else None
    return note if isinstance(note, str) else ""


def prices_of(fate: Fate) -> tuple[Found, ...]:
    """Return the prices that a field became."""
    return fate.prices if isinstance(fate, Taken) else ()


def all_zero(taken: Taken) -> bool:
    """Whether a field became prices, and all of them are 0."""
    return bool(taken.prices) and not any(found.price for found in taken.prices)
