"""What a thousand tokens cost, by tenant and model: by token price, and by GPU time."""

import pytest

from clickhouse.client import Connection
from clickhouse.rows import cost_lines
from clickhouse.writer import Writer
from streams.core.windows import HOUR_US
from streams.replay.ask import Direct
from streams.replay.token_costs import token_costs
from tests.builders.archived import Document, Live, price_book
from tests.builders.cost_lines import line
from tests.builders.usage import T0, call

pytestmark = pytest.mark.integration

CATALOG = """
pools: [{name: h100, nodes: ["gpu-node-*"]}]
endpoints: [{name: llama, pool: h100}]
"""
MILLI = 10**9  # pico


def test_tokens_cost_what_their_lines_do_over_how_many_there_were(database: Connection) -> None:
    """acme: 4,000 tokens of gpt-4o for 0.010; of llama 2,000 for 0.003, half of them held idle."""
    live = Live(database)
    rules = live.publish(Document(price_book({"gpt-4o": "1"}), 1), Document(CATALOG, 1))
    live.send(
        rules,
        call(tenant="acme", input_tokens=3_000, output_tokens=1_000),
        call(tenant="acme", endpoint="llama", input_tokens=1_900, output_tokens=100),
    )
    writer = Writer(database.session())
    of_llama = {"endpoint": "llama", "pool": "h100", "meter": "gpu.active", "status": "final"}
    writer.add(
        cost_lines([
            line(91, "0.010", status="final"),
            line(92, "0.002", **of_llama, kind="used"),
            line(93, "0.001", **of_llama, kind="held_idle"),
            line(94, "7", kind="idle_share", provider=None, model=None, status="final"),
        ])
    )  # fmt: skip
    writer.flush()
    found = token_costs(Direct(database), T0, T0 + HOUR_US)
    assert [
        (each.tenant, each.endpoint, each.tokens, each.cost, each.per_1k) for each in found
    ] == [
        ("acme", "", 4_000, 10 * MILLI, 2_500_000_000),  # 0.010 / 4
        ("acme", "llama", 2_000, 3 * MILLI, 1_500_000_000),
    ]
