"""Where a process runs, by the paths of its control groups. Pure.

A path is read from its root down, and only as far as the system's managers wrote it: what a user, a
container or a job has made below its own group could name anybody. Forms: kubelet (systemd and
cgroupfs drivers), docker, containerd, CRI-O, podman, kind, Slurm 20-25, systemd.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

DELETED: Final = " (deleted)"  # appended by the kernel when the group is gone
UP: Final = ".."  # groups above the reader's own, where it has a view of its own
UUID: Final = r"[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}"
POD: Final = re.compile(rf"(?:^|-)pod({UUID}|[0-9a-f]{{32}})(?:\.slice)?$")  # 32 hex: a static pod
CONTAINER: Final = re.compile(r"^(?:([a-z][a-z-]*)-)?([0-9a-f]{64})(?:\.scope)?$")
JOB: Final = re.compile(r"^job_(\d+)$")
SLURM: Final = re.compile(r"^(?:slurm(?:_.+)?|(?:.+_)?slurmstepd\.scope)$")
USER: Final = re.compile(r"^user-(\d+)\.slice$")
UNIT: Final = re.compile(r"\.(?:service|scope)$")
MANAGERS: Final = re.compile(  # units below which kubelets, runtimes and Slurm make groups
    r"^(?:containerd|docker|cri-docker|crio|kubelet|k3s(?:-agent)?|rke2-(?:server|agent)|k0s\w*"
    r"|snap\.microk8s\..+|(?:.+_)?slurmd)\.service$|^(?:.+_)?slurmstepd\.scope$"
)
TRUSTED: Final = re.compile(  # other groups that only the system's managers make
    r"^(?:\.\.|.+\.slice|kubelet|kubepods|burstable|besteffort|guaranteed|docker|uid_\d+)$"
)
RUNTIMES: Final = {
    "cri-containerd": "containerd",
    "crio": "cri-o",
    "docker": "docker",
    "libpod": "podman",
    "libpod-payload": "podman",
}


@dataclass(frozen=True, slots=True)
class Place:
    """What the groups of a process say. All None: nothing, e.g. `0::/`."""

    pod_uid: str | None = None  # of a static pod: the hash of its manifest
    containers: tuple[str, ...] = ()  # ids, the outermost first
    runtime: str | None = None  # of the outermost container
    slurm_job: str | None = None
    unit: str | None = None  # of the system's manager, never of a user's
    user: str | None = None  # uid of the login

    @property
    def strength(self) -> int:
        """How much it tells: of several hierarchies the strongest counts."""
        told = (self.user or self.unit, self.containers, self.slurm_job, self.pod_uid)
        return sum(1 << rank for rank, each in enumerate(told) if each)


NOWHERE: Final = Place()


def place_of(text: str) -> Place:
    """Return what a /proc/<pid>/cgroup says: one line a hierarchy, v2's among them.

    >>> place_of("0::/system.slice/jupyter-ann.service").unit
    'jupyter-ann.service'
    """
    return max(map(place_of_path, paths(text)), key=lambda place: place.strength, default=NOWHERE)


def paths(text: str) -> Iterator[str]:
    """Yield the path of each line, v2's first."""
    lines = [line.split(":", 2) for line in text.splitlines()]
    whole = [line for line in lines if len(line) == 3]  # noqa: PLR2004 - hierarchy:controllers:path
    for _, _, path in sorted(whole, key=lambda line: (line[0] != "0", line[0])):
        yield path.removesuffix(DELETED)


def place_of_path(path: str) -> Place:
    """Return what one path says."""
    walk = Walk()
    for segment in segments(path):
        walk.take(segment)
    return walk.place


def segments(path: str) -> Iterator[str]:
    """Yield the groups of a path; containerd's `slice:prefix:id` is two of them."""
    for segment in filter(None, path.split("/")):
        match segment.split(":"):
            case [group, prefix, container] if prefix in RUNTIMES:
                yield group
                yield f"{prefix}-{container}.scope"
            case _:
                yield segment


@dataclass(slots=True)
class Walk:
    """Goes down a path, and believes less the deeper it comes."""

    place: Place = NOWHERE
    above: list[str] = field(default_factory=list)
    is_trusted: bool = True  # what is above was made by the system's managers

    def take(self, segment: str) -> None:
        """Take the next group."""
        if segment != UP:
            self._take(segment)
        self.above.append(segment)
        self.is_trusted = self.is_trusted and is_of_managers(segment)

    def _take(self, segment: str) -> None:
        if found := CONTAINER.match(segment):
            self._enter(found)
        elif self.is_trusted and not (
            self.place.pod_uid or self.place.slurm_job or self.place.user
        ):
            self._take_manager_s(segment)

    def _take_manager_s(self, segment: str) -> None:
        if pod := self._pod(segment):
            self.place = Place(pod_uid=pod)
        elif (job := JOB.match(segment)) and any(map(SLURM.match, self.above)):
            self.place = Place(slurm_job=job[1])
        elif user := USER.match(segment):
            self.place = Place(user=user[1])
        elif UNIT.search(segment):
            self.place = Place(unit=segment)

    def _pod(self, segment: str) -> str | None:
        """Return a pod's uid: below kubepods, or next to what the reader is in."""
        found = POD.search(segment)
        is_kubelet_s = any("kubepods" in each for each in (segment, *self.above))
        if found and (is_kubelet_s or self.above[-1:] == [UP]):
            return found[1].replace("_", "-")
        return None

    def _enter(self, found: re.Match[str]) -> None:
        prefix, container = found.groups()
        runtime = self.place.runtime or RUNTIMES.get(prefix or "")
        if runtime is None and self.above[-1:] == ["docker"]:
            runtime = "docker"
        containers = (*self.place.containers, container)
        self.place = replace(self.place, containers=containers, runtime=runtime)


def is_of_managers(segment: str) -> bool:
    """Whether what is below a group was not made by whoever runs in it."""
    return any(form.search(segment) for form in (TRUSTED, MANAGERS, SLURM, POD))
