"""Whether the broker permits what a program is about to do, asked before it begins. Blocks.

Clients that lack a permission try for ever, or read nothing and say nothing. A broker without an
authorizer permits everything; the embedded one does not know, which counts as a yes.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # not all in its __all__
    AclOperation,
    AdminClient,
)

from streams.errors import BrokerUnavailable, NotAllowed, TopicsMissing
from streams.kafka.connection import confluent
from streams.settings import KafkaSettings

RETRY_S = 0.1
GROUPS_WITHIN_S = 10.0  # a new cluster first makes the topic that groups are kept in
UNSETTLED = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}


@dataclass(frozen=True, slots=True)
class Access:
    """What a program does on a broker. Each implies Describe."""

    reads: Sequence[str] = ()  # topics
    writes: Sequence[str] = ()
    group: str | None = None  # consumer group it reads in, if any
    asks: str | None = None  # another group whose offsets it asks for


def require(kafka: KafkaSettings, access: Access) -> None:
    """Raise NotAllowed with everything that is not permitted, TopicsMissing with what is not there.

    Raises BrokerUnavailable too. A topic that may not even be described may also be missing.
    """
    admin = AdminClient({**confluent(kafka), "log_level": 0})
    missing = [*_topics(kafka, admin, access)]
    if access.group is not None:
        missing += _group(kafka, admin, access.group, "Read")
    if access.asks is not None:
        missing += _group(kafka, admin, access.asks, "Describe")
    if missing:
        raise NotAllowed(kafka.sasl_username, missing)


def _topics(kafka: KafkaSettings, admin: AdminClient, access: Access) -> Iterator[str]:
    names = sorted({*access.reads, *access.writes})
    if not names:
        return
    found = admin.describe_topics(
        TopicCollection(names),
        include_authorized_operations=True,
        request_timeout=kafka.request_timeout_s,
    )
    absent = []
    for name in names:
        wanted = _wanted(name, access)
        try:
            may = found[name].result().authorized_operations
        except KafkaException as error:
            match error.args[0].code():
                case KafkaError.TOPIC_AUTHORIZATION_FAILED:
                    may = []
                case KafkaError.UNKNOWN_TOPIC_OR_PART:
                    absent.append(name)
                    continue
                case _:
                    raise _unavailable(kafka, error) from error
        for verb, operation in wanted.items():
            if may is not None and operation not in may:
                yield f"{verb} on topic {name}"
    if absent:
        raise TopicsMissing(absent)


def _wanted(name: str, access: Access) -> dict[str, AclOperation]:
    wanted = {}
    if name in access.reads:
        wanted["Read"] = AclOperation.READ
    if name in access.writes:
        wanted["Write"] = AclOperation.WRITE
    return wanted


def _group(
    kafka: KafkaSettings, admin: AdminClient, group: str, verb: Literal["Read", "Describe"]
) -> list[str]:
    deadline_s = time.monotonic() + GROUPS_WITHIN_S
    while True:
        found = admin.describe_consumer_groups(
            [group], include_authorized_operations=True, request_timeout=kafka.request_timeout_s
        )
        try:
            may = found[group].result().authorized_operations
        except KafkaException as error:
            code = error.args[0].code()
            if code in UNSETTLED and time.monotonic() < deadline_s:
                time.sleep(RETRY_S)
                continue
            if code != KafkaError.GROUP_AUTHORIZATION_FAILED:
                raise _unavailable(kafka, error) from error
            may = []
        allowed = may is None or AclOperation[verb.upper()] in may
        return [] if allowed else [f"{verb} on group {group}"]


def _unavailable(kafka: KafkaSettings, error: KafkaException) -> BrokerUnavailable:
    detail = error.args[0].str()
    return BrokerUnavailable(kafka.bootstrap, kafka.request_timeout_s, detail)
