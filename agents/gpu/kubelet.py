"""What the kubelet says of devices and pods: its pod-resources API, asked now and kept for a while.

The API is a snapshot: no watch, no uid, no labels, in any order. A kubelet that does not answer has
not given its devices back: what it said last holds, until that is too old to be believed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from google.protobuf.message import DecodeError

from agents.errors import KubeletSilent
from agents.gpu import pod_resources_pb2 as messages
from agents.gpu.processes import SECOND_US
from agents.gpu.unary_call import call

SOCKET: Final = Path("/var/lib/kubelet/pod-resources/kubelet.sock")
LIST: Final = "/v1.PodResourcesLister/List"
ALLOCATABLE: Final = "/v1.PodResourcesLister/GetAllocatableResources"
TIMEOUT_S: Final = 1.0
RETRY_US: Final = 5 * SECOND_US  # after a failure: a hung kubelet must not stop the samples
QUIET_US: Final = 5 * SECOND_US  # between questions while nothing else changes on the node
KEPT_US: Final = 120 * SECOND_US  # how long what was said last is believed
ALLOCATABLE_KEPT_US: Final = 60 * SECOND_US  # it changes with the configuration of the plugin
PREFIX: Final = "nvidia.com/"  # of the resources that are GPUs
DRIVER: Final = "gpu.nvidia.com"  # of the claims that may be


class Held(NamedTuple):
    """What one container has."""

    namespace: str
    pod: str
    container: str
    device_ids: tuple[str, ...]
    claims: tuple[str, ...] = ()  # devices by claims, as <driver>/<pool>/<device>


@dataclass(frozen=True, slots=True)
class Handed:
    """What the kubelet has handed out, and every device id that it may."""

    held: tuple[Held, ...] = ()
    allocatable: tuple[str, ...] | None = None  # None: it could not be asked


@dataclass(frozen=True, slots=True)
class Answer:
    """What is believed now. `handed` None: nothing is known any more. `fault`: of the last try."""

    handed: Handed | None = None
    fault: str | None = None


class Kubelet:
    """The pod-resources API of one node. `now_us`: a clock that only goes forward."""

    def __init__(self, now_us: Callable[[], int], path: Path = SOCKET) -> None:
        self.path = path
        self._now_us = now_us
        self._answer = Answer()
        self._heard_us: int | None = None
        self._retry_us = 0
        self._allocatable: tuple[str, ...] | None = None
        self._allocatable_us: int | None = None

    def ask(self, *, is_quiet: bool = False) -> Answer:
        """Return what is handed out. Blocks at most twice the time-out, and not after a failure.

        `is_quiet`: nothing that goes with a change of it has changed: its last answer will do for
        some seconds.
        """
        now_us = self._now_us()
        if now_us >= self._retry_us and not (is_quiet and self._has_just_said(now_us)):
            self._ask(now_us)
        if self._heard_us is not None and now_us - self._heard_us > KEPT_US:
            self._answer = Answer(None, self._answer.fault)
        return self._answer

    def _has_just_said(self, now_us: int) -> bool:
        return self._heard_us is not None and now_us - self._heard_us < QUIET_US

    def _ask(self, now_us: int) -> None:
        try:
            held = held_of(call(self.path, LIST, b"", TIMEOUT_S))
        except KubeletSilent as error:
            self._answer = replace(self._answer, fault=str(error))
            self._retry_us = now_us + RETRY_US
            return
        self._refresh_allocatable(now_us)
        self._answer = Answer(Handed(held, self._allocatable))
        self._heard_us = now_us

    def _refresh_allocatable(self, now_us: int) -> None:
        is_fresh = (
            self._allocatable_us is not None and now_us - self._allocatable_us < ALLOCATABLE_KEPT_US
        )
        if is_fresh:
            return
        self._allocatable_us = now_us
        try:
            self._allocatable = allocatable_of(call(self.path, ALLOCATABLE, b"", TIMEOUT_S))
        except KubeletSilent:
            self._allocatable = None  # a kubelet before 1.28 may refuse it


def held_of(reply: bytes) -> tuple[Held, ...]:
    """Return the containers of a List that have GPUs, or claims."""
    try:
        pods = messages.ListPodResourcesResponse.FromString(reply).pod_resources
    except DecodeError as error:
        raise KubeletSilent(f"expected a ListPodResourcesResponse, got {error}") from error
    every = (
        Held(
            pod.namespace, pod.name, container.name, gpu_ids(container.devices), _claims(container)
        )
        for pod in pods
        for container in pod.containers
    )
    return tuple(sorted(each for each in every if each.device_ids or each.claims))


def allocatable_of(reply: bytes) -> tuple[str, ...]:
    """Return every device id of GPUs in a GetAllocatableResources."""
    try:
        return gpu_ids(messages.AllocatableResourcesResponse.FromString(reply).devices)
    except DecodeError as error:
        raise KubeletSilent(f"expected an AllocatableResourcesResponse, got {error}") from error


def gpu_ids(devices: Iterable[messages.ContainerDevices]) -> tuple[str, ...]:
    """Return the ids of those devices that are GPUs, in order."""
    ours = (each for each in devices if each.resource_name.startswith(PREFIX))
    return tuple(sorted(device_id for each in ours for device_id in each.device_ids))


def _claims(container: messages.ContainerResources) -> tuple[str, ...]:
    """Return the devices of claims that are GPUs. Older kubelets tell only their CDI names."""
    every = [each for of in container.dynamic_resources for each in of.claim_resources]
    devices = (f"{each.driver_name}/{each.pool_name}/{each.device_name}" for each in every)
    known = [name for name in devices if name.startswith(f"{DRIVER}/")]
    nameless = (cdi.name for each in every if not each.driver_name for cdi in each.cdi_devices)
    return (*known, *(name for name in nameless if f"{DRIVER}/" in name))
