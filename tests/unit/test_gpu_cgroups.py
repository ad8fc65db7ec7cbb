"""Which work a process belongs to, by its control groups: every form that the field has."""

import pytest

from agents.gpu.cgroups import NOWHERE, Place, place_of

UID = "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"
UID_ = UID.replace("-", "_")
HASH = "7c2a9f0e1d3b4c5a6f7e8d9c0b1a2f3e"
ID, INNER = "ab" * 32, "cd" * 32
SLICE = f"kubepods-burstable-pod{UID_}.slice"

FORMS = {
    # the kubelet, cgroup v2
    f"0::/kubepods.slice/kubepods-burstable.slice/{SLICE}/cri-containerd-{ID}.scope": Place(
        UID, (ID,), "containerd"
    ),
    f"0::/kubepods.slice/kubepods-pod{UID_}.slice/crio-{ID}.scope": Place(UID, (ID,), "cri-o"),
    f"0::/kubepods.slice/kubepods-pod{UID_}.slice/crio-{ID}.scope/container": Place(
        UID, (ID,), "cri-o"
    ),
    f"0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{UID_}.slice"
    f"/docker-{ID}.scope": Place(UID, (ID,), "docker"),
    f"0::/kubepods/burstable/pod{UID}/{ID}": Place(UID, (ID,)),
    f"0::/kubepods.slice/kubepods-pod{HASH}.slice/cri-containerd-{ID}.scope": Place(
        HASH, (ID,), "containerd"
    ),
    # the kubelet, cgroup v1
    f"9:devices:/kubepods/burstable/pod{UID}/{ID}": Place(UID, (ID,)),
    f"9:devices:/kubepods/pod{UID}/{ID}": Place(UID, (ID,)),
    f"11:memory:/kubepods.slice/{SLICE}/cri-containerd-{ID}.scope": Place(UID, (ID,), "containerd"),
    # containerd below its own unit, and with its own notation of systemd groups
    f"0::/system.slice/containerd.service/{SLICE}:cri-containerd:{ID}": Place(
        UID, (ID,), "containerd"
    ),
    f"5:cpu:/kubepods-burstable-pod{UID_}.slice:cri-containerd:{ID}": Place(
        UID, (ID,), "containerd"
    ),
    # kind, from inside its node; docker in a pod
    f"0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice"
    f"/kubelet-{SLICE}/cri-containerd-{ID}.scope": Place(UID, (ID,), "containerd"),
    f"0::/kubepods.slice/{SLICE}/cri-containerd-{ID}.scope/docker/{INNER}": Place(
        UID, (ID, INNER), "containerd"
    ),
    # seen from a pod that has a view of its own
    f"0::/../../{SLICE}/cri-containerd-{ID}.scope": Place(UID, (ID,), "containerd"),
    f"0::/../../pod{UID}/{ID}": Place(UID, (ID,)),
    f"0::/../cri-containerd-{ID}.scope": Place(None, (ID,), "containerd"),
    "0::/../../../../user.slice/user-1001.slice/session-3.scope": Place(user="1001"),
    # docker and podman without a kubelet
    f"12:devices:/docker/{ID}": Place(None, (ID,), "docker"),
    f"0::/system.slice/docker-{ID}.scope": Place(None, (ID,), "docker"),
    f"0::/machine.slice/libpod-{ID}.scope": Place(None, (ID,), "podman"),
    f"0::/machine.slice/libpod-{ID}.scope/container": Place(None, (ID,), "podman"),
    f"0::/system.slice/web.service/libpod-payload-{ID}": Place(
        None, (ID,), "podman", unit="web.service"
    ),
    f"0::/user.slice/user-1001.slice/user@1001.service/user.slice/libpod-{ID}.scope": Place(
        None, (ID,), "podman", user="1001"
    ),
    # Slurm
    "0::/system.slice/slurmstepd.scope/job_3385/step_0/user/task_0": Place(slurm_job="3385"),
    "0::/system.slice/slurmstepd.scope/job_3385/step_batch/user/task_0": Place(slurm_job="3385"),
    "0::/system.slice/slurmstepd.scope/job_3385/step_extern/user/task_0": Place(slurm_job="3385"),
    "0::/system.slice/node7_slurmstepd.scope/job_12/step_interactive": Place(slurm_job="12"),
    "10:devices:/slurm/uid_1001/job_9/step_batch/task_0": Place(slurm_job="9"),
    "10:devices:/slurm_node7/uid_1001/job_9/step_0": Place(slurm_job="9"),
    "0::/system.slice/slurmd.service/slurm/uid_5/job_9": Place(slurm_job="9"),
    # systemd
    "0::/system.slice/jupyter-ann.service": Place(unit="jupyter-ann.service"),
    "0::/system.slice/system-train.slice/train@7.service": Place(unit="train@7.service"),
    "0::/ml.slice/run-r5.scope": Place(unit="run-r5.scope"),
    "0::/user.slice/user-1001.slice/session-3.scope": Place(user="1001"),
    "0::/user.slice/user-1001.slice/user@1001.service/app.slice/app.service": Place(user="1001"),
    f"0::/kubepods.slice/{SLICE}/cri-containerd-{ID}.scope (deleted)": Place(
        UID, (ID,), "containerd"
    ),
    # nothing
    "0::/": NOWHERE,
    "": NOWHERE,
    "no such line": NOWHERE,
    "0::/lxc/box": NOWHERE,
}

FORGED = {
    # below what a user, a unit, a container or a job was given, anybody may write any name
    f"0::/user.slice/user-7.slice/user@7.service/kubepods.slice/{SLICE}": Place(user="7"),
    f"0::/system.slice/own.service/kubepods.slice/{SLICE}": Place(unit="own.service"),
    "0::/system.slice/own.service/slurm/uid_0/job_1": Place(unit="own.service"),
    "0::/system.slice/own.service/user.slice/user-0.slice": Place(unit="own.service"),
    f"0::/system.slice/docker-{ID}.scope/user.slice/user-0.slice": Place(None, (ID,), "docker"),
    f"0::/system.slice/docker-{ID}.scope/slurm/job_1": Place(None, (ID,), "docker"),
    f"0::/system.slice/docker-{INNER}.scope/kubelet.slice/kubelet-kubepods.slice"
    f"/kubelet-{SLICE}/cri-containerd-{ID}.scope": Place(None, (INNER, ID), "docker"),
    f"4:cpu:/docker/{INNER}/kubelet/kubepods/besteffort/pod{UID}/{ID}": Place(
        None, (INNER, ID), "docker"
    ),
    f"0::/kubepods.slice/{SLICE}/cri-containerd-{ID}.scope/kubepods.slice"
    f"/kubepods-pod{HASH}.slice": Place(UID, (ID,), "containerd"),
    f"0::/kubepods.slice/{SLICE}/cri-containerd-{ID}.scope/slurm/job_1": Place(
        UID, (ID,), "containerd"
    ),
    f"0::/system.slice/slurmstepd.scope/job_1/kubepods.slice/{SLICE}": Place(slurm_job="1"),
    f"0::/pod{UID}/{ID}": Place(None, (ID,)),
    f"0::/lxc/box/kubepods/pod{UID}": NOWHERE,
    "0::/lxc.payload.box/system.slice/train.service": NOWHERE,
    "0::/lxc.payload.box/user.slice/user-0.slice": NOWHERE,
    "9:devices:/lxc/box/slurm/uid_0/job_1": NOWHERE,
}


@pytest.mark.parametrize(("text", "place"), (FORMS | FORGED).items())
def test_a_path_says_whose_a_process_is(text: str, place: Place) -> None:
    assert place_of(text) == place


@pytest.mark.parametrize("v2", ["0::/", "0::/system.slice/containerd.service", "0::/init.scope"])
def test_of_two_hierarchies_the_one_that_tells_more_counts(v2: str) -> None:
    v1 = f"9:devices:/kubepods/burstable/pod{UID}/{ID}"
    named = "1:name=systemd:/system.slice/containerd.service"
    assert place_of(f"{named}\n{v1}\n{v2}\n") == Place(UID, (ID,))
    assert place_of(f"{v2}\n{v1}\n{named}\n") == Place(UID, (ID,))


def test_a_colon_in_a_path_is_part_of_it() -> None:
    assert place_of("0::/system.slice/a:b.service") == Place(unit="a:b.service")
