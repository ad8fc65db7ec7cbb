"""Jobs on two pools of GPUs: which run when, what they hold, and how hard they work.

Idle time stays where it is (`separate`), so a tenant pays for what it holds, and a pool costs the
same whatever its tenants do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from streams.core.gpu import ACTIVE, HELD_IDLE, UNALLOCATED, Part, add_parts, unheld_key
from streams.core.pools import IdlePolicy, Pool
from streams.core.price_book import PriceBook
from streams.core.sums import Key, Sums
from streams.core.windows import MINUTE_US
from streams.demo.chance import stream
from tests.bench.anomaly.customers import named
from tests.bench.anomaly.season import DAY, HOUR

ALWAYS_BUSY = (0.7, 0.95)
DRIFT_MINUTES = 10  # that a nightly job begins and ends earlier or later


@dataclass(frozen=True, slots=True)
class Cluster:
    """A pool and its GPUs."""

    pool: Pool
    model: str
    gpus: int


CLUSTERS = (
    Cluster(Pool("train", idle=IdlePolicy("unheld", "separate")), "H100", 128),
    Cluster(Pool("serve", idle=IdlePolicy("unheld", "separate")), "A100", 96),
)


@dataclass(frozen=True, slots=True)
class Job:
    """GPUs that a tenant holds in [begin, end), in minutes, and the part of it that they work."""

    tenant: str
    project: str
    job: str
    pool: str
    gpus: int
    begin: int
    end: int
    busy: float

    def is_on(self, minute: int) -> bool:
        """Whether it holds its GPUs in a minute."""
        return self.begin <= minute < self.end


def draw_jobs(seed: int, minutes: int) -> tuple[Job, ...]:
    """Return the jobs of a seed, by their begin: services, nightly training, and odd ones."""
    chance = stream(seed, "jobs")
    found: list[Job] = []
    for number in range(4):
        tenant, gpus = named(chance.randrange(20)), chance.choice((4, 8, 16))
        busy = chance.uniform(*ALWAYS_BUSY)
        found.append(Job(tenant, "serving", f"svc-{number}", "serve", gpus, 0, minutes, busy))
    for number in range(2):
        found += nightly(chance, f"nightly-{number}", named(chance.randrange(20)), minutes)
    for number in range(4):
        found += odd(chance, f"odd-{number}", named(chance.randrange(20)), minutes)
    return tuple(sorted(found, key=lambda job: (job.begin, job.job)))


def nightly(chance: Random, name: str, tenant: str, minutes: int) -> list[Job]:
    """Return a job of every night, a few minutes earlier or later."""
    gpus, hour = chance.choice((16, 24, 32)), chance.choice((19, 20, 21, 22))
    length = HOUR * chance.choice((4, 5, 6))
    found = []
    for day in range(0, minutes, DAY):
        begin = day + hour * HOUR + chance.randrange(-DRIFT_MINUTES, DRIFT_MINUTES)
        end = begin + length + chance.randrange(-DRIFT_MINUTES, DRIFT_MINUTES)
        busy = chance.uniform(*ALWAYS_BUSY)
        found.append(Job(tenant, "training", f"{name}-{day}", "train", gpus, begin, end, busy))
    return found


def odd(chance: Random, name: str, tenant: str, minutes: int) -> list[Job]:
    """Return experiments in office hours: small, short, some on most days."""
    found = []
    for day in range(0, minutes, DAY):
        for number in range(chance.randrange(3)):
            begin = day + chance.randrange(8 * HOUR, 17 * HOUR)
            end = begin + chance.randrange(30, 3 * HOUR)
            job = f"{name}-{day}-{number}"
            gpus, busy = chance.choice((1, 2, 4)), chance.uniform(0.3, 0.9)
            found.append(Job(tenant, "research", job, "train", gpus, begin, end, busy))
    return found


def sums_of(cluster: Cluster, jobs: Iterable[Job], book: PriceBook, start_us: int) -> Sums:
    """Return the sums of a minute in which these jobs hold GPUs of a pool.

    Raises ValueError when they hold more than there are.
    """
    free = cluster.gpus
    parts: list[Part] = []
    for job in jobs:
        free -= job.gpus
        held_us = job.gpus * MINUTE_US
        active_us = int(held_us * job.busy)
        key = Key(job.tenant, job.project, None, cluster.model, None, job.job)
        parts += ((key, ACTIVE, active_us), (key, HELD_IDLE, held_us - active_us))
    if free < 0:
        raise ValueError(f"expected jobs on at most {cluster.gpus} GPUs, got {-free} too many")
    parts.append((unheld_key(cluster.model), UNALLOCATED, free * MINUTE_US))
    sums = Sums()
    add_parts(sums, parts, book.gpu_rates(cluster.model, cluster.pool.name).at(start_us))
    return sums
