"""Real budgets beside a real store: what is spent is said once, whatever is killed."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas import topics
from schemas.codec import Codec
from schemas.decimals import from_bytes, to_decimal
from schemas.records import CostLine
from streams.config_topic import CATALOG, publish_document
from streams.kafka import read_to_end
from streams.kafka.batch import publish_all
from tests.builders.budgets import budget, budgets, spent
from tests.system import health
from tests.system import stack as system
from tests.system.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

CODEC = Codec()
WITHIN_S = 120.0  # on a busy machine; it takes a second or two
LOOK_S = 0.05
SETTINGS = {"budgets.emit_every_s": "0.5", "meter.clock": "log"}
RETAIL = budget("retail", "10", tenant="retail", warn_at="['0.5', '0.8']")
GPT = budget("gpt", "100", models="['gpt-*']")
WARNED = ("budget_warning/1/0.5/2026-01-01/budget:retail", "opened")
WARNED_MORE = ("budget_warning/1/0.8/2026-01-01/budget:retail", "opened")
EXCEEDED = ("budget_exceeded/1/1/2026-01-01/budget:retail", "opened")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A store and budgets, and nobody who makes cost lines but the test."""
    with system.running(tmp_path, SETTINGS, ("store",)) as running:
        publish_document(running.kafka, CATALOG, budgets(RETAIL, GPT), "test")
        running.add("budgets")
        ready(running)
        yield running


def ready(stack: Stack) -> None:
    """Wait until whoever leads has read what was before."""
    workers = stack.of("budgets")
    waited(lambda: [health.of(each).status for each in workers], [health.OK] * len(workers))


def send(stack: Stack, *lines: CostLine) -> None:
    """Send cost lines as allocate does."""
    encoded = [(line["tenant"], CODEC.encode("CostLine", line)) for line in lines]
    publish_all(stack.kafka, topics.COST_LINE.name, encoded)


def alerts(stack: Stack) -> list[dict[str, Any]]:
    """Return all alerts there are but those of speed."""
    entries = read_to_end(stack.kafka, topics.ALERT_COST.name)
    found = [CODEC.decode(entry.value or b"")[1] for entry in entries]
    return [each for each in found if each["kind"] != "budget_burn"]


def said(stack: Stack) -> Counter[tuple[str, str]]:
    """Return how often each alert was said in each state."""
    return Counter((each["alert_id"], each["state"]) for each in alerts(stack))


def states(stack: Stack) -> dict[str, tuple[str, str] | None]:
    """Return stage and spend of every budget, None where it is gone."""
    found: dict[str, tuple[str, str] | None] = {}
    for entry in read_to_end(stack.kafka, topics.BUDGET_STATE.name):
        key = (entry.key or b"").decode().removeprefix("budget:")
        if entry.value is None:
            found[key] = None
            continue
        state = CODEC.decode(entry.value)[1]
        found[key] = state["stage"], dollars(state["spent"])
    return found


def dollars(pico: bytes) -> str:
    """Return an amount as people write it."""
    return f"{to_decimal(from_bytes(pico)).normalize():f}"


def waited(look: Callable[[], object], expected: object) -> None:
    """Wait until a look shows what is expected."""
    deadline_s = time.monotonic() + WITHIN_S
    while (found := look()) != expected:
        assert time.monotonic() < deadline_s, f"{found}, expected {expected}"
        time.sleep(LOOK_S)


def test_what_all_tenants_below_a_node_spend_is_one_sum(stack: Stack) -> None:
    send(stack, spent(0, "3"), spent(0, "1", "risk"), spent(0, "0.5", "shop", model="llama"))
    waited(lambda: states(stack), {"retail": ("ok", "3.5"), "gpt": ("ok", "4")})
    send(stack, spent(1, "7", "shop"))
    waited(lambda: states(stack)["retail"], ("exceeded", "10.5"))
    assert said(stack) == {WARNED: 1, WARNED_MORE: 1, EXCEEDED: 1}
    alert = next(each for each in alerts(stack) if each["alert_id"] == EXCEEDED[0])
    assert (alert["tenant"], alert["budget_id"]) == ("retail", "budget:retail")
    assert (alert["severity"], dollars(alert["excess"])) == ("critical", "0.5")
    shown = alert["query"].replace("sum(cost) AS cost", "toString(sum(cost)) AS cost")
    spenders = [
        {"tenant": "shop", "model": "gpt-4o", "cost": "7"},
        {"tenant": "search", "model": "gpt-4o", "cost": "3"},
        {"tenant": "shop", "model": "llama", "cost": "0.5"},
    ]
    waited(lambda: stack.rows(shown), spenders)


def test_killed_at_any_moment_it_loses_no_alert_and_repeats_none(stack: Stack) -> None:
    """Twelve budgets are exceeded one after the other while two workers are killed in turn."""
    tenants = [f"t{number}" for number in range(12)]
    entries = [budget(each, "10", tenant=each) for each in tenants]
    publish_document(stack.kafka, CATALOG, budgets(*entries, tree=""), "test")
    stack.add("budgets")
    ready(stack)
    for number, tenant in enumerate(tenants):
        send(stack, spent(0, "6", tenant), spent(1, "5", tenant))
        if number % 3 == 2:
            time.sleep(0.4 * (number % 2))
            stack.of("budgets")[number // 3 % 2].kill()
    expected = {
        (f"{kind}/2026-01-01/budget:{each}", "opened"): 1
        for each in tenants
        for kind in ("budget_warning/1/0.8", "budget_exceeded/1/1")
    }
    gone = {"retail": None, "gpt": None}
    waited(lambda: states(stack), gone | dict.fromkeys(tenants, ("exceeded", "11")))
    assert said(stack) == expected
    send(stack, *(spent(2, "1", each) for each in tenants))
    waited(lambda: states(stack), gone | dict.fromkeys(tenants, ("exceeded", "12")))
    assert said(stack) == expected


def correction(*costs: str, minute: int = 0) -> list[CostLine]:
    """Return a correction of a minute: lines of search, and one of risk, on another partition."""
    fixed: dict[str, Any] = {
        "generation": 1, "status": "corrected", "lines": len(costs) + 1, "note": "test"
    }  # fmt: skip
    ours = [spent(minute, cost, thing=number, **fixed) for number, cost in enumerate(costs)]
    return [*ours, spent(minute, "1", "risk", **fixed)]


def test_a_correction_counts_when_it_is_complete_and_resolves(stack: Stack) -> None:
    send(stack, spent(0, "12", status="final"), spent(1, "1", pool="api:other"))
    waited(lambda: states(stack)["retail"], ("exceeded", "13"))
    *ours, last = correction("3", "4")
    send(stack, *ours)
    waited(lambda: stack.rows("SELECT count() AS n FROM cost_lines WHERE generation = 1"),
           [{"n": 2}])  # fmt: skip
    send(stack, spent(1, "2", pool="api:other", revision=2))
    waited(lambda: states(stack)["retail"], ("exceeded", "14"))
    send(stack, last)
    waited(lambda: states(stack), {"retail": ("warning", "9"), "gpt": ("ok", "10")})
    assert said(stack) == {WARNED: 1, WARNED_MORE: 1, EXCEEDED: 1, (EXCEEDED[0], "resolved"): 1}


def test_a_line_of_a_window_long_over_counts_once_the_store_has_it(stack: Stack) -> None:
    send(stack, spent(0, "3"), spent(300, "1"))
    waited(lambda: states(stack)["retail"], ("ok", "4"))
    send(stack, spent(0, "4", revision=2))
    waited(lambda: states(stack)["retail"], ("warning", "5"))
    publish_document(stack.kafka, CATALOG, budgets(budget("retail", "5", tenant="retail")), "test")
    waited(lambda: states(stack), {"retail": ("exceeded", "5"), "gpt": None})
    assert (EXCEEDED[0], "opened") in said(stack)
    send(stack, spent(60 * 24 * 31, "1"))  # February
    waited(lambda: states(stack)["retail"], ("ok", "1"))
    assert said(stack)[EXCEEDED[0], "resolved"] == 1
