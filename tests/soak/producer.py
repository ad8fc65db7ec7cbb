"""A gateway or a GPU node of the soak: events of now, through an outbox, until it is told to stop.

`python -m tests.soak.producer OUTBOX SOURCE KAFKA A_SECOND`. The events of a source are numbered;
after each flush it appends the number of the next one to OUTBOX.numbers, and goes on from there
when it is started again, so whoever kills it knows what must arrive.
"""

import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from agents.outbox import Outbox, OutboxConfig
from schemas import topics
from tests.bench import traffic
from tests.builders.usage import H100, holder, interval

GPUS = 8
TENANTS = ("acme", "globex", "initech", "umbrella")
GPU_NODE = "gpu-"  # sources so named are nodes; all others are gateways
SECOND_US = 1_000_000
STOP_S = 20.0

Event = Mapping[str, object]
Make = Callable[[int, int], Event]


def calls(source: str) -> Make:
    """Return what makes the call of a number at an instant."""
    pool = traffic.calls(seed=1)

    def make(number: int, at_us: int) -> Event:
        drawn = pool[number % len(pool)]
        return {**drawn, "at_us": at_us, "request_id": f"{source}-{number}"}

    return make


def intervals(source: str) -> Make:
    """Return what makes a GPU's interval of one second: held for most of it, by one tenant."""

    def make(number: int, at_us: int) -> Event:
        tenant = TENANTS[number // 60 % len(TENANTS)]
        held = holder(SECOND_US * 3 // 4, SECOND_US // 2, tenant=tenant)
        gpu = {"node": f"gpu-node-{source}", "device": f"GPU-{number % GPUS}", "gpu_model": H100}
        return interval(held, start_us=at_us - SECOND_US, end_us=at_us, **gpu)

    return make


def produce(path: Path, source: str, kafka: str, a_second: int) -> None:
    """Put events until SIGTERM, then wait until Kafka has them."""
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    is_node = source.startswith(GPU_NODE)
    topic = topics.USAGE_GPU if is_node else topics.USAGE_INFERENCE
    record = "GpuUsageBatch" if is_node else "InferenceUsageBatch"
    make = intervals(source) if is_node else calls(source)
    outbox = Outbox(
        OutboxConfig(
            path=path,
            source=source,
            topic=topic.name,
            record=record,
            kafka={"bootstrap.servers": kafka},
        )
    )
    with path.with_suffix(".numbers").open("a+", encoding="utf-8") as numbers:
        numbers.seek(0)
        number = int((numbers.read().split() or ["0"])[-1])
        while not told:
            at_us = time.time_ns() // 1_000
            number += sum(outbox.put(make(number + index, at_us)) for index in range(a_second))
            if outbox.flush():
                numbers.write(f"{number}\n")
                numbers.flush()
            time.sleep(max(0.0, 1 - (time.time_ns() // 1_000 - at_us) / SECOND_US))
    outbox.close(timeout_s=STOP_S)


def main() -> None:
    """Read the command line and produce."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    path, source, kafka, a_second = sys.argv[1:]
    produce(Path(path), source, kafka, int(a_second))


if __name__ == "__main__":
    main()
