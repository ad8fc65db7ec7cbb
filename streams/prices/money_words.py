"""Which fields of a price map speak of money."""

import re
from collections.abc import Iterator

from streams.prices.found import Path
from streams.prices.json_text import Json, Number

WORDS = frozenset({
    "billed", "billing", "charge", "charges", "cost", "costs", "credit", "credits", "dbu",
    "discount", "discounts", "fee", "fees", "free", "markup", "multiplier", "price", "priced",
    "prices", "pricing", "rate", "rates", "rebate", "surcharge", "uplift",
})  # fmt: skip
# Numbers in here are factors, whatever they are called.
FACTORS = "provider_specific_entry"
# Parts of a price that say when or for what it holds; they are read with it.
CONDITIONS = frozenset({
    "hours_utc", "max_results_range", "period", "range", "shared_group", "weekday_timezone",
    "weekdays", "windows",
})  # fmt: skip
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def speaks_of_money(name: str) -> bool:
    """Whether one of the words of a name is about money.

    >>> speaks_of_money("input_cost_per_token"), speaks_of_money("supports_moderation")
    (True, False)
    """
    return any(word.lower() in WORDS for word in WORD.findall(name))


def price_leaves(
    value: Json, path: Path = (), *, money: bool = False, factors: bool = False
) -> Iterator[tuple[Path, Json]]:
    """Yield every value of an entry that speaks of money, and where it is.

    Those are all values whose own name does, or the name of something they are part of.
    """
    if isinstance(value, dict):
        for name, below in value.items():
            if name not in CONDITIONS:
                yield from price_leaves(
                    below,
                    (*path, name),
                    money=money or speaks_of_money(name),
                    factors=factors or name == FACTORS,
                )
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from price_leaves(below, (*path, str(index)), money=money, factors=factors)
    elif money or (factors and isinstance(value, Number)):
        yield path, value
