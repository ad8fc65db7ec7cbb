"""Real budgets beside a real store: what is spent is said once, whatever is killed."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from schemas import topics
from schemas.codec import Codec
from schemas.decimals import from_bytes, to_decimal
from schemas.records import CostLine
from schemas.topics import partition_of
from streams.config_topic import CATALOG, publish_document
from streams.kafka import read_to_end
from streams.kafka.batch import publish_all
from tests.builders.budgets import budget, budgets, spent
from tests.command_line import runner
from tests.system import stack as system
from tests.system.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

CODEC = Codec()
WITHIN_S = 120.0  # on a busy machine; it takes a second or two
LOOK_S = 0.05
ELSEWHERE = next(name for name in ("d", "e", "f", "g")
                 if partition_of(name, topics.COST_LINE.partitions)
                 != partition_of("c", topics.COST_LINE.partitions))  # fmt: skip
SETTINGS = {"budgets.emit_every_s": "0.5", "budgets.repeat_every_s": "1", "meter.clock": "log"}
RETAIL = budget("retail", "10", tenant="retail", warn_at="['0.5', '0.8']")
GPT = budget("gpt", "100", models="['gpt-*']", tenant="corp")
WARNED = ("budget_warning/1/0.5/2026-01-01/budget:retail", "opened")
WARNED_MORE = ("budget_warning/1/0.8/2026-01-01/budget:retail", "opened")
EXCEEDED = ("budget_exceeded/1/1/2026-01-01/budget:retail", "opened")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A store and two workers of budgets, and nobody who makes cost lines but the tests.

    Each test has budgets and tenants of its own.
    """
    with running(tmp_path_factory.mktemp("budgets")) as stack:
        stack.add("budgets")
        yield stack


@contextmanager
def running(folder: Path) -> Iterator[Stack]:
    """Run a store and budgets."""
    with system.running(folder, SETTINGS, ("store",)) as stack:
        publish_document(stack.kafka, CATALOG, budgets(RETAIL, GPT), "test")
        stack.add("budgets")
        yield stack


def send(stack: Stack, *lines: CostLine) -> None:
    """Send cost lines as allocate does."""
    encoded = [(line["tenant"], CODEC.encode("CostLine", line)) for line in lines]
    publish_all(stack.kafka, topics.COST_LINE.name, encoded)


def alerts(stack: Stack) -> list[dict[str, Any]]:
    """Return all alerts there are but those of speed."""
    entries = read_to_end(stack.kafka, topics.ALERT_COST.name)
    found = [CODEC.decode(entry.value or b"")[1] for entry in entries]
    return [each for each in found if each["kind"] != "budget_burn"]


def said(stack: Stack, *names: str) -> Counter[tuple[str, str]]:
    """Return how often each alert of some budgets was said in each state."""
    ids = {f"budget:{name}" for name in names}
    found = [each for each in alerts(stack) if each["budget_id"] in ids]
    return Counter((each["alert_id"], each["state"]) for each in found)


def states(stack: Stack, *names: str) -> dict[str, tuple[str, str] | None]:
    """Return stage and spend of some budgets, None where one is gone."""
    found: dict[str, tuple[str, str] | None] = {}
    for entry in read_to_end(stack.kafka, topics.BUDGET_STATE.name):
        key = (entry.key or b"").decode().removeprefix("budget:")
        if key not in names:
            continue
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


def test_what_all_tenants_below_a_node_spend_is_one_sum(
    shared: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_document(shared.kafka, CATALOG, budgets(RETAIL, GPT), "test")
    send(shared, spent(0, "3"), spent(0, "1", "risk"), spent(0, "0.5", "shop", model="llama"))
    waited(lambda: states(shared, "retail", "gpt"), {"retail": ("ok", "3.5"), "gpt": ("ok", "4")})
    send(shared, spent(1, "7", "shop"))
    waited(lambda: states(shared, "retail"), {"retail": ("exceeded", "10.5")})
    assert said(shared, "retail") == {WARNED: 1, WARNED_MORE: 1, EXCEEDED: 1}
    alert = next(each for each in alerts(shared) if each["alert_id"] == EXCEEDED[0])
    assert (alert["tenant"], alert["budget_id"]) == ("retail", "budget:retail")
    assert (alert["severity"], dollars(alert["excess"])) == ("critical", "0.5")
    shown = alert["query"].replace("sum(cost) AS cost", "toString(sum(cost)) AS cost")
    spenders = [
        {"tenant": "shop", "model": "gpt-4o", "cost": "7"},
        {"tenant": "search", "model": "gpt-4o", "cost": "3"},
        {"tenant": "shop", "model": "llama", "cost": "0.5"},
    ]
    waited(lambda: shared.rows(shown), spenders)
    apportion = runner(monkeypatch, capsys)
    status, out, _ = apportion("budgets", "--json", "--kafka", shared.kafka.bootstrap)
    listed = {each["budget_id"]: each for each in json.loads(out)["budgets"]}
    retail = listed["budget:retail"]
    assert (status, retail["stage"], retail["spent"]) == (0, "exceeded", "10.500000000000")
    assert (retail["limit"], retail["from"][:10]) == ("10.000000000000", "2026-01-01")


def test_killed_and_paused_at_any_moment_they_lose_no_alert_and_repeat_none(shared: Stack) -> None:
    """Twelve budgets are exceeded one after the other while both workers are killed in turn.

    Then each is paused for longer than its session, so that the other leads, and wakes again.
    """
    tenants = [f"t{number}" for number in range(12)]
    entries = [budget(each, "10", tenant=each) for each in tenants]
    publish_document(shared.kafka, CATALOG, budgets(*entries, tree=""), "test")
    workers = shared.of("budgets")
    for number, tenant in enumerate(tenants):
        send(shared, spent(0, "6", tenant), spent(1, "5", tenant))
        if number % 3 == 2:
            time.sleep(0.4 * (number % 2))
            workers[number // 3 % 2].kill()
    expected = {
        (f"{kind}/2026-01-01/budget:{each}", "opened"): 1
        for each in tenants
        for kind in ("budget_warning/1/0.8", "budget_exceeded/1/1")
    }
    waited(lambda: states(shared, *tenants), dict.fromkeys(tenants, ("exceeded", "11")))
    assert said(shared, *tenants) == expected
    for total, worker in enumerate(workers, 12):
        worker.pause()
        send(shared, *(spent(total, "1", each) for each in tenants))
        waited(lambda: states(shared, *tenants), dict.fromkeys(tenants, ("exceeded", str(total))))
        worker.resume()
    assert said(shared, *tenants) == expected


def correction(*costs: str) -> list[CostLine]:
    """Return a correction of a minute: lines of c, and one of d, on another partition."""
    fixed: dict[str, Any] = {
        "generation": 1, "status": "corrected", "lines": len(costs) + 1, "note": "test",
        "pool": "api:c",
    }  # fmt: skip
    ours = [spent(0, cost, "c", thing=number, **fixed) for number, cost in enumerate(costs)]
    return [*ours, spent(0, "1", ELSEWHERE, **fixed)]


def test_a_correction_counts_when_it_is_complete_and_resolves(shared: Stack) -> None:
    named = budgets(budget("c", "10", tenant="c"), budget("d", "9", tenant=ELSEWHERE), tree="")
    publish_document(shared.kafka, CATALOG, named, "test")
    first = spent(0, "12", "c", status="final", pool="api:c")
    send(shared, first, spent(1, "1", "c", pool="api:other"))
    waited(lambda: states(shared, "c", "d"), {"c": ("exceeded", "13"), "d": ("ok", "0")})
    *ours, last = correction("3", "4")
    send(shared, *ours)
    waited(lambda: shared.rows("SELECT count() AS n FROM cost_lines WHERE generation = 1"),
           [{"n": 2}])  # fmt: skip
    send(shared, spent(1, "2", "c", pool="api:other", revision=2))
    waited(lambda: states(shared, "c"), {"c": ("exceeded", "14")})
    send(shared, last)
    waited(lambda: states(shared, "c", "d"), {"c": ("warning", "9"), "d": ("ok", "1")})
    exceeded = "budget_exceeded/1/1/2026-01-01/budget:c"
    assert {(exceeded, "opened"): 1, (exceeded, "resolved"): 1}.items() <= said(shared, "c").items()


def test_a_line_of_a_window_long_over_counts_once_the_store_has_it(tmp_path: Path) -> None:
    with running(tmp_path) as stack:
        send(stack, spent(0, "3"), spent(300, "1"))
        waited(lambda: states(stack, "retail"), {"retail": ("ok", "4")})
        send(stack, spent(0, "4", revision=2))
        waited(lambda: states(stack, "retail"), {"retail": ("warning", "5")})
        lower = budgets(budget("retail", "5", tenant="retail"))
        publish_document(stack.kafka, CATALOG, lower, "test")
        waited(lambda: states(stack, "retail", "gpt"), {"retail": ("exceeded", "5"), "gpt": None})
        assert (EXCEEDED[0], "opened") in said(stack, "retail")
        send(stack, spent(60 * 24 * 31, "1"))  # February
        waited(lambda: states(stack, "retail"), {"retail": ("ok", "1")})
        assert said(stack, "retail")[EXCEEDED[0], "resolved"] == 1


def test_what_a_month_comes_to_is_said_beside_what_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dollar an hour for three days: 744 of them in January."""
    apportion = runner(monkeypatch, capsys)

    def forecast(stack: Stack) -> str:
        status, out, _ = apportion("budgets", "--kafka", stack.kafka.bootstrap)
        row = next(each for each in out.splitlines() if each.startswith("budget:retail"))
        assert status == 0
        return row.split()[5]

    with running(tmp_path) as stack:
        send(stack, *(spent(60 * hour, "1") for hour in range(72)))
        waited(lambda: states(stack, "retail"), {"retail": ("exceeded", "72")})
        waited(lambda: forecast(stack), "744.00")
