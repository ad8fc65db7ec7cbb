"""Real anomalies beside a real store: what is unusual is said once, whatever is killed."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas import topics
from schemas.codec import Codec
from schemas.records import CostLine
from streams.core.series.episode import QUIET
from streams.core.windows import MINUTE_US
from streams.kafka import read_to_end
from streams.kafka.batch import publish_all
from tests.builders.series import minute_line
from tests.builders.usage import T0
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
OPENED = (f"cost_anomaly/tenant:acme:::USD/{T0 + PAST * MINUTE_US}", "opened")
RESOLVED = (OPENED[0], "resolved")
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
    [leader] = [each for each in stack.of("anomalies") if each.entries("leading")][-1:]
    return leader


def test_killed_at_any_moment_it_loses_no_alert_and_repeats_none(stack: Stack) -> None:
    """Who stands by learns the past and goes on; the alert keeps its name until it is over."""
    stack.add("anomalies")
    send(stack, *burst(range(PAST, PAST + 2)))
    lead(stack).kill()
    send(stack, *burst(range(PAST + 2, PAST + 5)))
    waited(lambda: said(stack), {OPENED: 1})
    for each in stack.of("anomalies"):
        each.kill()
    over = PAST + 7
    send(stack, *burst(range(PAST + 5, over)), *usual(range(over, over + QUIET + 2)))
    waited(lambda: said(stack), {OPENED: 1, RESOLVED: 1})
    shown = "SELECT alert_id, state, tenant FROM alerts_current"
    resolved = {"alert_id": OPENED[0], "state": "resolved", "tenant": "acme"}
    waited(lambda: stack.rows(shown), [resolved])
