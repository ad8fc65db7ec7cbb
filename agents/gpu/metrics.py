"""Every metric of the GPU agent, and how a look is counted. docs/metrics.md is made from it."""

from collections.abc import Iterable
from enum import Enum

from agents.gpu.observed import DeviceSeen
from agents.gpu.sampler.idleness import FLAG as IDLE
from agents.metrics import Metrics, Spec
from agents.outbox import Stats
from schemas.records import GpuInterval

SECOND_US = 1_000_000


class Metric(Enum):
    """The metrics, by what they count."""

    LOOKS = Spec(
        "apportion_gpu_agent_looks_total",
        "counter",
        (),
        "Times the GPUs were looked at. When it stands still, look at the log and at NVML.",
    )
    LOOK_S = Spec(
        "apportion_gpu_agent_look_seconds",
        "histogram",
        (),
        "Time of one look. When it grows, look for a GPU or driver in trouble.",
    )
    PERIOD_S = Spec(
        "apportion_gpu_agent_period_seconds",
        "gauge",
        (),
        "Time between looks now. Above sampling.every_s the agent costs more than "
        "sampling.cpu_ratio allows.",
    )
    DEVICES = Spec(
        "apportion_gpu_agent_devices",
        "gauge",
        ("standing",),
        "GPUs by standing. Not in_service: reset or replace them; their time is out of service or "
        "unobserved.",
    )
    IDLE_DEVICES = Spec(
        "apportion_gpu_agent_held_idle_devices",
        "gauge",
        (),
        "GPUs that somebody holds and nobody has worked on for minutes. Ask their holders.",
    )
    TIME_S = Spec(
        "apportion_gpu_agent_device_seconds_total",
        "counter",
        ("state",),
        "GPU-seconds told of, by state. When unobserved rises, look at the flags of its intervals.",
    )
    FLAGS = Spec(
        "apportion_gpu_agent_flagged_intervals_total",
        "counter",
        ("flag",),
        "Intervals by what was wrong in them; docs/gpu-agent.md says what each flag means.",
    )
    UNOWNED = Spec(
        "apportion_gpu_agent_unattributed_seconds_total",
        "counter",
        (),
        "GPU-seconds held by nobody whom a tenant rule knows. Add a rule to the catalog.",
    )
    SKIPPED_S = Spec(
        "apportion_gpu_agent_skipped_seconds_total",
        "counter",
        (),
        "GPU-seconds that are told of nowhere: before this boot, or more than sampling.gap_s "
        "without an agent. If the node ran then, this time is on no bill.",
    )
    DROPPED = Spec(
        "apportion_gpu_agent_dropped_intervals_total",
        "counter",
        (),
        "Intervals that the outbox had no place for. They are told as a loss; look at Kafka.",
    )
    PENDING = Spec(
        "apportion_gpu_agent_pending_batches",
        "gauge",
        (),
        "Batches on disk that Kafka has not acknowledged. When it keeps growing, look at Kafka.",
    )
    PENDING_AGE_S = Spec(
        "apportion_gpu_agent_pending_age_seconds", "gauge", (), "Age of the oldest of them."
    )
    DISK_BYTES = Spec(
        "apportion_gpu_agent_disk_bytes",
        "gauge",
        (),
        "Size of the outbox. At outbox.disk_bytes intervals are dropped.",
    )
    CPU_S = Spec(
        "apportion_gpu_agent_cpu_seconds_total",
        "counter",
        (),
        "CPU time of the agent, its process that reads NVML included.",
    )


STATES = ("unallocated", "stranded", "out_of_service", "unobserved")


def count_devices(metrics: Metrics, devices: Iterable[DeviceSeen]) -> None:
    """Count the GPUs of a look by standing."""
    counts = dict.fromkeys(("in_service", "out_of_service", "unreadable"), 0)
    for device in devices:
        counts[device.standing.value] += 1
    for standing, devices_there in counts.items():
        metrics.set(Metric.DEVICES, devices_there, standing=standing)


def count_interval(metrics: Metrics, interval: GpuInterval) -> None:
    """Count where the time of an interval went."""
    for holder in interval["holders"]:
        held_us, active_us = holder["held_us"], holder["active_us"]
        metrics.count(Metric.TIME_S, active_us / SECOND_US, state="active")
        metrics.count(Metric.TIME_S, (held_us - active_us) / SECOND_US, state="held_idle")
        if holder["tenant"] is None and holder["endpoint"] is None:
            metrics.count(Metric.UNOWNED, held_us / SECOND_US)
    for state, for_us in zip(STATES, _states(interval), strict=True):
        metrics.count(Metric.TIME_S, for_us / SECOND_US, state=state)
    for flag in interval["flags"]:
        metrics.count(Metric.FLAGS, flag=flag)


def is_idle(interval: GpuInterval) -> bool:
    """Tell whether an interval is of a GPU that is held and has stood idle for long."""
    return IDLE in interval["flags"]


def count_outbox(metrics: Metrics, stats: Stats) -> None:
    """Set what the outbox says of itself."""
    metrics.set(Metric.PENDING, stats.pending_batches)
    metrics.set(Metric.PENDING_AGE_S, stats.oldest_age_s)
    metrics.set(Metric.DISK_BYTES, stats.disk_bytes)


def _states(interval: GpuInterval) -> tuple[int, ...]:
    return (
        interval["unallocated_us"],
        interval["stranded_us"],
        interval["out_of_service_us"],
        interval["unobserved_us"] or 0,
    )
