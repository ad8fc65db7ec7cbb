"""Seconds and memory to draw the lines of one large window, and how both grow with its GPUs.

A minute of a pool: a fifth of the GPUs serve 200 endpoints, which 1,000 tenants share, each calling
20 of them; the rest is held by the tenants' jobs, four GPUs each, worked half of the time or more,
some of it unheld. Every tenant has reserved GPUs, and lends and borrows. Sums are drawn up before;
what is measured is `allocate` alone, once from them to all lines.
"""

import gc
import time
import tracemalloc
from fractions import Fraction
from random import Random

from streams.core.allocation import Policy, allocate
from streams.core.gpu import ACTIVE, HELD_IDLE, UNALLOCATED, UNIT
from streams.core.inference import WORK
from streams.core.pools import Lending, Pool, Reservation
from streams.core.price import GPU_DIVISOR
from streams.core.sums import Key, MeterKey, Sums
from streams.core.windows import MINUTE_US
from streams.processors.worker import spare_the_collector
from tests.bench.figure import Figure, Number, Options, medians

GPUS = (10_000, 31_623, 100_000)
TENANTS = 1_000
ENDPOINTS = 200
ENDPOINTS_A_TENANT = 20
GPUS_A_JOB = 4
SERVING = 5  # one GPU in five serves an endpoint
RATE = 3_600_000_000_000  # pico a GPU-hour
MIB = 2**20
NOT_SHOWN = (
    "adding partials up, which the allocate bench has; encoding and sending the lines; a pool in "
    "which every tenant calls every endpoint, which has ten times the lines"
)


def bench(options: Options) -> list[Figure]:
    """Measure windows of each size, in a process whose collector is set as a worker sets it."""
    spare_the_collector()
    return [figure(gpus, options) for gpus in GPUS]


def figure(gpus: int, options: Options) -> Figure:
    """Measure one size."""
    sums, policy = window(gpus, Random(options.seed)), policy_for(gpus)
    runs = [one_round(sums, policy, gpus) for _ in range(options.rounds)]
    numbers = {**medians(runs), "peak_mb": peak_mb(sums, policy, gpus)}
    line = (
        f"allocation: a window of {gpus:,} GPUs, {TENANTS:,} tenants, {ENDPOINTS} endpoints: "
        f"{numbers['seconds']:.2f} s ({numbers['cpu_s']:.2f} of CPU), "
        f"{numbers['lines']:,.0f} lines, "
        f"{numbers['us_a_line']:.1f} us each, {numbers['peak_mb']:.0f} MB more"
    )
    return Figure(f"allocation_{gpus}", line, numbers, NOT_SHOWN, runs)


def one_round(sums: Sums, policy: Policy, gpus: int) -> dict[str, Number]:
    """Draw the lines of a window once."""
    gc.collect()
    begin, begin_cpu = time.perf_counter(), time.process_time()
    lines = allocate(sums, policy, gpus)
    seconds, cpu_s = time.perf_counter() - begin, time.process_time() - begin_cpu
    count = len(lines)
    return {"seconds": seconds, "cpu_s": cpu_s, "lines": count, "us_a_line": cpu_s / count * 1e6}


def peak_mb(sums: Sums, policy: Policy, gpus: int) -> float:
    """Return how much more memory drawing the lines takes than the sums did, lines included."""
    tracemalloc.start()
    try:
        allocate(sums, policy, gpus)
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


def window(gpus: int, chance: Random) -> Sums:
    """Return the sums of a minute."""
    sums = Sums()
    for gpu in range(gpus):
        held, active = MINUTE_US - chance.randrange(6) * 1_000_000, chance.randrange(30, 100)
        key = holder(gpu)
        add(sums, key, ACTIVE, held * active // 100)
        add(sums, key, HELD_IDLE, held - held * active // 100)
        add(sums, Key(None, None, None, "H100", None, None), UNALLOCATED, MINUTE_US - held)
    for tenant in range(TENANTS):
        for call in range(ENDPOINTS_A_TENANT):
            endpoint = f"endpoint-{(tenant + call * 7) % ENDPOINTS}"
            key = Key(f"tenant-{tenant}", None, "vllm", "llama", endpoint, None)
            entry = sums.entry(key)
            entry.events += 10
            entry.add(WORK, chance.randrange(1, 10**7), 0)
    return sums


def holder(gpu: int) -> Key:
    """Return who holds a GPU: an endpoint, or a tenant's job."""
    if gpu % SERVING == 0:
        return Key(None, None, None, "H100", f"endpoint-{gpu // SERVING % ENDPOINTS}", None)
    job = gpu // GPUS_A_JOB
    return Key(f"tenant-{job % TENANTS}", f"p{job % 3}", None, "H100", None, f"job-{job}")


def add(sums: Sums, key: Key, meter: str, for_us: int) -> None:
    """Add time at the rate of the pool."""
    meter_key = MeterKey(meter, UNIT, GPU_DIVISOR, priced=True)
    sums.entry(key).add(meter_key, for_us, for_us * RATE)


def policy_for(gpus: int) -> Policy:
    """Return a pool that is reserved for the greater part, and whose tenants lend and borrow."""
    milli = gpus * 900 // TENANTS
    reservations = tuple(Reservation(f"tenant-{each}", "h100", milli) for each in range(TENANTS))
    lending = Lending(Fraction(5, 4), Fraction(1), "desk")
    return Policy(Pool("h100", lending=lending, reservations=reservations), 0, MINUTE_US)
