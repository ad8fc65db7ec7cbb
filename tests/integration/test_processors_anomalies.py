"""Real anomalies beside a real store: what is unusual is said once, whatever is killed."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from schemas import topics
from schemas.codec import Codec
from schemas.records import CostLine
from schemas.topics import partition_of
from streams.config_topic import CATALOG, PRICES, publish_document
from streams.core.series.episode import QUIET
from streams.core.windows import HOUR_US, MINUTE_US, SECOND_US
from streams.kafka import read_to_end
from streams.kafka.batch import publish_all
from tests.builders.series import minute_line
from tests.builders.usage import T0, batch, holder, interval
from tests.daemon import Daemon
from tests.system import health
from tests.system import stack as system
from tests.system.stack import Stack
from tests.system.workers import Worker

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

CODEC = Codec()
WITHIN_S = 120.0  # on a busy machine; it takes seconds
LOOK_S = 0.05
SOON = {"anomalies.settle_s": "0.3", "allocate.lateness_s": "60"}
PAST = 400  # minutes that were as usual
BOOK = """
currency: USD
prices:
  - {meter: gpu, model: NVIDIA H100 80GB HBM3, price: "3600", per: 1, unit: GPU-Hours,
     effective_from: 2023-01-01T00:00:00Z, source: test}
"""
SOURCES = [next(name for name in map("clock-{}".format, count()) if partition_of(name, many) == n)
           for many in [topics.USAGE_GPU.partitions] for n in range(many)]  # fmt: skip
POOLS = "pools: [{name: h100, nodes: ['gpu-node-*']}]"
OPENED = (f"cost_anomaly/tenant:acme:::USD/{T0 + PAST * MINUTE_US}", "opened")
RESOLVED = (OPENED[0], "resolved")
LATENESS = 10  # minutes that a window stays open
PARTITIONS = topics.METERED_PARTIAL.partitions
KEPT = "SELECT count() AS n FROM cost_lines FINAL WHERE status = 'final'"


def usual(minutes: range) -> list[CostLine]:
    """Return lines of minutes in which acme spends about 6 USD an hour."""
    costs = ("0.10", "0.12", "0.11")
    return [minute_line(n, costs[n % 3], status="final") for n in minutes]


def burst(minutes: range) -> list[CostLine]:
    """Return lines of minutes of 120 USD an hour."""
    return [minute_line(n, "2", status="final") for n in minutes]


def send(stack: Stack, *lines: CostLine) -> None:
    """Send cost lines as allocate does."""
    encoded = [(line["tenant"], CODEC.encode("CostLine", line)) for line in lines]
    publish_all(stack.kafka, topics.COST_LINE.name, encoded)


def said(stack: Stack) -> Counter[tuple[str, str]]:
    """Return how often each alert was begun and ended."""
    entries = read_to_end(stack.kafka, topics.ALERT_COST.name)
    alerts: list[dict[str, Any]] = [CODEC.decode(entry.value or b"")[1] for entry in entries]
    return Counter(
        (each["alert_id"], each["state"]) for each in alerts if each["state"] != "updated"
    )


def waited(look: Callable[[], object], expected: object) -> None:
    """Wait until a look shows what is expected."""
    deadline_s = time.monotonic() + WITHIN_S
    while (found := look()) != expected:
        assert time.monotonic() < deadline_s, f"{found}, expected {expected}"
        time.sleep(LOOK_S)


def ready(stack: Stack) -> None:
    """Wait until whoever leads knows the past."""
    workers = stack.of("anomalies")
    waited(lambda: [health.of(each).status for each in workers], [health.OK] * len(workers))


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A store that has some hours, and anomalies that learned them."""
    with system.running(tmp_path, SOON, ("store",)) as running:
        send(running, *usual(range(PAST)))
        waited(lambda: running.rows(KEPT), [{"n": PAST}])
        running.add("anomalies")
        ready(running)
        yield running


def lead(stack: Stack) -> Worker:
    """Return the worker that began to lead last."""
    began = {
        str(entry["timestamp"]): each
        for each in stack.of("anomalies")
        for entry in each.entries("leading")
    }
    return began[max(began)]


@contextmanager
def killed(stack: Stack) -> Iterator[None]:
    """Kill whoever leads, twice."""
    lead(stack).kill()
    yield
    lead(stack).kill()


@contextmanager
def all_killed(stack: Stack) -> Iterator[None]:
    """Kill all of them, so that nobody leads for a while."""
    yield
    for each in stack.of("anomalies"):
        each.kill()


@contextmanager
def paused(stack: Stack) -> Iterator[None]:
    """Stop whoever leads for longer than its session, and wake it when another spoke."""
    leader = lead(stack)
    leader.pause()
    yield
    leader.resume()


@contextmanager
def nowhere(stack: Stack) -> Iterator[None]:
    """Have no ClickHouse: who leads goes on, and says that something is missing."""
    [store] = stack.of("store")
    store.stop()
    yield
    if stack.server is None:  # else it is there without a store
        waited(lambda: health.of(lead(stack)).status, health.UNAVAILABLE)
    store.start()


def test_whatever_dies_each_revision_of_an_alert_is_said_once(stack: Stack) -> None:
    """One burst after the other, each of minutes that cost more and more, and something dies."""
    stack.add("anomalies")
    minute, expected = PAST, Counter[tuple[str, str]]()
    for fault in (killed, nowhere, paused, all_killed):
        name = f"cost_anomaly/tenant:acme:::USD/{T0 + minute * MINUTE_US}"
        dear, dearer = range(minute, minute + 5), range(minute + 5, minute + 15)
        with fault(stack):
            send(stack, *burst(dear), *usual(range(dear.stop, dear.stop + 1)))
            expected[name, "opened"] = 1
            waited(lambda: said(stack), expected)
        minute = dearer.stop + QUIET + 2
        send(stack, *burst(dearer), *usual(range(dearer.stop, minute)))
        expected[name, "resolved"] = 1
        waited(lambda: said(stack), expected)
    assert repeated(stack) == []
    shown = "SELECT state, count() AS n FROM alerts_current GROUP BY state"
    waited(lambda: stack.rows(shown), [{"state": "resolved", "n": 4}])


def repeated(stack: Stack) -> list[tuple[str, int]]:
    """Return what was said twice, or not in the order of its revisions."""
    entries = read_to_end(stack.kafka, topics.ALERT_COST.name)
    alerts: list[dict[str, Any]] = [CODEC.decode(entry.value or b"")[1] for entry in entries]
    found: dict[str, list[int]] = {}
    for each in alerts:
        found.setdefault(each["alert_id"], []).append(each["revision"])
    return [
        (name, revision)
        for name, revisions in found.items()
        for revision, following in zip(revisions, range(1, len(revisions) + 1), strict=True)
        if revision != following
    ]


def test_an_alert_is_over_when_corrected_costs_say_that_it_was_nothing(stack: Stack) -> None:
    """No usual minute follows: what was too dear is corrected, as a price was."""
    dear = range(PAST, PAST + 5)
    send(stack, *burst(dear), *usual(range(dear.stop, dear.stop + 1)))
    waited(lambda: said(stack), {OPENED: 1})
    changes = {"generation": 1, "status": "corrected", "lines": 1}
    send(stack, *(minute_line(n, "0.11", **changes) for n in dear))
    waited(lambda: said(stack), {OPENED: 1, RESOLVED: 1})
    shown = "SELECT abs(excess) < 1 AS is_so FROM alerts_current"
    waited(lambda: stack.rows(shown), [{"is_so": 1}])


def closed(stack: Stack) -> dict[int, int]:
    """Return until when windows are said to be final, by the partition."""
    entries = read_to_end(stack.kafka, topics.CLOSED_WINDOW.name)
    said = [CODEC.decode(entry.value or b"")[1] for entry in entries]
    return {each["partition"]: each["until_us"] for each in said}


def office(minutes: range) -> list[CostLine]:
    """Return lines of minutes of 120 USD an hour by day, and a tenth of it at night."""
    costs = ("2" if 8 <= n // 60 % 24 < 20 else "0.2" for n in minutes)
    return [minute_line(n, cost, status="final") for n, cost in zip(minutes, costs, strict=True)]


def test_a_new_leader_knows_mornings_and_says_once_what_went_on_while_nobody_led(
    tmp_path: Path,
) -> None:
    """A day and a morning, which is usual; from ten to half past it costs ten times as much.

    The store has drawn quarters of a few hours by then, those of the others are drawn when asked.
    """
    begins, newest = 1440 + 600, 1440 + 750
    loop = range(begins, begins + 30)
    past = [*office(range(begins)), *office(range(loop.stop, newest))]
    past += [minute_line(n, "20", status="final") for n in loop]
    name = f"cost_anomaly/tenant:acme:::USD/{T0 + begins * MINUTE_US}"
    over = {(name, "opened"): 1, (name, "resolved"): 1}
    with system.running(tmp_path, SOON, ("store",)) as stack:
        send(stack, *past)
        waited(lambda: stack.rows(KEPT), [{"n": len(past)}])
        stack.add("anomalies")
        waited(lambda: said(stack), over)
        lead(stack).kill()
        stack.add("anomalies")
        send(stack, *(minute_line(n, "30", status="final") for n in range(newest, newest + 9)))
        again = (f"cost_anomaly/tenant:acme:::USD/{T0 + newest * MINUTE_US}", "opened")
        waited(lambda: said(stack), {**over, again: 1})


def held(minute: int, seconds: float) -> tuple[str, bytes]:
    """Return a batch that says that acme held a GPU for some seconds of a minute."""
    start_us, for_us = T0 + minute * MINUTE_US, round(seconds * SECOND_US)
    by = holder(for_us, tenant="acme", project="training")
    event = interval(by, start_us=start_us, end_us=start_us + for_us)
    given = batch(event, source="node-1", seq=minute) | {"sent_at_us": start_us + MINUTE_US}
    return "node-1", CODEC.encode("GpuUsageBatch", given)


def use(stack: Stack, minutes: range, *seconds: float) -> None:
    """Have acme hold a GPU in some minutes, and time be at their end on every partition."""
    some = [held(n, seconds[n % len(seconds)]) for n in minutes]
    publish_all(stack.kafka, topics.USAGE_GPU.name, some)
    end = {"sent_at_us": T0 + minutes.stop * MINUTE_US}
    for topic in topics.USAGE:
        beats = [batch(source=source, seq=minutes.stop) | end for source in SOURCES]
        encoded = [(each["source"], CODEC.encode(topic.records[0], each)) for each in beats]
        publish_all(stack.kafka, topic.name, encoded)


def test_usage_that_is_priced_is_watched_before_its_windows_close(tmp_path: Path) -> None:
    """A GPU-second is a dollar: usually 6 or so an hour, then 120."""
    parts = ("meter", "allocate", "store", "anomalies")
    by_log = {"meter.clock": "log", "anomalies.settle_s": "2"}
    with system.running(tmp_path, by_log, parts) as stack:
        publish_document(stack.kafka, PRICES, BOOK, "test")
        publish_document(stack.kafka, CATALOG, POOLS, "test")
        ready(stack)
        use(stack, range(60), 0.10, 0.12, 0.11)
        finals = "SELECT count() > 45 AS is_so FROM cost_current WHERE status = 'final'"
        waited(lambda: stack.rows(finals), [{"is_so": 1}])
        use(stack, range(60, 65), 2)
        opened = (f"cost_anomaly/tenant:acme:::USD/{T0 + 60 * MINUTE_US}", "opened")
        waited(lambda: said(stack)[opened], 1)
        shown = """
            SELECT c.status AS status, a.severity AS severity, toString(a.actual) AS usd
            FROM cost_current AS c, alerts_current AS a
            WHERE c.cost > 1 AND a.tenant = 'acme' LIMIT 1"""
        expected = {"status": "provisional", "severity": "critical", "usd": "120"}
        waited(lambda: stack.rows(shown), [expected])
        over = 65 + QUIET + LATENESS + 3
        use(stack, range(65, over), 0.10, 0.12, 0.11)
        waited(lambda: said(stack)[opened[0], "resolved"], 1)
        closed_until = T0 + (over - LATENESS) * MINUTE_US
        waited(lambda: closed(stack), dict.fromkeys(range(PARTITIONS), closed_until))


def use_of_hours(stack: Stack, hours: range, active: float) -> None:
    """Have acme hold a GPU in some hours, and work for a part of them."""
    encoded = []
    for hour in hours:
        start_us = T0 + hour * HOUR_US
        by = holder(HOUR_US, round(HOUR_US * active), tenant="acme")
        given = batch(interval(by, start_us=start_us, end_us=start_us + HOUR_US), seq=hour)
        given |= {"source": "node-1", "sent_at_us": start_us + HOUR_US}
        encoded.append(("node-1", CODEC.encode("GpuUsageBatch", given)))
    publish_all(stack.kafka, topics.USAGE_GPU.name, encoded)
    waited(lambda: stack.rows("SELECT count() AS n FROM usage_events FINAL"), [{"n": hours.stop}])


def test_a_pool_that_idles_is_said_once_and_ends_when_it_is_worked_again(tmp_path: Path) -> None:
    """Six hours of a GPU that idles, of which four are enough; then four that are worked."""
    with system.running(tmp_path, SOON | {"anomalies.sustained_hours": "4"}, ("store",)) as stack:
        publish_document(stack.kafka, PRICES, BOOK, "test")
        publish_document(stack.kafka, CATALOG, POOLS, "test")
        waited(lambda: stack.rows("SELECT uniq(kind) AS n FROM configs"), [{"n": 2}])
        use_of_hours(stack, range(6), 0)
        send(stack, *usual(range(PAST)))
        waited(lambda: stack.rows(KEPT), [{"n": PAST}])
        stack.add("anomalies")
        opened = (f"rightsize_low/h100::USD/{T0}", "opened")
        waited(lambda: said(stack), {opened: 1})
        lead(stack).kill()
        stack.add("anomalies")
        use_of_hours(stack, range(6, 10), 0.5)
        send(stack, *usual(range(PAST, 610)))
        waited(lambda: said(stack), {opened: 1, (opened[0], "resolved"): 1})
        shown = "SELECT tenant, pool, toString(excess) AS usd FROM alerts_current"
        over = {"tenant": "__platform__", "pool": "h100", "usd": str(6 * 3600 + 2 * 1800)}
        waited(lambda: stack.rows(shown), [over])


def test_a_price_that_rose_while_nobody_led_is_told_by_the_next_leader(stack: Stack) -> None:
    """Three times the price of before: of 14.40 an hour 9.60 are extra, which is too little."""
    leader = lead(stack)
    Daemon.kill(leader)  # and do not start it again yet
    send(stack, *raised(range(PAST, PAST + 30), "0.24"))
    waited(lambda: stack.rows(KEPT), [{"n": PAST + 30}])
    leader.start()
    waited(lambda: len(leader.entries("past_learned")), 1)
    send(stack, *raised(range(PAST + 30, PAST + 33), "0.75"))
    name = f"price_change/price::gpt-4o::USD/{T0 + (PAST + 30) * MINUTE_US}"
    waited(lambda: said(stack)[name, "opened"], 1)


def raised(minutes: range, cost: str) -> list[CostLine]:
    """Return lines of tokens at three times the price."""
    tokens = minute_line(0, str(Decimal(cost) / 3))["quantity"]
    return [minute_line(n, cost, status="final", quantity=tokens) for n in minutes]
