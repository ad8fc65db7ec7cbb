"""The hook's client of budgets beside a real broker, and what it does without one."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from apportion_hook.budgets import Budgets, Verdict
from tests import embedded_broker
from tests.budget_topic import MONTH_US, NOW_S, NOW_US, BudgetTopic
from tests.hook_parts import Client, answering, scope_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

WITHIN_S = 60.0
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "hooks" / "budget_middleware.py"
CHILD = ROOT / "tests" / "budget_child.py"


@pytest.fixture
def topic(broker: str) -> BudgetTopic:
    return BudgetTopic(broker)


@pytest.fixture
def opened() -> Iterator[Callable[..., Budgets]]:
    """Open clients, which are closed afterwards."""
    made = []

    def opening(topic: BudgetTopic, **options: Any) -> Budgets:  # noqa: ANN401 - of the client
        settings = {"clock": lambda: NOW_S, **options}
        budgets = Budgets({"bootstrap.servers": topic.broker}, topic=topic.name, **settings)
        made.append(budgets)
        assert budgets.open(WITHIN_S)
        return budgets

    yield opening
    for each in made:
        each.close()


def waited(look: Callable[[], object], expected: object) -> None:
    deadline_s = time.monotonic() + WITHIN_S
    while (found := look()) != expected:
        assert time.monotonic() < deadline_s, f"{found}, expected {expected}"
        time.sleep(0.02)


def names(verdict: Verdict) -> tuple[str, list[str]]:
    return verdict.stage, [each.budget_id for each in verdict.budgets]


def test_a_call_stands_as_the_worst_budget_that_it_counts_in(
    topic: BudgetTopic, opened: Callable[..., Budgets]
) -> None:
    topic.say("all")
    topic.say("retail", stage="warning", tenants=["retail", "search"])
    topic.say("gpt", stage="exceeded", tenants=["search"], models=["gpt-*"])
    topic.say("api", stage="exceeded", pools=["api:openai"])
    topic.say("jobs", stage="exceeded", jobs=["*"])
    budgets = opened(topic)
    assert names(budgets.of_call(tenant="risk")) == ("ok", ["budget:all"])
    assert names(budgets.of_call(tenant="retail")) == ("warning", ["budget:retail"])
    assert names(budgets.of_call(tenant="search", model="o1")) == ("warning", ["budget:retail"])
    assert names(budgets.of_call(tenant="search", model="gpt-4")) == ("exceeded", ["budget:gpt"])
    found = budgets.of_call(tenant="risk", pool="api:openai")
    assert names(found) == ("exceeded", ["budget:api"])
    assert (budgets.stage("budget:jobs"), budgets.stage("budget:none")) == ("exceeded", "unknown")
    assert budgets.of_call(tenant=None).stage == "ok"


def test_another_stage_is_known_soon_and_a_budget_that_is_gone_no_more(
    topic: BudgetTopic, opened: Callable[..., Budgets]
) -> None:
    topic.say("a", tenants=["acme"])
    budgets = opened(topic)
    topic.say("a", tenants=["acme"], stage="exceeded")
    waited(lambda: budgets.of_call(tenant="acme").stage, "exceeded")
    topic.say("a", tenants=["globex"], stage="exceeded")  # a tenant moved out of it
    waited(lambda: budgets.of_call(tenant="globex").stage, "exceeded")
    assert budgets.of_call(tenant="acme") == Verdict("ok")
    topic.gone("a")
    waited(lambda: budgets.of_call(tenant="globex"), Verdict("ok"))
    assert len(budgets) == 0


def test_of_a_period_that_is_over_nothing_is_spent_any_longer(
    topic: BudgetTopic, opened: Callable[..., Budgets]
) -> None:
    """No line comes while a gateway refuses all calls, so it must not wait for another word."""
    now = [NOW_S]
    topic.say("a", stage="exceeded")
    budgets = opened(topic, clock=lambda: now[0])
    assert budgets.of_call(tenant="acme").stage == "exceeded"
    now[0] += MONTH_US / 1_000_000
    assert budgets.of_call(tenant="acme").stage == "ok"
    assert budgets.stage("budget:a") == "ok"


def test_only_what_is_asked_for_is_kept_and_never_more_than_there_is_room_for(
    topic: BudgetTopic, opened: Callable[..., Budgets]
) -> None:
    for number in range(20):
        topic.say(f"b{number}", stage="exceeded")
    few = opened(topic, only=["budget:b3"])
    assert len(few) == 1
    assert names(few.of_call(tenant="acme")) == ("exceeded", ["budget:b3"])
    full = opened(topic, most=5)
    assert (len(full), full.left_out) == (5, 15)


def test_how_old_the_word_is_can_be_seen(
    topic: BudgetTopic, opened: Callable[..., Budgets]
) -> None:
    topic.say("new")
    topic.say("old", said_at_us=NOW_US - 90_000_000)
    budgets = opened(topic)
    assert budgets.of_call(tenant="acme").age_s == 90.0
    assert budgets.fault is None


def test_what_is_no_state_is_left_alone(topic: BudgetTopic, opened: Callable[..., Budgets]) -> None:
    topic.say("a", stage="warning")
    topic._send("budget:b", b"garbage")
    assert names(opened(topic).of_call(tenant="acme")) == ("warning", ["budget:a"])


def test_a_question_never_raises_whatever_is_asked(
    topic: BudgetTopic, opened: Callable[..., Budgets]
) -> None:
    topic.say("gpt", models=["gpt-*"])
    budgets = opened(topic)
    odd: Any = {"a": 1}
    assert budgets.of_call(tenant=odd).stage == "unknown"
    assert budgets.of_call(tenant="acme", model=odd).stage == "unknown"
    assert budgets.stage(odd) == "unknown"


def test_without_a_broker_nothing_is_known_and_nothing_is_raised() -> None:
    budgets = Budgets({"bootstrap.servers": "127.0.0.1:1"})
    try:
        assert budgets.of_call(tenant="acme") == Verdict("unknown")
        waited(lambda: budgets.fault is not None, expected=True)
        assert budgets.of_call(tenant="acme").stage == "unknown"
    finally:
        budgets.close()


def test_it_survives_its_broker_and_hears_the_next_one(
    tmp_path: Path, opened: Callable[..., Budgets]
) -> None:
    with embedded_broker.running(tmp_path) as address:
        topic = BudgetTopic(address)
        topic.say("a", stage="exceeded", tenants=["acme"])
        budgets = opened(topic)
    waited(lambda: budgets.fault is not None, expected=True)
    assert budgets.of_call(tenant="acme").stage == "exceeded", "what was known is known"
    with embedded_broker.running_at(address, tmp_path):
        again = BudgetTopic(address, topic.name)
        again.say("a", stage="warning", tenants=["acme"])
        waited(lambda: budgets.of_call(tenant="acme").stage, "warning")
        waited(lambda: budgets.fault, None)


def test_a_forked_worker_reads_for_itself(topic: BudgetTopic) -> None:
    topic.say("a", stage="exceeded")
    child = [sys.executable, str(CHILD), topic.broker, topic.name]
    path = os.pathsep.join((str(ROOT), str(ROOT / "agents" / "gateway-hook")))
    done = subprocess.run(child, env={**os.environ, "PYTHONPATH": path}, check=False, timeout=90)
    assert done.returncode == 0


def test_the_example_answers_429_when_a_budget_is_exceeded_and_else_passes(
    topic: BudgetTopic, opened: Callable[..., Budgets]
) -> None:
    topic.say("acme", stage="exceeded", tenants=["acme"])
    spec = spec_from_file_location("budget_middleware", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    app = module.RefusesExceeded(answering(b"{}"), budgets=opened(topic))
    answers = {}
    for tenant in ("acme", "globex"):
        client = Client(b"{}")
        scope = {**scope_of("/v1/chat/completions"), "state": {"tenant": tenant}}
        asyncio.run(app(scope, client.receive, client.send))
        head, body = client.messages
        answers[tenant] = head["status"], b"budget:acme" in body["body"]
    assert answers == {"acme": (429, True), "globex": (200, False)}
