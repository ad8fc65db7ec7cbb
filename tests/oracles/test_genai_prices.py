"""The prices of a LiteLLM map, rated by `core`, against what the genai-prices library says.

Where the two differ the table beside this file says for which calls, and why; a difference that is
not in it fails, and so does one in it that is no more.
"""

import csv
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest

from streams.config.price_book import price_book_of
from streams.config.price_document import Document
from streams.core.list_price import call_cost
from streams.core.windows import SECOND_US
from streams.prices.litellm import read_map
from streams.prices.merge import import_into
from tests.oracles.genai_cases import Case, cases_of

TABLE = Path(__file__).with_name("genai_disagreements.csv")
# When the maps were published. The library knows prices by date where they changed since.
MAPS = {
    "2025-08": datetime(2025, 8, 20, 12, tzinfo=UTC),
    "2026-11": datetime(2026, 11, 20, 12, tzinfo=UTC),
}
LEAST_CASES = 2_000


def compared(month: str, shared_data: Path) -> list[tuple[Case, bool]]:
    """Return calls to all models of a map, and whether both say that they cost the same."""
    text = (shared_data / "prices" / f"litellm_{month}.json").read_text(encoding="utf-8")
    at = MAPS[month]
    empty = Document(currency="USD", prices=())
    book = price_book_of(import_into(empty, read_map(text), at - timedelta(days=1)).document)
    at_us = int(at.timestamp()) * SECOND_US
    return [
        (case, call_cost(case.event(at_us), book) == theirs.cost_pico(case, at))
        for case, theirs in cases_of(book, at)
    ]


@pytest.mark.shared
def test_costs_agree_to_the_last_pico_or_a_reason_is_known(shared_data: Path) -> None:
    found = {month: compared(month, shared_data) for month in MAPS}
    differences: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for month, cases in found.items():
        for case, agrees in cases:
            if not agrees:
                differences[month, case.provider, case.model].append(case.label)
    explained = {
        (row["map"], row["provider"], row["model"]): row["calls"].split("; ") for row in table()
    }
    assert dict(differences) == explained
    assert len(list(chain(*found.values()))) >= LEAST_CASES


def test_every_disagreement_has_a_reason() -> None:
    assert all(row["reason"].strip() for row in table())


def table() -> list[dict[str, str]]:
    """Return the rows of the table."""
    with TABLE.open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))
