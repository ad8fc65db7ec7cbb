"""Whose work a process or an allocation is: one owner, whatever evidence led to it."""

from collections.abc import Mapping
from typing import Final

from agents.gpu.cgroups import NOWHERE, Place
from agents.gpu.cluster import Pod, View
from agents.gpu.kubelet import Held
from agents.gpu.observed import Owner
from agents.gpu.processes import Process

POD_RESOURCES: Final = "pod_resources"
API_SERVER: Final = "api_server"
CGROUP: Final = "cgroup"
SLURM: Final = "slurm"
UID: Final = "uid"
UNRESOLVED: Final = Owner({}, None, None)


class Workloads:
    """Names the owners of a node, with what its API server and Slurm's prolog say of them."""

    def __init__(self, cluster: View | None, jobs: Mapping[str, Mapping[str, str]]) -> None:
        self._cluster = cluster
        self._jobs = jobs

    def of_process(self, process: Process) -> Owner:
        """Return whose a process is, by its control groups, else by its user."""
        place = process.place
        if place == NOWHERE:
            return UNRESOLVED
        if place.pod_uid is not None:
            return self._of_group(place.pod_uid, place)
        if place.slurm_job is not None:
            return self.of_job(place.slurm_job, (CGROUP, SLURM))
        workload = {**_container(place), "unit": place.unit, **_user(process)}
        return Owner(_said(workload), evidence=(CGROUP, UID) if "uid" in workload else (CGROUP,))

    def of_held(self, held: Held) -> Owner | None:
        """Return whose an allocation of the kubelet is; None: of a pod that has ended."""
        cluster = self._cluster
        pod = None if cluster is None else cluster.pod_named(held.namespace, held.pod)
        if pod is None:
            workload = {"namespace": held.namespace, "pod": held.pod, "container": held.container}
            return Owner(workload, None, self._labels(held.namespace), (POD_RESOURCES,))
        if pod.is_terminal:
            return None
        ids = (each for each, name in pod.containers.items() if name == held.container)
        return self._of_pod(pod, held.container, next(ids, None), (POD_RESOURCES, API_SERVER))

    def of_job(self, job: str, evidence: tuple[str, ...] = (SLURM,)) -> Owner:
        """Return whose a Slurm job is."""
        said = {f"slurm_{name}": value for name, value in self._jobs.get(job, {}).items()}
        return Owner({"slurm_job": job, **said}, evidence=evidence)

    def _of_group(self, group: str, place: Place) -> Owner:
        pod = None if self._cluster is None else self._cluster.pod_in(group)
        if pod is None:
            return Owner(_said({"pod_uid": group, **_container(place)}), None, None, (CGROUP,))
        known = [each for each in place.containers if each in pod.containers]
        name = pod.containers[known[0]] if known else None
        container_id = place.containers[-1] if place.containers else None
        return self._of_pod(pod, name, container_id, (CGROUP, API_SERVER))

    def _of_pod(
        self, pod: Pod, container: str | None, container_id: str | None, evidence: tuple[str, ...]
    ) -> Owner:
        workload = {
            "namespace": pod.namespace,
            "pod": pod.name,
            "pod_uid": pod.uid,
            "container": container,
            "container_id": container_id,
            "runtime": pod.runtime,
        }
        return Owner(_said(workload), pod.labels, self._labels(pod.namespace), evidence)

    def _labels(self, namespace: str) -> Mapping[str, str] | None:
        return None if self._cluster is None else self._cluster.namespace_labels(namespace)


def _user(process: Process) -> dict[str, str | None]:
    """Return whose a process is; nothing in a container, where users are made up."""
    place = process.place
    if place.containers and place.user is None:
        return {}
    uid = None if process.uid is None else str(process.uid)
    gid = None if process.gid is None else str(process.gid)
    return {"uid": place.user or uid, "gid": gid}


def _container(place: Place) -> dict[str, str | None]:
    innermost = place.containers[-1] if place.containers else None
    return {"container_id": innermost, "runtime": place.runtime}


def _said(workload: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in workload.items() if value is not None}
