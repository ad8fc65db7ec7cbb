"""Endpoints as they were used, and what does not fit the catalog, out of the archive."""

import pytest

from clickhouse.client import Connection
from streams.config.catalog import load_catalog
from streams.core.windows import HOUR_US, SECOND_US
from streams.replay.ask import Direct
from streams.replay.endpoint_use import (
    NO_CALLS,
    NO_GPUS,
    NOT_NAMED,
    OTHER_POOL,
    PAID_BY_CALL,
    EndpointUse,
    endpoint_use,
)
from tests.builders.archived import Document, Live, price_book
from tests.builders.usage import T0, call, holder, interval

pytestmark = pytest.mark.integration

CATALOG = """
pools:
  - {name: h100, nodes: ["gpu-node-*"]}
  - {name: l40, nodes: ["l40-*"]}
endpoints:
  - {name: both, pools: [h100, l40]}
  - {name: silent, pool: h100}
  - {name: lost, pool: l40}
  - {name: tokens, pool: h100, basis: tokens}
"""


def archive(database: Connection) -> None:
    """Put calls and GPU time of endpoints into an archive, the calls twice."""
    live = Live(database)
    rules = live.publish(Document(price_book({"gpt-4o": "1"}), 1), Document(CATALOG, 1))
    names = ("both", "lost", "tokens", "elsewhere")
    calls = [call(endpoint=each, input_tokens=10, output_tokens=1) for each in names]
    live.send(rules, *calls, call(endpoint=None))
    holders = [
        holder(SECOND_US, endpoint=each) for each in ("both", "silent", "lost", "tokens", "new")
    ]
    live.send(rules, interval(*holders, start_us=T0, end_us=T0 + 10 * SECOND_US))


def test_what_does_not_fit_is_said_by_endpoint_and_pool(database: Connection) -> None:
    """`both` has GPUs in one of its pools; `lost` has them in another than its own."""
    archive(database)
    found = endpoint_use(Direct(database), (T0, T0 + HOUR_US), load_catalog(CATALOG))
    assert found == {
        ("both", "h100"): EndpointUse(1, 11, SECOND_US, ""),
        ("both", "l40"): EndpointUse(1, 11, 0, NO_GPUS),
        ("lost", "h100"): EndpointUse(0, 0, SECOND_US, OTHER_POOL),
        ("lost", "l40"): EndpointUse(1, 11, 0, NO_GPUS),
        ("new", "h100"): EndpointUse(0, 0, SECOND_US, NOT_NAMED),
        ("silent", "h100"): EndpointUse(0, 0, SECOND_US, NO_CALLS),
        ("tokens", "h100"): EndpointUse(0, 0, SECOND_US, PAID_BY_CALL),
    }


def test_nothing_used_is_nothing_wrong(database: Connection) -> None:
    assert endpoint_use(Direct(database), (T0, T0 + HOUR_US), load_catalog(CATALOG)) == {}
