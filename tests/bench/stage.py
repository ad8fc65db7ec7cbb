"""A fresh embedded broker with our topics, filled, and processes of ours reading it.

Every process is started by its command line as a user would, measured from outside, and gone when
its block is left.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from schemas.topics import partition_of
from streams.kafka import confluent, create_topics, list_topics
from streams.settings import KafkaSettings
from tests import embedded_broker

READY_S = 60.0
STOP_S = 15.0
POLL_S = 0.25
FLUSH_S = 120.0
QUEUE_KBYTES = 256 * 1024


class Stuck(RuntimeError):
    """A process did not do in time what was waited for."""


@contextmanager
def broker() -> Iterator[KafkaSettings]:
    """Yield the address of a broker that has our topics and nothing in them."""
    with tempfile.TemporaryDirectory() as folder, embedded_broker.running(Path(folder)) as address:
        kafka = KafkaSettings(bootstrap=address)
        create_topics(kafka)
        yield kafka


def fill(kafka: KafkaSettings, topic: str, messages: Iterable[tuple[str, bytes]]) -> None:
    """Put (key, value) messages on a topic, each at its key's partition."""
    partitions = list_topics(kafka)[topic]
    place(kafka, topic, ((partition_of(key, partitions), key, value) for key, value in messages))


def place(kafka: KafkaSettings, topic: str, messages: Iterable[tuple[int, str, bytes]]) -> None:
    """Put (partition, key, value) messages on a topic as the outbox would; "" is no key."""
    sending = producer(kafka)
    for partition, key, value in messages:
        produce(sending, topic, key or None, value, partition)
    if sending.flush(FLUSH_S):
        raise Stuck(f"{topic} not filled within {FLUSH_S} s")


def producer(kafka: KafkaSettings) -> Producer:
    """Return a producer set as the outbox's."""
    return Producer(
        {
            **confluent(kafka),
            "compression.type": "zstd",
            "linger.ms": 5,
            "acks": "all",
            "queue.buffering.max.kbytes": QUEUE_KBYTES,
        }
    )


def produce(producer: Producer, topic: str, key: str | None, value: bytes, partition: int) -> None:
    """Hand a message to the client, waiting while its queue is full."""
    while True:
        try:
            producer.produce(topic, value=value, key=key, partition=partition)
        except BufferError:
            producer.poll(POLL_S)
        else:
            producer.poll(0)
            return


@dataclass(frozen=True, slots=True)
class Sample:
    """A process at an instant: monotonic seconds, CPU seconds since its start, a counter."""

    at_s: float
    cpu_s: float
    count: float


class Worker:
    """A running `apportion run`, watched through its /metrics."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self._process = process
        self._watched = psutil.Process(process.pid)
        self._url = url
        self._log = log

    def ready(self) -> bool:
        """Tell whether /health says so. Raises Stuck when the process has ended."""
        if self._process.poll() is not None:
            raise Stuck(f"exit {self._process.returncode}: {self._log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{self._url}/health", timeout=1.0) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def cpu_s(self) -> float:
        """CPU seconds used since the process began."""
        times = self._watched.cpu_times()
        return float(times.user + times.system)

    def rss_mb(self) -> float:
        """Resident memory, megabytes."""
        return float(self._watched.memory_info().rss) / 1e6

    def counter(self, name: str, labels: Mapping[str, str]) -> float:
        """Return the sum of a counter's samples that carry these labels."""
        with urllib.request.urlopen(f"{self._url}/metrics", timeout=30.0) as answer:  # noqa: S310 - loopback
            text = answer.read().decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def sample(self, name: str, labels: Mapping[str, str]) -> Sample:
        """Return the process now, with one of its counters."""
        return Sample(time.monotonic(), self.cpu_s(), self.counter(name, labels))

    def until(
        self, name: str, labels: Mapping[str, str], target: float, deadline_s: float
    ) -> list[Sample]:
        """Watch a counter until it reaches a target; return all samples. Raises Stuck."""
        samples: list[Sample] = []
        deadline = time.monotonic() + deadline_s
        while not samples or samples[-1].count < target:
            if time.monotonic() > deadline:
                raise Stuck(f"{name} at {samples[-1].count:.0f} of {target:.0f}: {self._log_end()}")
            time.sleep(POLL_S)
            self.ready()
            samples.append(self.sample(name, labels))
        return samples

    def _log_end(self) -> str:
        return self._log.read_text()[-2000:]


@contextmanager
def worker(processor: str, kafka: KafkaSettings, folder: Path, *sets: str) -> Iterator[Worker]:
    """Yield `apportion run <processor>` once it has its partitions; stop it afterwards.

    `sets` are settings, GROUP.NAME=VALUE. Raises Stuck when it does not get ready.
    """
    port = embedded_broker.free_port()
    log = folder / f"{processor}.log"
    command = [sys.executable, "-m", "streams", "run", processor, "--kafka", kafka.bootstrap]
    command += ["--web-port", str(port), "--clickhouse", f"chdb://{folder / 'clickhouse'}"]
    for each in sets:
        command += ["--set", each]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=plain_environment())
    try:
        running = Worker(process, f"http://127.0.0.1:{port}", log)
        wait_for(running.ready, READY_S, f"{processor} to be ready")
        yield running
    finally:
        stop(process)


def plain_environment() -> dict[str, str]:
    """Return our environment without settings of ours: a bench measures the defaults."""
    return {name: text for name, text in os.environ.items() if not name.startswith("APPORTION_")}


def wait_for(condition: Callable[[], bool], deadline_s: float, what: str) -> None:
    """Poll until a condition holds. Raises Stuck."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            raise Stuck(f"waited {deadline_s} s for {what}")
        time.sleep(POLL_S)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process: ask, then insist."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def rates(samples: list[Sample]) -> tuple[float, float]:
    """Return (a second, a CPU second) of a counter between its first and last movement.

    >>> rates([Sample(0, 1, 0), Sample(1, 2, 10), Sample(2, 2.5, 30), Sample(3, 3, 30)])
    (20.0, 40.0)
    """
    moving = [s for s in samples if 0 < s.count < samples[-1].count]
    last = next(s for s in samples if s.count == samples[-1].count)
    moving.append(last)
    first = moving[0]
    done = last.count - first.count
    if not done:
        raise Stuck("too little input to measure: it was done between two looks")
    return done / (last.at_s - first.at_s), done / max(last.cpu_s - first.cpu_s, 1e-9)
