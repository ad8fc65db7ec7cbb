"""From a GPU to its bill: agent, broker, meter, allocate, store; lines sum to the GPU's price."""

import asyncio
from pathlib import Path

import pytest

from streams.up.options import Options
from streams.up.stack import Stack
from tests.answers import until
from tests.gpu_host import CATALOG, EVERY_S, Host, of, sent

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

POOLS = """
pools:
  - {name: h100, nodes: ["node-*"], idle: {basis: unheld, share: separate}}
"""
PRICES = """
currency: USD
prices:
  - meter: gpu
    model: NVIDIA H100 80GB HBM3
    price: "3.60"
    unit: GPU-Hours
    effective_from: 2023-01-01T00:00:00Z
    source: test
"""
READY_S = 180.0  # on a machine that does much else
USD_A_MICROSECOND = 10**3  # pico: 3.60 an hour is 1,000 pico a microsecond, whole
TOTAL = "SELECT toString(sum(cost)) AS usd FROM cost_current WHERE pool = 'h100'"
BY_TENANT = """
SELECT tenant, kind, sum(cost) > 0 AS costs FROM cost_current
WHERE pool = 'h100' AND cost > 0 GROUP BY tenant, kind ORDER BY tenant, kind
"""


def test_cost_lines_sum_to_the_price_of_the_time_of_every_gpu(tmp_path: Path) -> None:
    asyncio.run(charge(tmp_path))


async def charge(folder: Path) -> None:
    catalog, prices = folder / "pools.yaml", folder / "prices.yaml"
    catalog.write_text(POOLS + CATALOG)
    prices.write_text(PRICES)
    options = Options(data=folder / "data", prices=prices, catalog=catalog, ready_within_s=READY_S)
    async with Stack(options, lambda *_: None) as stack:
        host = Host(folder=folder, kafka=stack.settings.kafka.bootstrap)
        watched_us = await asyncio.to_thread(watch, host)
        await until(stack, TOTAL, {"usd": usd(watched_us * USD_A_MICROSECOND)})
        rows = [
            {"tenant": "__idle__", "kind": "idle_share", "costs": 1},
            {"tenant": "search", "kind": "held_idle", "costs": 1},
            {"tenant": "search", "kind": "used", "costs": 1},
        ]
        unattributed = {"tenant": "__unattributed__", "kind": "unobserved", "costs": 1}
        await until(stack, BY_TENANT, rows[0], unattributed, *rows[1:])


def watch(host: Host) -> int:
    """Let an agent watch two GPUs, one of them held; return how long both were told of, in us."""
    held, free = host.node.add_gpu(), host.node.add_gpu()
    host.submit("71", "search", "0")
    host.run(held, 4001, "71", percent=40)
    host.settings["CATALOG"] = ""  # it follows what is published
    try:
        host.start()
        host.watch(round(5 / EVERY_S))
    finally:
        assert host.stop() == 0
    told = sent(host.kafka)
    assert {one["tenant"] for each in of(held, told) for one in each["holders"]} == {"search"}
    assert of(free, told)
    return sum(one["end_us"] - one["start_us"] for one in told)


def usd(pico: int) -> str:
    """Return an amount as ClickHouse writes it."""
    whole, rest = divmod(pico, 10**12)
    return f"{whole}.{rest:012d}".rstrip("0").rstrip(".")
