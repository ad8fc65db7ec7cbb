"""A real watch beside a real store: a cap that is reached is said once, whatever is killed."""

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
from schemas.topics import partition_of
from streams.config_topic import CATALOG, publish_document
from streams.kafka import read_to_end
from streams.kafka.batch import publish_all
from tests import engines
from tests.builders.jobs import JOB, caps, job_line
from tests.system import health
from tests.system import stack as system
from tests.system.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

CODEC = Codec()
WITHIN_S = 90.0  # on a busy machine; it takes a second or two
LOOK_S = 0.05
SOON = {"watch.emit_every_s": "0.5"}
BUDGET = f"job:acme:{JOB}"
ELSEWHERE = next(name for name in ("globex", "initech", "umbrella")
                 if partition_of(name, topics.COST_LINE.partitions)
                 != partition_of("acme", topics.COST_LINE.partitions))  # fmt: skip
PAUSES_S = (0.0, 0.05, 0.3, 1.0)  # after a crossing until watch is killed
SPENT = (
    f"SELECT toString(sum(cost)) AS usd FROM cost_current WHERE tenant = 'acme' AND job = '{JOB}'"  # noqa: S608 - of this file
)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A store and a watch, and nobody who makes cost lines but the test."""
    with system.running(tmp_path, SOON, ("store",)) as running:
        publish_document(running.kafka, CATALOG, caps("10"), "test")
        running.add("watch")
        ready(running)
        yield running


def ready(stack: Stack) -> None:
    """Wait until watch has read what was before."""
    waited(lambda: [health.of(each).status for each in stack.of("watch")],
           [health.OK] * len(stack.of("watch")))  # fmt: skip


def send(stack: Stack, *lines: CostLine) -> None:
    """Send cost lines as allocate does."""
    encoded = [(line["tenant"], CODEC.encode("CostLine", line)) for line in lines]
    publish_all(stack.kafka, topics.COST_LINE.name, encoded)


def alerts(stack: Stack) -> list[dict[str, Any]]:
    """Return all alerts there are."""
    entries = read_to_end(stack.kafka, topics.ALERT_COST.name)
    return [CODEC.decode(entry.value or b"")[1] for entry in entries]


def said(stack: Stack) -> Counter[tuple[str, str]]:
    """Return how often each alert was said in each state."""
    return Counter((each["alert_id"], each["state"]) for each in alerts(stack))


def states(stack: Stack) -> dict[str, tuple[str, str] | None]:
    """Return stage and spend of every budget, None where it is gone."""
    found: dict[str, tuple[str, str] | None] = {}
    for entry in read_to_end(stack.kafka, topics.BUDGET_STATE.name):
        key = (entry.key or b"").decode()
        if entry.value is None:
            found[key] = None
            continue
        state = CODEC.decode(entry.value)[1]
        found[key] = state["stage"], f"{to_decimal(from_bytes(state['spent'])).normalize():f}"
    return found


def waited(look: Callable[[], object], expected: object) -> None:
    """Wait until a look shows what is expected."""
    deadline_s = time.monotonic() + WITHIN_S
    while (found := look()) != expected:
        assert time.monotonic() < deadline_s, f"{found}, expected {expected}"
        time.sleep(LOOK_S)


def test_a_cap_that_is_reached_is_said_with_the_job_s_name(stack: Stack) -> None:
    send(stack, job_line(0, "6"), job_line(1, "3"), job_line(1, "90", job="other"))
    waited(lambda: states(stack), {"job:acme:train-7": ("ok", "9")})
    send(stack, job_line(1, "4", revision=2))
    opened = ("cap_reached/1/job:acme:train-7", "opened")
    waited(lambda: states(stack), {"job:acme:train-7": ("exceeded", "10")})
    assert said(stack) == {opened: 1}
    (alert,) = alerts(stack)
    assert (alert["job"], alert["tenant"], alert["kind"]) == (JOB, "acme", "cap_reached")
    waited(lambda: stack.rows(SPENT), [{"usd": "10"}])
    shown = f"SELECT toString(sum(total)) AS usd FROM ({alert['query']})"  # noqa: S608 - what is said
    assert stack.rows(shown) == [{"usd": "10"}]
    kept = "SELECT alert_id, state, job FROM alerts FINAL"
    waited(lambda: stack.rows(kept), [{"alert_id": opened[0], "state": "opened", "job": JOB}])
    kept = "SELECT budget_id, stage, toString(spent) AS spent FROM budget_states FINAL"
    waited(
        lambda: stack.rows(kept),
        [{"budget_id": "job:acme:train-7", "stage": "exceeded", "spent": "10"}],
    )


def correction(*costs: str, minute: int = 0) -> list[CostLine]:
    """Return a correction of a minute: lines of the job and of another tenant, who is elsewhere."""
    fixed: dict[str, Any] = {
        "generation": 1, "status": "corrected", "lines": len(costs) + 1, "note": "test"
    }  # fmt: skip
    ours = [job_line(minute, cost, thing=number, **fixed) for number, cost in enumerate(costs)]
    return [*ours, job_line(minute, "1", thing=9, tenant=ELSEWHERE, **fixed)]


def test_a_correction_counts_when_it_is_complete_and_resolves(stack: Stack) -> None:
    """Its last line is on another partition, and comes late; until then readers see the former."""
    send(stack, job_line(0, "12", status="final"), job_line(1, "1"))
    opened, resolved = (("cap_reached/1/job:acme:train-7", each) for each in ("opened", "resolved"))
    waited(lambda: said(stack), {opened: 1})
    *ours, last = correction("3", "4")
    send(stack, *ours)
    waited(lambda: stack.rows("SELECT count() AS n FROM cost_lines WHERE generation = 1"),
           [{"n": 2}])  # fmt: skip
    send(stack, job_line(2, "0.5"))
    waited(lambda: states(stack)[BUDGET], ("exceeded", "13.5"))
    send(stack, last)
    waited(lambda: states(stack)[BUDGET], ("ok", "8.5"))
    assert said(stack) == {opened: 1, resolved: 1}
    assert stack.rows(SPENT) == [{"usd": "8.5"}]


def test_a_published_cap_holds_for_what_runs_and_one_taken_back_for_nothing(stack: Stack) -> None:
    send(stack, job_line(0, "6"))
    waited(lambda: states(stack), {BUDGET: ("ok", "6")})
    publish_document(stack.kafka, CATALOG, caps("5"), "test")
    opened, resolved = (("cap_reached/1/job:acme:train-7", each) for each in ("opened", "resolved"))
    waited(lambda: said(stack), {opened: 1})
    publish_document(stack.kafka, CATALOG, caps("5", jobs="eval-*"), "test")
    waited(lambda: said(stack), {opened: 1, resolved: 1})
    waited(lambda: states(stack), {BUDGET: None})


def test_a_cap_on_a_job_that_ran_before_counts_all_of_it(tmp_path: Path) -> None:
    """Nobody watched, and the log that it ran in is read no more: only ClickHouse knows of it."""
    with system.running(tmp_path, SOON, ("store",)) as stack:
        send(stack, *(job_line(minute, "1", status="final") for minute in range(300)))
        waited(lambda: stack.rows(SPENT), [{"usd": "300"}])
        publish_document(stack.kafka, CATALOG, caps("300.5"), "test")
        stack.add("watch")
        waited(lambda: states(stack), {BUDGET: ("ok", "300")})
        send(stack, job_line(300, "0.5"))
        waited(lambda: said(stack), {("cap_reached/1/job:acme:train-7", "opened"): 1})
        assert stack.of("watch")[0].entries("partitions_assigned")


def test_killed_at_any_moment_it_loses_no_alert_and_repeats_none(stack: Stack) -> None:
    """Twenty jobs cross one after the other while watch is killed again and again."""
    (watch,) = stack.of("watch")
    jobs = [f"train-{number}" for number in range(20)]
    for number, job in enumerate(jobs):
        send(stack, job_line(0, "6", job=job), job_line(1, "5", job=job))
        if number % 4 == 3:
            time.sleep(PAUSES_S[number // 4 % len(PAUSES_S)])
            watch.kill()
    ready(stack)
    expected = {(f"cap_reached/1/job:acme:{job}", "opened"): 1 for job in jobs}
    waited(lambda: said(stack), expected)
    waited(lambda: states(stack), {f"job:acme:{job}": ("exceeded", "11") for job in jobs})
    send(stack, *(job_line(2, "1", job=job) for job in jobs))
    waited(lambda: states(stack), {f"job:acme:{job}": ("exceeded", "12") for job in jobs})
    assert said(stack) == expected


def test_two_workers_share_the_jobs_and_say_each_thing_once(stack: Stack) -> None:
    tenants = [f"t{number}" for number in range(8)]
    send(stack, *(job_line(0, "6", tenant=tenant) for tenant in tenants))
    stack.add("watch")
    send(stack, *(job_line(1, "6", tenant=tenant) for tenant in tenants))
    ready(stack)
    expected = {(f"cap_reached/1/job:{tenant}:train-7", "opened"): 1 for tenant in tenants}
    waited(lambda: said(stack), expected)
    stack.of("watch")[0].stop()
    send(stack, *(job_line(2, "6", tenant=tenant) for tenant in tenants))
    waited(lambda: states(stack), {f"job:{t}:train-7": ("exceeded", "18") for t in tenants})
    assert said(stack) == expected


def test_a_worker_that_wakes_after_its_session_says_nothing_new(stack: Stack) -> None:
    """Paused for longer than its session: another has taken over and said what is to be said."""
    (sleeper,) = stack.of("watch")
    send(stack, job_line(0, "6"))
    waited(lambda: states(stack), {BUDGET: ("ok", "6")})
    sleeper.pause()
    stack.add("watch")
    send(stack, job_line(1, "6"))
    opened = ("cap_reached/1/job:acme:train-7", "opened")
    waited(lambda: said(stack), {opened: 1})
    sleeper.resume()
    send(stack, job_line(2, "6"))
    waited(lambda: states(stack), {BUDGET: ("exceeded", "18")})
    ready(stack)
    assert {*said(stack)} == {opened}
    assert len({alert["since_us"] for alert in alerts(stack)}) == 1


if not engines.IS_SERVER:  # a server goes on without the store

    def test_without_clickhouse_jobs_it_knows_are_watched_and_others_wait(stack: Stack) -> None:
        send(stack, job_line(0, "6"))
        waited(lambda: states(stack), {BUDGET: ("ok", "6")})
        (store,) = stack.of("store")
        store.stop()
        send(stack, job_line(1, "6"), job_line(0, "20", job="train-8"))
        opened = ("cap_reached/1/job:acme:train-7", "opened")
        waited(lambda: said(stack), {opened: 1})
        waited(lambda: "no store answers" in health.of(stack.of("watch")[0]).trouble, expected=True)
        assert said(stack) == {opened: 1}
        store.start()
        waited(lambda: said(stack), {opened: 1, ("cap_reached/1/job:acme:train-8", "opened"): 1})
        ready(stack)
