"""What the agent needs beside GPUs and owners: a disk, a Kafka, a clock. For `doctor`."""

import ctypes
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from agents.gpu.findings import Finding
from agents.gpu.plan import Plan
from agents.outbox.kafka_channel import Property
from schemas.topics import USAGE_GPU

KAFKA_S = 5.0  # a person waits; a broker that is there answers in milliseconds
TIME_ERROR = 5  # of ntp_adjtime: nothing keeps this clock in time (Linux timex.h)
TIMEX_BYTES = 256  # at least the size of its struct, all zero: read only


def own_findings(plan: Plan) -> Iterator[Finding]:
    """Try the disk, Kafka and the clock."""
    yield disk(plan.outbox, plan.limits.max_disk_bytes)
    yield kafka(plan.kafka)
    yield clock()


def disk(outbox: Path, wanted_bytes: int) -> Finding:
    """Say whether the outbox can be written, and whether it may grow to its bound."""
    folder = outbox.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            os.fsync(file.fileno())
        free_bytes = shutil.disk_usage(folder).free
        held_bytes = outbox.stat().st_size if outbox.exists() else 0
    except OSError as error:
        to_do = f"give {folder} to this user, on a disk of this node"
        return Finding("disk of the outbox", False, str(error), to_do)
    room_mb = (free_bytes + held_bytes) // 10**6
    if free_bytes + held_bytes < wanted_bytes:
        return Finding(
            "disk of the outbox",
            False,
            f"{room_mb} MB for an outbox that may grow to {wanted_bytes // 10**6} MB",
            "free some space, or lower outbox.disk_bytes",
            is_needed=False,
        )
    return Finding("disk of the outbox", True, f"{outbox} can be written, {room_mb} MB are free")


def kafka(properties: Mapping[str, Property]) -> Finding:
    """Say whether Kafka answers and has the topic."""
    what = f"Kafka at {properties['bootstrap.servers']}"
    try:
        client = AdminClient({**properties, "log_level": 0})
        found = client.list_topics(USAGE_GPU.name, timeout=KAFKA_S).topics[USAGE_GPU.name]
    except KafkaException as error:
        to_do = (
            "look at kafka.* in the settings and at the broker; until then intervals wait on disk"
        )
        return Finding(what, False, str(error.args[0].str()), to_do)
    if found.error is not None:
        to_do = "create it (`apportion topics create`), or allow this user to write to it"
        return Finding(what, False, f"{USAGE_GPU.name}: {found.error.str()}", to_do)
    return Finding(what, True, f"{USAGE_GPU.name} has {len(found.partitions)} partitions")


def clock(adjtime: Callable[[ctypes.Array[ctypes.c_char]], int] | None = None) -> Finding:
    """Say whether something keeps the wall clock in time. Asks the kernel, changes nothing."""
    asked = adjtime or ctypes.CDLL(None).ntp_adjtime
    state = asked(ctypes.create_string_buffer(TIMEX_BYTES))
    if state == TIME_ERROR:
        return Finding(
            "clock",
            False,
            "nothing keeps it in time (the kernel says that it is not synchronised)",
            "run an NTP client: what is more than five minutes ahead is not counted",
            is_needed=False,
        )
    if state < 0:
        return Finding("clock", False, "the kernel may not be asked from here", is_needed=False)
    return Finding("clock", True, "is kept in time")
