"""All that was found out at one look about who holds the devices. Plain data, never changed.

Gathering it asks the kernel, the kubelet, Slurm's directory and the API server's copy once each;
whose the devices are follows from it and from what NVML saw (`judging`), and from nothing else.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agents.gpu.cluster import View
from agents.gpu.kubelet import Answer
from agents.gpu.observed import DeviceSeen
from agents.gpu.processes import Process
from agents.gpu.slurm import Written


class Evidence(NamedTuple):
    """What the sources of a node said. None: it has no such source."""

    processes: Mapping[int, Process | None] | None  # by pid; None: other pids than NVML's
    kubelet: Answer | None
    slurm: Written | None
    jobs: Mapping[str, Mapping[str, str]]  # what Slurm's prolog wrote of each
    cluster: View | None


def named_in(devices: Sequence[DeviceSeen]) -> tuple[object, ...]:
    """Return of devices what their owners depend on: names, parts, and who runs where.

    What they do, and how much memory who has, is not in it: that is another at each look.
    """
    return tuple(
        (
            device.uuid,
            device.index,
            device.minor,
            device.mig and [(one.uuid, one.gpu_instance) for one in device.mig.instances],
            device.processes and [(one.pid, one.instance) for one in device.processes],
        )
        for device in devices
    )
