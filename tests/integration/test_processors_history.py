"""What jobs cost by ClickHouse, and what was said of them by the topics and by ClickHouse."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import pytest
from confluent_kafka import Consumer, TopicPartition

from clickhouse.client import Connection
from clickhouse.rows import alerts, cost_lines
from clickhouse.writer import Writer
from schemas import topics
from schemas.codec import Codec
from schemas.decimals import to_pico
from schemas.records import Alert, CostLine
from streams.config.catalog import load_catalog
from streams.core.alerts import NO_DETAILS
from streams.core.cap_reached import Episode, Said
from streams.core.job_cost import JobCost, JobKey
from streams.core.job_watch import JobWatch
from streams.core.windows import MINUTE_US
from streams.kafka import create_topics, publish
from streams.kafka.batch import publish_all
from streams.kafka.connection import consumer
from streams.kafka.groups import committed
from streams.processors.history import GROUP, LIVE_US, STORE_GROUP, History
from streams.replay.ask import Direct
from streams.settings import KafkaSettings
from tests import brokers
from tests.builders.jobs import JOB, caps, job_line
from tests.builders.usage import T0

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

CODEC = Codec()
PARTITIONS = topics.COST_LINE.partitions
DAY_S = 86_400.0
KEY = JobKey("acme", JOB, "USD")
LONG = LIVE_US // MINUTE_US  # minutes that are kept line by line


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    with brokers.running(tmp_path_factory.mktemp("history")) as address:
        settings = KafkaSettings(bootstrap=address)
        create_topics(settings)
        yield settings


@pytest.fixture
def history(kafka: KafkaSettings, database: Connection) -> Iterator[History]:
    made = History(kafka, lambda: Direct(database), 35 * DAY_S, PARTITIONS)
    yield made
    made.close()


def write(database: Connection, lines: Iterable[CostLine]) -> None:
    writer = Writer(database.session())
    writer.add(cost_lines([*lines]))
    writer.flush()


def correction(minute: int, *costs: str, number: int = 1, **changes: Any) -> list[CostLine]:  # noqa: ANN401 - of any field
    """Return a complete correction of a minute."""
    fixed: dict[str, Any] = {
        "generation": number,
        "status": "corrected",
        "lines": len(costs),
    } | changes
    return [job_line(minute, cost, thing=thing, **fixed) for thing, cost in enumerate(costs)]


def current(database: Connection, key: JobKey) -> int:
    """Return what readers see."""
    sql = (
        "SELECT toString(ifNull(sum(cost), 0)) AS usd FROM cost_current "
        "WHERE tenant = {tenant:String} AND job = {job:String} AND currency = {currency:String} "
        "AND startsWith(meter, 'gpu.')"
    )
    return to_pico(Decimal(str(database.reader.rows(sql, key._asdict())[0]["usd"])))


def pico(history: History, key: JobKey = KEY) -> int | None:
    """Return what a watch would say that has read nothing else."""
    job = JobCost()
    job.learn(history.of([key]).pasts[key])
    spent = job.spending()
    return None if spent is None else spent.pico


def test_what_a_job_costs_is_what_readers_see(database: Connection, history: History) -> None:
    """Long ago and lately; final over provisional; corrected, twice, and not completely."""
    now = LONG + 60
    write(
        database,
        [
            *(job_line(minute, "0.25", status="final") for minute in range(now)),
            job_line(5, "9"),  # provisional, and final before
            job_line(now, "1"),
            job_line(now, "2", revision=2),
            job_line(now, None, thing=1),
            job_line(now, "3", pool="h200", kind="held_idle", meter="gpu.held_idle"),
            job_line(now, "50", job="train-8"),
            job_line(now, "60", tenant="globex"),
            job_line(now, "70", currency="EUR", thing=3),
            job_line(now, "80", meter="resource.storage", kind="resource.storage", thing=2),
            *correction(3, "4", "5"),
            *correction(now - 3, "4"),
            *correction(now - 3, "6", number=2),
            job_line(now - 5, "100", generation=1, status="corrected", lines=2),  # one of two
        ],
    )
    expected = current(database, KEY)
    assert expected == to_pico(Decimal("0.25") * (now - 2) + 9 + 6 + 2 + 3)
    past = history.of([KEY]).pasts[KEY]
    assert len(past.lines) == LONG - 1 + 3  # of minutes since then but one; three of the newest
    assert past.corrected == {(T0 + (now - 3) * MINUTE_US, "h100")}
    assert pico(history) == expected
    for other in (KEY._replace(job="train-8"), KEY._replace(currency="EUR")):
        assert pico(history, other) == current(database, other)
    job = JobCost()
    job.learn(past)
    spent = job.spending()
    assert spent is not None
    assert (spent.unpriced, spent.first_us, spent.newest.end_us) == (
        1, T0, T0 + (now + 1) * MINUTE_US,
    )  # fmt: skip


def test_a_correction_that_leaves_a_job_nothing_is_known(
    database: Connection, history: History
) -> None:
    write(database, [job_line(0, "1"), *correction(0, "1", tenant="globex")])
    assert current(database, KEY) == 0
    job = JobCost()
    job.take(job_line(0, "1"), 0)  # as streamed
    job.learn(history.of([KEY]).pasts[KEY])
    assert job.is_whole
    assert job.spending() is None


def test_a_job_nobody_heard_of_has_no_past(history: History) -> None:
    assert pico(history, KEY._replace(job="train-0")) is None


def test_all_jobs_under_a_cap_are_found_that_ran_lately(
    database: Connection, history: History
) -> None:
    days = 24 * 60
    write(
        database,
        [
            job_line(0, "1", job="train-old"),
            job_line(30 * days, "1", job="train-1"),
            job_line(40 * days, "1", job="eval-1"),
            job_line(40 * days, "1", job="train-2", tenant="globex"),
        ],
    )
    watch = JobWatch(load_catalog(caps("10")))
    found = history.whole(watch.is_watched).pasts
    assert {key.job for key in found} == {"train-1", "train-2"}


def test_another_complete_correction_is_another_mark(
    database: Connection, history: History
) -> None:
    write(database, [job_line(0, "1")])
    before = history.mark()
    assert history.mark() == before
    incomplete, last = correction(0, "1", "2")
    write(database, [incomplete])
    assert history.mark() == before
    write(database, [last])
    assert history.mark() != before


AlertState: TypeAlias = Literal["opened", "resolved"]


def alert(number: int, state: AlertState, since_us: int = T0, job: str = JOB) -> Alert:
    return {
        **NO_DETAILS,
        "alert_id": f"cap_reached/{number}/job:acme:{job}", "tenant": "acme", "job": job,
        "kind": "cap_reached", "state": state, "since_us": since_us, "at_us": since_us,
        "expected": None, "actual": None, "excess": None, "currency": "USD", "summary": "",
        "budget_id": f"job:acme:{job}", "severity": "critical",
        "revision": 1 if state == "opened" else 2,
    }  # fmt: skip


def test_the_last_that_was_said_is_found_in_either_place(
    database: Connection, kafka: KafkaSettings, history: History
) -> None:
    """ClickHouse is behind the topic on one job, and remembers what the topic forgot of others."""
    said = [alert(1, "opened"), alert(1, "resolved"), alert(2, "opened", T0 + 1)]
    encoded = [("acme", CODEC.encode("Alert", {**each})) for each in said]
    publish_all(kafka, topics.ALERT_COST.name, encoded)
    writer = Writer(database.session())
    kept = [said[0], alert(7, "opened", job="train-8"), alert(3, "opened", job="train-9")]
    writer.add(alerts([*kept, alert(3, "resolved", job="train-9")]))
    writer.flush()
    found = history.said(lambda job: job[0] == "acme")
    assert {job: each.episode for (_, job), each in found.items()} == {
        JOB: Episode(2, is_over=False, since_us=T0 + 1, currency="USD"),
        "train-8": Episode(7, is_over=False, since_us=T0, currency="USD"),
        "train-9": Episode(3, is_over=True, since_us=T0, currency="USD"),
    }
    assert history.said(lambda job: job[0] == "globex") == {}


def test_of_a_budget_the_last_state_counts_until_it_is_gone(
    kafka: KafkaSettings, history: History
) -> None:
    state: dict[str, Any] = {
        "period_start_us": T0, "period_end_us": T0, "limit": b"\x05", "spent": b"\x01",
        "forecast": None, "burn_rate": None, "currency": "USD", "stage": "ok", "positions": {},
        "price_book": "b", "said_at_us": None, "revision": None, "tenants": [], "projects": [],
        "models": [], "jobs": [], "pools": [],
    }  # fmt: skip
    for job, spent in (("kept", b"\x01"), ("kept", b"\x02"), ("gone", b"\x01")):
        named = {**state, "budget_id": f"job:initech:{job}", "spent": spent}
        value = CODEC.encode("BudgetState", named)
        publish(kafka, topics.BUDGET_STATE.name, named["budget_id"], value)
    publish_all(kafka, topics.BUDGET_STATE.name, [("job:initech:gone", None)])  # type: ignore[list-item]  # a tombstone
    found = history.said(lambda job: job[0] == "initech")
    assert list(found) == [("initech", "kept")]
    assert found["initech", "kept"] != Said()
    last = found["initech", "kept"].state
    assert last is not None
    assert last["spent"] == b"\x02"


def test_a_group_that_never_read_begins_where_the_store_is(
    kafka: KafkaSettings, history: History
) -> None:
    publish_all(kafka, topics.COST_LINE.name, [("acme", b"x"), ("globex", b"x"), ("acme", b"x")])
    asked = [TopicPartition(topics.COST_LINE.name, number) for number in range(PARTITIONS)]
    store = Consumer(consumer(kafka, STORE_GROUP))
    at = next(each for each in asked if each.partition == history._partition(KEY))
    store.commit(offsets=[TopicPartition(at.topic, at.partition, 2)], asynchronous=False)
    store.close()
    assert history.stored()[at.partition] == 2
    history.begin()
    watch = Consumer(consumer(kafka, GROUP))
    assert committed(kafka, watch, asked)[at.partition] == 2
    watch.commit(offsets=[TopicPartition(at.topic, at.partition, 1)], asynchronous=False)
    history.begin()  # it has read: it begins where it was
    assert committed(kafka, watch, asked)[at.partition] == 1
    watch.close()
