"""A price book as large as one that was imported from a public map."""

HEAD = "currency: USD\nprices:\n"


def big_book(prices: int, first: int = 0) -> str:
    """Return a book of so many prices, each of a model of its own; some 185 bytes a price."""
    return HEAD + "".join(map(_entry, range(first, first + prices)))


def _entry(number: int) -> str:
    return (
        f"  - {{meter: tokens.input, provider: openai, model: gpt-{number}, "
        f'price: "{number % 97}.{number * 7919 % 10**9:09}", per: 1000000, unit: Tokens, '
        'effective_from: 2026-01-01T00:00:00Z, source: "a price map of 2026-11"}\n'
    )
