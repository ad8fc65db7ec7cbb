"""What docs/security.md permits is what works: no less, and no more. Real processes, refused."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # not all in its __all__
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from agents.outbox import Limits, Outbox, OutboxConfig
from schemas import topics
from streams import sql_socket
from streams.errors import NotAllowed, StoreUnavailable
from streams.kafka import Access, require
from streams.kafka.connection import confluent
from streams.processors import allocate, meter, notify, store, watch
from streams.processors.access import ACCESS, CONFIG
from tests.builders.usage import call
from tests.outbox_parts import wait_until
from tests.servers import secured_kafka
from tests.servers.documented_users import Site
from tests.system.workers import Worker

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

WITHIN_S = 90.0
STARTED = "partitions_assigned"
REFUSED = KafkaError.TOPIC_AUTHORIZATION_FAILED


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing one user may do."""

    user: str
    verb: str
    kind: ResourceType
    name: str

    def __str__(self) -> str:
        return f"{self.verb} on {self.kind.name.lower()} {self.name}"

    def binding(self) -> AclBinding:
        """Return it as the broker keeps it."""
        return AclBinding(
            self.kind,
            self.name,
            ResourcePatternType.LITERAL,
            f"User:{self.user}",
            "*",
            AclOperation[self.verb.upper()],
            AclPermissionType.ALLOW,
        )


EACH = [
    Permission(processor, verb, kind, name)
    for processor, access in ACCESS.items()
    for verb, kind, names in (
        ("Read", ResourceType.TOPIC, access.reads),
        ("Write", ResourceType.TOPIC, access.writes),
        ("Read", ResourceType.GROUP, [access.group] if access.group else []),
        ("Describe", ResourceType.GROUP, [access.asks] if access.asks else []),
    )
    for name in names
]


@pytest.fixture(scope="module")
def admin(site: Site) -> AdminClient:
    known = secured_kafka.as_admin(site.broker)
    return AdminClient({"bootstrap.servers": site.broker.bootstrap, "log_level": 0, **known})


@pytest.fixture
def workers(site: Site, tmp_path: Path) -> Iterator[dict[str, Worker]]:
    """Each processor that reads in a group as its own user, ready."""
    in_groups = [name for name, access in ACCESS.items() if access.group]
    found = {name: worker_of(site, name, tmp_path) for name in in_groups}
    for worker in found.values():
        worker.start()
    try:
        wait_until(lambda: all(worker.entries(STARTED) for worker in found.values()), WITHIN_S)
        yield found
    finally:
        for worker in found.values():
            worker.stop()


def worker_of(site: Site, processor: str, folder: Path) -> Worker:
    flags = ("--clickhouse", f"chdb://{folder}/clickhouse")
    return Worker(processor, 1, flags, folder, environment=site.environment(processor))


def granted(admin: AdminClient, user: str) -> list[AclBinding]:
    """Return what a user is allowed."""
    everything = AclBindingFilter(
        ResourceType.ANY,
        cast("str", None),  # any
        ResourcePatternType.ANY,
        f"User:{user}",
        cast("str", None),
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    found: list[AclBinding] = admin.describe_acls(everything).result()
    return found


@contextmanager
def without(admin: AdminClient, permission: Permission) -> Iterator[None]:
    """Take a permission away inside the block."""
    bound = permission.binding()
    exactly = AclBindingFilter(
        bound.restype,
        bound.name,
        bound.resource_pattern_type,
        bound.principal,
        bound.host,
        bound.operation,
        bound.permission_type,
    )
    for done in admin.delete_acls([exactly]).values():
        assert len(done.result()) == 1
    try:
        yield
    finally:
        for done in admin.create_acls([bound]).values():
            done.result()


def produced(site: Site, user: str, topic: str) -> int | None:
    """Write as a user; return the code of the error, None when the broker took it."""
    producer = Producer({**confluent(site.settings(user)), "acks": "all", "log_level": 0})
    codes: list[int | None] = []
    producer.produce(
        topic, b"x", on_delivery=lambda error, _: codes.append(error.code() if error else None)
    )
    assert producer.flush(WITHIN_S) == 0
    return codes[0]


def test_the_permissions_asked_for_are_those_of_what_is_read_and_written() -> None:
    assert set(ACCESS["meter"].reads) == {*meter.TOPICS, *(topic.name for topic in CONFIG)}
    assert set(ACCESS["allocate"].reads) == {
        allocate.TOPIC.name,
        *(topic.name for topic in CONFIG),
    }
    assert set(ACCESS["store"].reads) == set(store.TOPICS)
    said = (topics.ALERT_COST, topics.BUDGET_STATE)
    assert set(ACCESS["watch"].reads) == {
        watch.TOPIC.name,
        *(topic.name for topic in (*said, *CONFIG)),
    }
    assert set(ACCESS["watch"].writes) == {topic.name for topic in said}
    assert ACCESS["budgets"].reads == ACCESS["watch"].reads
    assert ACCESS["budgets"].writes == ACCESS["watch"].writes
    assert set(ACCESS["anomalies"].reads) == {
        topic.name for topic in (topics.COST_LINE, topics.CLOSED_WINDOW, topics.ALERT_COST, *CONFIG)
    }
    assert set(ACCESS["anomalies"].writes) == {topics.ALERT_COST.name}
    told = {topics.NOTIFY_SENT.name}
    assert set(ACCESS["notify"].reads) == {
        notify.TOPIC.name,
        *told,
        *(topic.name for topic in CONFIG),
    }
    assert set(ACCESS["notify"].writes) == told


@pytest.mark.parametrize("processor", ACCESS)
def test_the_page_grants_a_processor_what_it_asks_for_and_nothing_else(
    site: Site, admin: AdminClient, processor: str
) -> None:
    asked = {each.binding() for each in EACH if each.user == processor}
    assert set(granted(admin, processor)) == asked
    require(site.settings(processor), ACCESS[processor])


@pytest.mark.parametrize("permission", EACH, ids=str)
def test_one_permission_less_is_named(
    site: Site, admin: AdminClient, permission: Permission
) -> None:
    user = permission.user
    with without(admin, permission):
        wait_until(lambda: bool(missing(site, user)), WITHIN_S)
        assert missing(site, user) == (str(permission),)
    wait_until(lambda: not missing(site, user), WITHIN_S)


def missing(site: Site, user: str) -> Sequence[str]:
    """Return what a user would be told to lack."""
    try:
        require(site.settings(user), ACCESS[user])
    except NotAllowed as refused:
        return refused.missing
    return ()


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("agent", topics.METERED_PARTIAL),
        ("agent", topics.COST_LINE),
        ("agent", topics.CONFIG_PRICE_BOOK),
        ("meter", topics.COST_LINE),
        ("meter", topics.LATE_PARTIAL),
        ("meter", topics.USAGE_GPU),
        ("allocate", topics.USAGE_GPU),
        ("allocate", topics.CONFIG_CATALOG),
        ("watch", topics.COST_LINE),
        ("watch", topics.CONFIG_CATALOG),
        ("budgets", topics.COST_LINE),
        ("budgets", topics.CONFIG_CATALOG),
        ("anomalies", topics.COST_LINE),
        ("anomalies", topics.CLOSED_WINDOW),
        ("anomalies", topics.BUDGET_STATE),
        ("notify", topics.ALERT_COST),
        ("notify", topics.CONFIG_CATALOG),
        ("store", topics.COST_LINE),
        ("store", topics.ALERT_COST),
        ("store", topics.USAGE_GPU),
        ("repair", topics.METERED_PARTIAL),
        ("accrue", topics.METERED_PARTIAL),
        ("accrue", topics.CONFIG_PRICE_BOOK),
        ("operator", topics.COST_LINE),
        ("reader", topics.COST_LINE),
    ],
    ids=lambda each: each if isinstance(each, str) else each.name,
)
def test_nobody_writes_what_is_not_theirs(site: Site, user: str, topic: topics.Topic) -> None:
    assert produced(site, user, topic.name) == REFUSED


def test_a_producer_reads_nothing(site: Site) -> None:
    with pytest.raises(NotAllowed, match=r"Read on topic usage\.inference\.v1"):
        require(site.settings("agent"), Access(reads=[topics.USAGE_INFERENCE.name]))
    consumer = Consumer({**confluent(site.settings("agent")), "group.id": "spy", "log_level": 0})
    consumer.subscribe([topics.USAGE_INFERENCE.name])
    codes = set()

    def is_refused() -> bool:
        message = consumer.poll(0.1)
        if message is not None:
            error = message.error()
            assert error is not None, "it read a batch"
            codes.add(error.code())
        return KafkaError.GROUP_AUTHORIZATION_FAILED in codes

    wait_until(is_refused, WITHIN_S)
    consumer.close()


def test_usage_becomes_costs_under_exactly_these_permissions(
    site: Site, workers: dict[str, Worker], tmp_path: Path
) -> None:
    config = OutboxConfig(
        path=tmp_path / "outbox",
        source="gw-secured",
        topic=topics.USAGE_INFERENCE.name,
        record="InferenceUsageBatch",
        kafka={k: v for k, v in confluent(site.settings("agent")).items() if k != "logger"},
        limits=Limits(),
    )
    with Outbox(config) as outbox:
        now_us = time.time_ns() // 1_000
        assert outbox.put({**call(at_us=now_us, tenant="search")})

    # 1,000 input and 100 output tokens, at $2.10 and $10 per million of them.
    costs = "SELECT sum(cost) AS usd, sum(events) AS events FROM cost_current WHERE tenant='search'"
    socket = tmp_path / "sql.sock"
    wait_until(lambda: "0.0031" in answer(socket, costs), WITHIN_S)
    lines = site.run("reader", "tail", "cost.line", "--from", "beginning", "--until-end")
    amounts = {
        each["value"]["line_id"]: each["value"]["cost"]
        for each in map(json.loads, lines.splitlines())
    }
    assert sorted(amounts.values()) == ["0.001000000000", "0.002100000000"]
    assert all(worker.process and worker.process.poll() is None for worker in workers.values())


def answer(socket: Path, sql: str) -> str:
    """Return what the store answers; nothing while it does not."""
    try:
        return sql_socket.ask(socket, sql, "TSV")
    except StoreUnavailable:
        return ""


@pytest.mark.parametrize(
    "permission",
    [
        Permission("meter", "Write", ResourceType.TOPIC, topics.METERED_PARTIAL.name),
        Permission("meter", "Read", ResourceType.TOPIC, topics.USAGE_GPU.name),
        Permission("allocate", "Read", ResourceType.TOPIC, topics.METERED_PARTIAL.name),
        Permission("store", "Read", ResourceType.GROUP, "apportion-store"),
    ],
    ids=str,
)
def test_a_permission_taken_away_stops_the_processor_with_the_reason(
    site: Site, admin: AdminClient, tmp_path: Path, permission: Permission
) -> None:
    worker = worker_of(site, permission.user, tmp_path)
    worker.start()
    try:
        wait_until(lambda: bool(worker.entries(STARTED)), WITHIN_S)
        with without(admin, permission):
            assert worker.process is not None
            assert worker.process.wait(WITHIN_S) == 1
        (stopped,) = worker.entries("processor_stopped")
        assert f"to be allowed {permission}" in str(stopped["error"])
    finally:
        worker.stop()
