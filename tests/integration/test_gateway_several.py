"""Several collectors behind one address: what a client repeats, and whether it is billed twice."""

from collections import Counter
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest

from clickhouse.client import Connection
from streams.replay.audit import audit
from streams.replay.repair import corrections
from tests.builders.archived import Document, Live, price_book
from tests.gateway_parts import OWN, Rig, rig

pytestmark = pytest.mark.integration

NAMES = ("collector-1", "collector-2")
PLAIN = "sources: [{sources: ['*'], tenants: ['*']}]"
RANKED = """
sources:
  - {sources: ["*"], tenants: ["*"]}
  - {sources: ["collector-2"], tenants: ["*"], precedence: 2}
"""
REQUESTS = 9  # of two calls each; the n-th of n million tokens each, at 1 USD a million


def repeated(collectors: list[Rig]) -> None:
    """Send requests as a client behind a balancer does that loses every third answer.

    It goes round robin, and repeats to whoever is next. Then it repeats one to the same.
    """
    for number in range(1, REQUESTS + 1):
        calls = [
            {**OWN, "model": "m", "request_id": f"{number}{part}",
             "response_id": f"r{number}{part}", "input_tokens": number * 1_000_000,
             "output_tokens": 0}
            for part in "ab"
        ]  # fmt: skip
        is_lost = number % 3 == 0
        for turn in range(2 if is_lost else 1):
            answer = collectors[(number + turn) % 2].post("/v1/usage", calls)
            assert (answer.status, answer.json["taken"]) == (200, 2)
        if number == REQUESTS:
            again = collectors[number % 2].post("/v1/usage", calls)
            assert (again.status, again.json["taken"]) == (200, 2), "on disk from before"


@pytest.mark.parametrize(
    ("catalog", "billed", "twice"),
    [
        # 1 + ... + 9, two calls each; what went to both collectors, 3, 6 and 9, once more
        (PLAIN, 2 * 45 + 2 * (3 + 6 + 9), 6),
        (RANKED, 2 * 45, 6),
    ],
    ids=["alike", "ranked"],
)
def test_what_is_repeated_to_another_collector_is_billed_once_where_they_are_ranked(
    tmp_path: Path, database: Connection, catalog: str, billed: int, twice: int
) -> None:
    live = Live(database)
    rules = live.publish(Document(price_book({"m": "1"}), 1), Document(catalog, 1))
    with ExitStack() as stack:
        collectors = []
        for name in NAMES:
            folder = tmp_path / name
            folder.mkdir()
            collectors.append(stack.enter_context(rig(folder, name=name, catalog=catalog)))
        repeated(collectors)
        told = {name: each.events() for name, each in zip(NAMES, collectors, strict=True)}
    times = Counter(event["request_id"] for events in told.values() for event in events)
    assert len(times) == 2 * REQUESTS
    assert [*times.values()].count(2) == twice, "once a collector, never twice in one"
    for name, events in told.items():
        live.send(rules, *events, source=name)
    live.close()
    live.store(corrections(database, at_most_hours=24).lines)
    assert Decimal(live.costs()["api:openai tokens.input"] or 0) == billed
    assert audit(database).clean
