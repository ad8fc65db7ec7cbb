"""NVML's GPU performance monitoring (Hopper and later): how busy each MIG device was.

A sample is a snapshot of counters; what happened between two of them is read by comparing them, so
no moment is missed. Elsewhere NVML cannot tell what ran on a MIG device, and nothing is said.
"""

from dataclasses import dataclass
from typing import NewType

import pynvml

from agents.gpu.nvml.activity import SURELY_KEPT_US
from agents.gpu.nvml.calls import ask
from agents.gpu.nvml.library import Handle

Sample = NewType("Sample", object)

SHORTEST_US = 100_000  # between two samples (nvml.h); closer ones say nothing
LONGEST_US = SURELY_KEPT_US  # further apart: what came between was no look, so it is not told


def is_supported(handle: Handle) -> bool:
    """Tell whether a GPU can be monitored so."""
    return bool(ask(pynvml.nvmlGpmQueryDeviceSupport, handle).isSupportedDevice)


@dataclass(slots=True)
class _Meter:
    """One GPU instance: its last sample, and room for the next."""

    last: Sample
    room: Sample
    at_us: int


class InstanceActivity:
    """The GPU instances of one GPU, by their number. Frees its samples when told."""

    def __init__(self) -> None:
        self._meters: dict[int, _Meter] = {}
        self._request = pynvml.c_nvmlGpmMetricsGet_t()
        self._request.version = pynvml.NVML_GPM_METRICS_GET_VERSION
        self._request.numMetrics = 1
        self._request.metrics[0].metricId = pynvml.NVML_GPM_METRIC_GRAPHICS_UTIL

    def read(self, handle: Handle, instance: int, now_us: int) -> tuple[int, int] | None:
        """Return (how long kernels ran, of how long) since the last sample; None at first.

        When that was just now, it is (0, 0), and the next time tells of this one too. `handle` is
        the GPU's, `now_us` of a steady clock.
        """
        meter = self._meters.get(instance)
        if meter is None:
            meter = _Meter(_new_sample(), _new_sample(), now_us)
            ask(pynvml.nvmlGpmMigSampleGet, handle, instance, meter.last)
            self._meters[instance] = meter
            return None
        if now_us - meter.at_us < SHORTEST_US:
            return 0, 0
        ask(pynvml.nvmlGpmMigSampleGet, handle, instance, meter.room)
        for_us = now_us - meter.at_us
        percent = self._busy_percent(meter.last, meter.room) if for_us <= LONGEST_US else None
        meter.last, meter.room, meter.at_us = meter.room, meter.last, now_us
        return None if percent is None else (round(percent * for_us / 100), for_us)

    def _busy_percent(self, first: Sample, second: Sample) -> float | None:
        self._request.sample1 = first
        self._request.sample2 = second
        metric = ask(pynvml.nvmlGpmMetricsGet, self._request).metrics[0]
        if metric.nvmlReturn != pynvml.NVML_SUCCESS:
            return None
        percent = float(metric.value)
        return percent if percent >= 0 else None  # also drops not-a-number

    def keep_only(self, instances: frozenset[int]) -> None:
        """Free what belongs to other instances: they are gone, or their handles are."""
        for instance in self._meters.keys() - instances:
            meter = self._meters.pop(instance)
            for sample in (meter.last, meter.room):
                ask(pynvml.nvmlGpmSampleFree, sample)

    def forget(self) -> None:
        """Forget every sample without freeing it: the driver it came from is gone."""
        self._meters.clear()


def _new_sample() -> Sample:
    return Sample(ask(pynvml.nvmlGpmSampleAlloc))
