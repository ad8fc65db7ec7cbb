"""Two dated price maps over a real trace: what a replay says changes is new less old, exactly.

The sums it is compared with are made here, call by call, in fractions, from the maps' own text.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from clickhouse.client import Connection, connect
from clickhouse.migrate import migrate
from schemas.records import InferenceUsage
from streams.config.price_document import Document as Book
from streams.config.price_yaml import to_yaml
from streams.demo import azure_trace
from streams.prices.litellm import read_map
from streams.prices.merge import import_into
from streams.replay.ask import Direct
from streams.replay.changes import Changes
from streams.replay.chunk import Askers, Request, replay
from streams.replay.encoded import encoded, totals
from streams.replay.plan import plan
from streams.replay.versions import Versions
from tests import engines
from tests.builders.archived import Document, Live
from tests.builders.terms import WINDOW_US
from tests.builders.usage import call

pytestmark = [pytest.mark.integration, pytest.mark.shared, pytest.mark.timeout(300)]

TRACE = "azure_llm_2023_conv.csv"
MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "o3", "o4-mini", "gpt-5", "chatgpt-4o-latest")
TENANTS = ("search", "assistant", "fraud")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FOREVER_US = 1 << 52
PICO = 10**12
BATCH = 500

Prices = Mapping[str, Mapping[str, str]]


def trace(path: Path) -> list[InferenceUsage]:
    """Return the trace's calls, dealt to models and tenants."""
    with path.open(encoding="utf-8") as lines:
        return [
            call(
                at_us=row.at_us,
                model=MODELS[number % len(MODELS)],
                tenant=TENANTS[number % len(TENANTS)],
                input_tokens=row.input_tokens,
                output_tokens=row.output_tokens,
            )
            for number, row in enumerate(azure_trace.rows(path, lines))
        ]


def exact(calls: list[InferenceUsage], prices: Prices) -> int:
    """Return what calls cost in pico: tokens x price, summed and rounded by line."""
    lines: dict[tuple[int, str, str, str], Fraction] = {}
    for each in calls:
        window = each["at_us"] // WINDOW_US
        for kind in ("input", "output"):
            price = prices.get(str(each["model"]), {}).get(f"{kind}_cost_per_token")
            tokens = each["input_tokens"] if kind == "input" else each["output_tokens"]
            key = (window, str(each["tenant"]), each["model"], kind)
            cost = Fraction(price or "0") * (tokens or 0) * PICO
            lines[key] = lines.get(key, Fraction(0)) + cost
    return sum(round(cost) for cost in lines.values())


def book_of(text: str, at_us: int) -> Document:
    """Return a map as a published book whose prices always held."""
    empty = Book(currency="USD", prices=())
    return Document(to_yaml(import_into(empty, read_map(text), LONG_AGO).document), at_us)


def changes(connection: Connection, price_book: str) -> Changes:
    asker = Direct(connection)
    versions = Versions(asker)
    found = [
        replay(Askers(asker, asker), span, Request(price_book, None), versions)
        for span in plan(asker, 0, FOREVER_US)
    ]
    return totals(encoded(each).body for each in found).changes


def test_the_rows_of_the_diff_sum_to_new_less_old(shared_data: Path, tmp_path: Path) -> None:
    texts = [
        (shared_data / "prices" / f"litellm_{month}.json").read_text(encoding="utf-8")
        for month in ("2025-08", "2026-11")
    ]
    before, after = (json.loads(text, parse_float=str, parse_int=str) for text in texts)
    calls = trace(shared_data / TRACE)
    with engines.running(tmp_path) as url, connect(url, "trace") as connection:
        migrate(connection)
        live = Live(connection)
        pools = Document("pools: []", 1)
        old, new = (live.publish(book_of(text, at), pools) for at, text in enumerate(texts, 1))
        for first in range(0, len(calls), BATCH):
            live.send(old, *calls[first : first + BATCH])
        live.close()
        found = changes(connection, new.book.version)
        assert changes(connection, old.book.version) == {}
    moved = {key: change.new[0] - change.old[0] for key, change in found.items()}
    assert sum(moved.values()) == exact(calls, after) - exact(calls, before)
    dearer = {key.model for key in moved}
    assert dearer, "expected models whose price changed"
    for model in MODELS:
        its = [each for each in calls if each["model"] == model]
        of_model = [cost for key, cost in moved.items() if key.model == model]
        assert sum(of_model) == exact(its, after) - exact(its, before), model
