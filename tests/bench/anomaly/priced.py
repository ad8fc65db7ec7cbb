"""What the calls and GPUs of the bench cost: models of a real price map, and two GPU models."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from streams.config.document import read
from streams.config.fields import EPOCH
from streams.config.price_book import WHAT, price_book_of
from streams.config.price_document import Document
from streams.core.call_price import Used, by_meter
from streams.core.money import half_even
from streams.core.price import TOKEN_DIVISOR
from streams.core.price_book import MeterUnit, PriceBook, Rates
from streams.prices.litellm import read_map
from streams.prices.merge import import_into

MAP = "litellm_2026-11.json"
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
PROVIDERS: Final = {
    "gpt-4o": "openai",
    "gpt-4o-mini": "openai",
    "gpt-4.1": "openai",
    "gpt-4.1-mini": "openai",
    "claude-sonnet-4-5": "anthropic",
    "claude-haiku-4-5": "anthropic",
}
CHEAP_TO_DEAR: Final = {
    "gpt-4o-mini": "gpt-4o",
    "gpt-4.1-mini": "gpt-4.1",
    "claude-haiku-4-5": "claude-sonnet-4-5",
}
GPUS = """\
currency: USD
prices:
  - {meter: gpu, model: H100, price: "2.99", unit: GPU-Hours,
     effective_from: 2020-01-01T00:00:00Z, source: "a public list of 2026"}
  - {meter: gpu, model: A100, price: "1.79", unit: GPU-Hours,
     effective_from: 2020-01-01T00:00:00Z, source: "a public list of 2026"}
"""


@dataclass(frozen=True, slots=True)
class Raise:
    """The price of a model times `factor` in [from_us, to_us)."""

    model: str
    factor: Decimal
    from_us: int
    to_us: int


class Prices:
    """The price map as it is, and as it is with raises."""

    def __init__(self, folder: Path) -> None:
        whole: Mapping[str, dict[str, object]] = json.loads(
            (folder / "prices" / MAP).read_text(encoding="utf-8"), parse_float=Decimal
        )
        self._entries = {model: whole[model] for model in PROVIDERS}
        gpus = read(Document, GPUS, WHAT)
        self._document = import_into(gpus, read_map(text(self._entries)), SINCE).document
        self.book = price_book_of(self._document)

    def raised(self, raises: list[Raise]) -> PriceBook:
        """Return the book that has the raises, each imported as an operator imports a new map."""
        document = self._document
        edges = [(each.from_us, each.model, each.factor) for each in raises]
        edges += [(each.to_us, each.model, Decimal(1)) for each in raises]
        for at_us, model, factor in sorted(edges):
            changed = read_map(text({model: times(self._entries[model], factor)}))
            at = EPOCH + timedelta(microseconds=at_us)
            document = import_into(document, changed, at).document
        return price_book_of(document)


def rates_of(book: PriceBook, model: str, at_us: int) -> Rates:
    """Return what the tokens of a model cost at an instant; none of ours has steps by size."""
    return book.call_rates(PROVIDERS[model], model, None, None).at(at_us).at(0)


def costs_of(used: Used, rates: Rates) -> dict[MeterUnit, tuple[int, int]]:
    """Return (tokens, pico) of each meter that calls of one use have a line of in a minute."""
    return {
        meter: (tokens, half_even(tokens * rates[meter].cost, TOKEN_DIVISOR))
        for meter, tokens in by_meter(used, rates).items()
    }


def cost_of(used: Used, rates: Rates) -> int:
    """Return what calls of one use cost in a minute, in pico."""
    return sum(cost for _, cost in costs_of(used, rates).values())


def times(entry: Mapping[str, object], factor: Decimal) -> dict[str, object]:
    """Return the entry of a model with its prices multiplied."""
    return {
        name: value * factor if isinstance(value, Decimal) and "cost" in name else value
        for name, value in entry.items()
    }


def text(entries: Mapping[str, Mapping[str, object]]) -> str:
    """Return a price map as its file has it; numbers keep their digits."""
    return json.dumps(entries, default=float)
