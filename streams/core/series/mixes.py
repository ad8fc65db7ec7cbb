"""Whose price differs by itself, as the price book has it: a unit of it costs now more, now less.

By the size of the prompt, by the hour, or by how much of it a commitment covers.
"""

from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from streams.core.commitments import Commitment
from streams.core.price_book import PriceBook
from streams.core.series.bought import Item

NAMES_KEPT: Final = 10_000


class Mixes:
    """Models with such prices."""

    def __init__(
        self, models: frozenset[str] = frozenset(), commitments: tuple[Commitment, ...] = ()
    ) -> None:
        self._models = models
        self._commitments = commitments
        self._is_committed = lru_cache(NAMES_KEPT)(self._committed)

    @classmethod
    def of(cls, book: PriceBook) -> "Mixes":
        """Return those of a price book, of whatever time its prices are."""
        models = frozenset(each.model for each in book.prices if each.from_tokens or each.hours)
        return cls(models, book.agreements.commitments)

    def has(self, item: Item) -> bool:
        """Whether the price of an item differs by itself."""
        return item.model in self._models or self._is_committed(item.provider, item.model)

    def _committed(self, provider: str, model: str) -> bool:
        return any(
            each.provider == provider and any(fnmatchcase(model, glob) for glob in each.models)
            for each in self._commitments
        )
