"""Lending and shared costs in a running stack whose processes are killed at random."""

import asyncio
import json
import os
import signal
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from schemas.codec import Codec
from schemas.decimals import to_pico
from streams.core.monthly import spread
from streams.core.windows import HOUR_US, MINUTE_US
from streams.demo import figures
from streams.demo.load import made_up_day
from streams.demo.outlet import KafkaOutlet
from streams.demo.plan import Plan
from streams.demo.player import Player
from streams.demo.session import asker, at_rest
from streams.demo.settling import missing
from streams.replay.audit import audit
from streams.replay.place import asker_of, place_of
from streams.replay.sharing import Sharing
from streams.replay.versions import Versions
from streams.settings import WorkerSettings
from streams.up.mending import keep_sharing
from streams.up.options import Options
from streams.up.stack import Stack

SEED = int(os.environ.get("APPORTION_TEST_SEED", "1"))
WITHIN_S = 400.0  # several times what it takes with two cores of its own
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(WITHIN_S + 60)]

HOURS = 2
PLAYED_S = 25.0
POLL_S = 1.0  # a look takes as long on a busy machine
KILLED = ("meter", "allocate", "store")
TAIL_US = 12 * MINUTE_US  # a window and lateness, and a little
MONTHLY_PICO = 3_100 * 10**12
CATALOG = """
tenants:
  - {{name: consumer, level: business_unit}}
  - {{name: internal, level: business_unit}}
  - {{name: search, parent: consumer}}
  - {{name: assistant, parent: consumer}}
  - {{name: support-bot, parent: consumer}}
  - {{name: recommendations, parent: consumer}}
  - {{name: analytics, parent: internal}}
  - {{name: research, parent: internal}}
  - {{name: code-review, parent: internal}}
  - voice
pools:
  - name: h100
    nodes: ["gpu-node-*"]
    gpus: "16"
    lending: {{burst: "1.25", credit: "0.8", margin_account: voice}}
    reservations: [{{tenant: research, gpus: "5"}}, {{tenant: support-bot, gpus: "5"}}]
endpoints:
  - {{name: llama-70b-prod, pool: h100}}
  - {{name: qwen-coder-32b, pool: h100}}
shared_costs:
  - {{name: observability, monthly: "3100.00", currency: USD, key: even, among: [search, research],
     effective_from: "{since}", effective_to: "{until}"}}
  - {{name: storage, pool: "resource:storage", key: drivers,
     drivers: {{gpu.active: "70", "tokens.*": "30"}}}}
  - {{name: voice, tenant: voice, key: proportional, level: business_unit}}
  - {{name: consumer, tenant: consumer, key: even}}
  - {{name: internal, tenant: internal, key: proportional}}
"""
HANDED_ON = """
SELECT model AS name, toString(sum(cost)) AS nets_to, sum(abs(cost)) > 0 AS moved
FROM cost_current WHERE pool = 'charge:shared' GROUP BY name ORDER BY name
"""
LENT = """
SELECT
    count() > 0 AS some, max(abs(nets_to)) = 0 AS exact, sum(was_borrowed) > 0 AS borrowed
FROM (
    SELECT sum(cost) AS nets_to, sumIf(cost, kind = 'borrowed') AS was_borrowed FROM cost_current
    WHERE kind IN ('borrowed', 'lent_credit', 'lending_margin') GROUP BY window_start, pool
)
"""
WHOLE = """
SELECT
    toString(sumIf(cost, pool = 'shared:observability')) AS monthly,
    countIf(status = 'provisional') AS provisional
FROM cost_current WHERE window_start < fromUnixTimestamp64Micro(toInt64({end_us}), 'UTC')
"""


def test_what_is_lent_and_shared_adds_up_whatever_was_killed(tmp_path: Path) -> None:
    asyncio.run(share_under_kills(tmp_path))


async def share_under_kills(folder: Path) -> None:
    """Two hours of the past, played while processes are killed; then all of it is checked."""
    begin_us = time.time_ns() // 1000 // HOUR_US * HOUR_US - 3 * HOUR_US
    plan = Plan(SEED, begin_us, HOURS * HOUR_US, peak_calls_per_s=1.0, fault_every=10**6)
    catalog = folder / "catalog.yaml"
    since, until = (instant(at_us) for at_us in (plan.start_us, plan.end_us))
    catalog.write_text(CATALOG.format(since=since, until=until))
    settings = WorkerSettings.model_validate({"repair": {"every_s": 2.0}})
    overrides = {"meter.clock": "log", "accrue.catch_up_s": "1"}  # the load says the time
    options = Options(folder / "data", catalog=catalog, settings=settings, overrides=overrides)
    async with Stack(options, lambda *_: None) as stack:
        sharing = asyncio.create_task(keep_sharing(stack.settings))
        player = Player(KafkaOutlet(stack.settings.kafka), Codec(), HOURS * 3600 / PLAYED_S)
        playing = asyncio.create_task(asyncio.to_thread(player.play, made_up_day(plan), TAIL_US))
        killed = await kill_at_random(stack, playing, Random(SEED))
        assert min(killed[name] for name in KILLED) >= 2, killed
        await settled(stack, player)
        await handed_on(stack, plan)
        assert not sharing.done()
        sharing.cancel()
        await check(stack, plan)
    with at_rest(stack.settings.clickhouse) as connection:
        found = audit(connection)
    assert found.clean, found


async def kill_at_random(
    stack: Stack, playing: "asyncio.Task[bool]", chance: Random
) -> Counter[str]:
    """Kill one after the other, as soon as all are there again; each twice at least."""
    killed: Counter[str] = Counter()
    while not playing.done() or min(killed[name] for name in KILLED) < 2:
        left = [name for name in KILLED if killed[name] < 2] or KILLED
        name = chance.choice(left)
        stack.send(name, signal.SIGKILL)
        killed[name] += 1
        await asyncio.sleep(chance.uniform(0.0, 1.0))
        await stack.wait_ready()
    assert playing.result()
    return killed


async def settled(stack: Stack, player: Player) -> None:
    """Wait until everything sent is archived and counted, and every window of it final."""
    ask = asker(stack.settings)

    def lacking() -> str | None:
        totals = figures.totals(ask)
        return missing(player.progress.sent, totals, figures.sources(ask), figures.lines(ask))

    deadline_s = time.monotonic() + WITHIN_S
    while said := await asyncio.to_thread(lacking):
        assert time.monotonic() < deadline_s, said
        await asyncio.sleep(POLL_S)


async def handed_on(stack: Stack, plan: Plan) -> None:
    """Wait until both hours are handed on and there is nothing new to say of them."""

    def hours() -> list[bool]:
        with place_of(stack.settings) as place:
            asker = asker_of(place)
            versions = Versions(asker)
            book = versions.book(versions.full("price-book", ""))
            names = versions.catalog(versions.full("catalog", ""))
            found = Sharing(asker, book, names, "shared").hours(plan.start_us, plan.end_us)
            return [not hour.records and hour.is_settled for hour in found]

    deadline_s = time.monotonic() + WITHIN_S
    while (found := await asyncio.to_thread(hours)) != [True] * HOURS:
        assert time.monotonic() < deadline_s, found
        await asyncio.sleep(POLL_S)


async def check(stack: Stack, plan: Plan) -> None:
    """Check what is handed on, lent, and spread over the month, by the lines in force."""
    rows = [json.loads(row) for row in (await stack.sql(HANDED_ON)).splitlines()]
    names = ("consumer", "internal", "storage", "voice")
    assert rows == [{"name": name, "nets_to": "0", "moved": 1} for name in names]
    assert json.loads(await stack.sql(LENT)) == {"some": 1, "exact": 1, "borrowed": 1}
    whole = json.loads(await stack.sql(WHOLE.format(end_us=plan.end_us)))
    windows = range(plan.start_us, plan.end_us, MINUTE_US)
    parts = sum(spread(MONTHLY_PICO, at_us, at_us + MINUTE_US) for at_us in windows)
    assert (to_pico(figures.decimal(whole["monthly"])), int(whole["provisional"])) == (parts, 0)


def instant(at_us: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_us // 10**6))
