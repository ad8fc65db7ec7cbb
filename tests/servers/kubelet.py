"""A real gRPC server on a unix socket that answers as a kubelet's pod-resources API does.

It is grpcio's, not our own: what the agent writes by hand is read by somebody else's gRPC.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from agents.gpu.pod_resources_pb2 import (
    AllocatableResourcesResponse,
    ContainerDevices,
    ContainerResources,
    DynamicResource,
    ListPodResourcesResponse,
    PodResources,
)

SERVICE = "v1.PodResourcesLister"


@dataclass
class KubeletSays:
    """What a test has it answer. `status`: refuse List; `before`: run when it is called."""

    pods: list[PodResources] = field(default_factory=list)
    allocatable: list[str] | None = field(default_factory=list)
    status: grpc.StatusCode | None = None
    before: Callable[[], object] = bool
    lists: int = 0
    allocatables: int = 0

    def hold(  # noqa: PLR0913 - what a test says of one container
        self,
        namespace: str,
        pod: str,
        device_ids: Sequence[str],
        *,
        container: str = "main",
        resource: str = "nvidia.com/gpu",
        claims: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Give devices to a container."""
        devices = [ContainerDevices(resource_name=resource, device_ids=device_ids)]
        dynamic = [DynamicResource(claim_name="c", claim_resources=claims)] if claims else []
        held = ContainerResources(name=container, devices=devices, dynamic_resources=dynamic)
        self.pods.append(PodResources(name=pod, namespace=namespace, containers=[held]))

    def list_pods(self, _request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer List."""
        self.lists += 1
        self.before()
        if self.status is not None:
            context.abort(self.status, "rejected by rate limit")
        return ListPodResourcesResponse(pod_resources=self.pods).SerializeToString()

    def list_allocatable(self, _request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer GetAllocatableResources."""
        self.allocatables += 1
        if self.allocatable is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "feature gate disabled")
        devices = [
            ContainerDevices(resource_name="nvidia.com/gpu", device_ids=[each])
            for each in self.allocatable or ()
        ]
        return AllocatableResourcesResponse(devices=devices).SerializeToString()


@contextmanager
def running(path: Path, says: KubeletSays) -> Iterator[None]:
    """Serve on a socket until the block ends."""
    handlers: dict[str, Any] = {
        "List": grpc.unary_unary_rpc_method_handler(says.list_pods),
        "GetAllocatableResources": grpc.unary_unary_rpc_method_handler(says.list_allocatable),
    }
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_insecure_port(f"unix:{path}")
    server.start()
    try:
        yield
    finally:
        server.stop(None).wait()
