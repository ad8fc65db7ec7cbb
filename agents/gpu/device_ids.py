"""What allocators call a device, and which GPU or MIG device that is. Pure.

Forms: NVIDIA's device plugin since 2018, EKS's replicas of MIG devices, GKE's. Whatever else comes
is no device that we know: it is reported, never guessed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agents.gpu.observed import DeviceSeen

REPLICA: Final = re.compile(r"^(.+)::(\d+)$")
UUID: Final = re.compile(r"^(?:GPU|MIG)-[\w-]+$")
OLD_MIG: Final = re.compile(r"^MIG-(GPU-[\w-]+)/(\d+)/(\d+)$")  # until driver 470
GKE: Final = re.compile(r"^nvidia(\d+)(?:/(?:vgpu(\d+)|gi(\d+)))?$")
SLURM: Final = re.compile(r"^(\d+)(?:\.(\d+))?$")  # dcgm-exporter's files: <gpu> or <gpu>.<gi>


@dataclass(frozen=True, slots=True)
class Named:
    """A device as NVML has it, and whether it is one of several replicas."""

    uuid: str
    is_replica: bool = False


def named(device_id: str, devices: Sequence[DeviceSeen]) -> Named | None:
    """Return the device that the kubelet means; None: no such device is known."""
    if replica := REPLICA.match(device_id):
        whole = named(replica[1], devices)
        return whole and Named(whole.uuid, is_replica=True)
    if UUID.match(device_id):
        return Named(device_id)
    if old := OLD_MIG.match(device_id):
        return _old_mig(device_id, old[1], int(old[2]), devices)
    if gke := GKE.match(device_id):
        uuid = _instance(_by_minor(int(gke[1]), devices), gke[3])
        return Named(uuid, is_replica=gke[2] is not None) if uuid else None
    return None


def named_by_index(name: str, devices: Sequence[DeviceSeen]) -> Named | None:
    """Return the device that a file of Slurm's prolog stands for: an index, or a UUID."""
    if UUID.match(name):
        return Named(name)
    found = SLURM.match(name)
    if found is None:
        return None
    device = next((each for each in devices if each.index == int(found[1])), None)
    uuid = _instance(device, found[2])
    return Named(uuid) if uuid else None


def _old_mig(
    device_id: str, uuid: str, instance: int, devices: Sequence[DeviceSeen]
) -> Named | None:
    """Return what a driver names in the old way itself, or has by a UUID of its own now."""
    device = next((each for each in devices if each.uuid == uuid), None)
    if device is None or device.mig is None:
        return None
    if any(each.uuid == device_id for each in device.mig.instances):
        return Named(device_id)
    found = _instance(device, str(instance))
    return Named(found) if found else None


def _by_minor(minor: int, devices: Sequence[DeviceSeen]) -> DeviceSeen | None:
    return next((each for each in devices if each.minor == minor), None)


def _instance(device: DeviceSeen | None, instance: str | None) -> str | None:
    """Return the UUID of a device, or of the one MIG device in its GPU instance."""
    if device is None:
        return None
    if instance is None:
        return device.uuid
    instances = device.mig.instances if device.mig else ()
    found = [each.uuid for each in instances if each.gpu_instance == int(instance)]
    return found[0] if len(found) == 1 else None
