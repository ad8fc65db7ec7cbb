"""What is measured while a soak runs: memory of every process, disk, and how far behind it is."""

import os
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas import topics
from streams.kafka import consumer
from tests.soak.place import Site

MEGABYTE = 1_000_000
BLOCK_BYTES = 512  # POSIX: st_blocks counts these, and files may have holes
WARM_S = 60.0  # of a process's life, before its memory says anything
HOUR_S = 3600.0
ANSWER_S = 2.0


@dataclass(slots=True)
class Life:
    """One process: when it was seen with how much memory."""

    part: str
    at_s: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)

    @property
    def for_s(self) -> float:
        """How long it was seen."""
        return self.at_s[-1] - self.at_s[0]

    def slope_mb_h(self) -> float | None:
        """Megabytes an hour once it was warm, by least squares; None for too short a life."""
        warm = [
            (at_s, mb)
            for at_s, mb in zip(self.at_s, self.rss_mb, strict=True)
            if at_s - self.at_s[0] >= WARM_S
        ]
        return slope(warm) * HOUR_S if len(warm) > 2 else None


def slope(points: Iterable[tuple[float, float]]) -> float:
    """Return the slope of the line that fits best.

    >>> slope([(0, 1), (1, 3), (2, 5)])
    2.0
    """
    xs, ys = zip(*points, strict=True)
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    over = sum((each - x) ** 2 for each in xs)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / over if over else 0.0


class Samples:
    """Everything measured. Call `take` every few seconds."""

    def __init__(self, site: Site) -> None:
        self.lives: dict[int, Life] = {}
        self.disk_mb: dict[str, list[float]] = defaultdict(list)
        self.lag: dict[str, list[int]] = defaultdict(list)
        self._site = site
        self._clients = {
            group: Consumer(consumer(site.kafka, f"apportion-{group}"))
            for group in ("meter", "store")
        }

    def take(self) -> None:
        """Look at everything once."""
        now_s = time.monotonic()
        for name, pid in self._pids():
            try:
                rss = psutil.Process(pid).memory_info().rss
            except psutil.NoSuchProcess:
                continue
            life = self.lives.setdefault(pid, Life(name))
            life.at_s.append(now_s)
            life.rss_mb.append(rss / MEGABYTE)
        folder = self._site.folder
        for name, at in (("Kafka (three copies)", "kafka"), ("ClickHouse", "clickhouse")):
            self.disk_mb[name].append(size_mb(folder / at))
        self.disk_mb["outboxes"].append(sum(map(size_mb, folder.glob("*.db*"))))
        for group, client in self._clients.items():
            behind = lag(client)
            if behind is not None:
                self.lag[group].append(behind)

    def longest(self) -> dict[str, Life]:
        """Return the longest life of each kind of part."""
        found: dict[str, Life] = {}
        for life in self.lives.values():
            if life.part not in found or life.for_s > found[life.part].for_s:
                found[life.part] = life
        return found

    def close(self) -> None:
        """Let the clients go."""
        for client in self._clients.values():
            client.close()

    def _pids(self) -> Iterable[tuple[str, int]]:
        for worker in (*self._site.workers, *self._site.producers):
            if worker.process is not None:
                yield worker.processor, worker.process.pid
        for node in self._site.cluster.nodes:
            if node.process is not None:
                yield "Kafka broker", node.process.pid
        if self._site.server.process is not None:
            yield "ClickHouse server", self._site.server.process.pid


def lag(client: Consumer) -> int | None:
    """Return how many messages of the usage topics a group has not committed; None: no answer."""
    wanted = [
        TopicPartition(topic.name, partition)
        for topic in topics.USAGE
        for partition in range(topic.partitions)
    ]
    behind = 0
    try:
        for each in client.committed(wanted, timeout=ANSWER_S):
            _, end = client.get_watermark_offsets(each, timeout=ANSWER_S)
            behind += end - max(0, each.offset)
    except KafkaException:
        return None
    return behind


def size_mb(path: Path) -> float:
    """Return what a file, or all files below a folder, take on disk, in megabytes."""
    below = [Path(at) / name for at, _, names in os.walk(path) for name in names]
    total = 0
    for each in below or [path]:
        with suppress(FileNotFoundError):  # gone meanwhile
            total += each.stat().st_blocks * BLOCK_BYTES
    return total / MEGABYTE
