"""What `doctor` is told of owners and tenants: what is there, what is not, and what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.gpu.api_server import Address
from agents.gpu.catalog_text import RuleSet, rules_in
from agents.gpu.cluster import Cluster
from agents.gpu.findings import Finding
from agents.gpu.kubelet import Answer, Handed, Held
from agents.gpu.owners import Sources
from agents.gpu.owners_probe import probe
from agents.gpu.processes import Processes
from agents.gpu.slurm import SlurmJobs
from tests.builders.kubelet_said import Said
from tests.builders.proc import Clock, Proc
from tests.servers import kubernetes_api
from tests.servers.kubernetes_api import KubernetesSays

RULES = rules_in("owners: [{name: r, match: {uid: ['1']}, tenant: t}]", "test", "v1")


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    proc = Proc(tmp_path / "proc")
    proc.start(1, "/init.scope")
    return Processes(Clock(), proc.root)


@pytest.fixture
def says() -> KubernetesSays:
    return KubernetesSays()


@pytest.fixture
def cluster(says: KubernetesSays) -> Iterator[Cluster]:
    with kubernetes_api.running(says) as url:
        found = Cluster(Address(url, None, None), "node-1", Clock())
        yield found
        found.close()


def failing(sources: Sources, rules: RuleSet | None = RULES) -> dict[str, Finding]:
    found = {each.what: each for each in probe(sources, rules) if not each.is_ok}
    assert all(each.to_do for each in found.values())
    return found


def test_a_node_on_which_all_is_well_has_no_faults(
    processes: Processes, cluster: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "0").write_text("12")
    (tmp_path / "job-12").write_text("account=a")
    kubelet = Said(Answer(Handed((Held("ml", "a", "main", ("GPU-1",)),), ("GPU-1",))))
    sources = Sources(processes, kubelet, cluster, SlurmJobs(tmp_path, Clock()))
    assert failing(sources) == {}
    found = {each.what: each.why for each in probe(sources, RULES)}
    assert found["kubelet"] == "1 containers have GPUs or claims of them"
    assert found["Kubernetes API /api/v1/pods"] == "may be listed"
    assert found["Slurm jobs"] == "1 jobs have GPUs of this node"
    assert found["tenant rules"] == "1 of catalog v1"


def test_a_node_without_allocators_is_told_who_holds(processes: Processes) -> None:
    (found,) = [each for each in probe(Sources(processes), RULES) if each.what == "allocators"]
    assert found.is_ok
    assert "who has a process on a GPU holds it" in found.why


def test_pids_of_another_namespace_are_a_fault(processes: Processes) -> None:
    found = failing(Sources(processes, has_true_pids=False))
    assert "hostPID" in found["pid namespace"].to_do


def test_a_proc_that_hides_others_is_a_fault(tmp_path: Path) -> None:
    assert "hidepid" in failing(Sources(Processes(Clock(), tmp_path)))["processes"].to_do


def test_a_kubelet_that_does_not_answer_is_a_fault(processes: Processes) -> None:
    found = failing(Sources(processes, Said(Answer(None, "refused"))))
    assert found["kubelet"].why == "refused"
    assert "/var/lib/kubelet/pod-resources" in found["kubelet"].to_do
    assert "not set" in found["Kubernetes API"].why


def test_claims_and_replicas_that_cannot_be_counted_are_said(processes: Processes) -> None:
    claim = Held("ml", "a", "main", (), ("gpu.nvidia.com/n/gpu-0",))
    found = failing(Sources(processes, Said(Answer(Handed((claim,), None)))))
    assert "gpu.nvidia.com/n/gpu-0" in found["claims (dynamic allocation)"].why
    assert not found["allocatable devices"].is_needed


def test_an_api_server_that_lets_nobody_in_is_told_from_one_that_is_away(
    processes: Processes, cluster: Cluster, says: KubernetesSays
) -> None:
    says.token = "secret"  # noqa: S105 - of a test
    found = failing(Sources(processes, cluster=cluster))
    assert "role" in found["Kubernetes API /api/v1/nodes"].to_do
    says.is_away = True
    found = failing(Sources(processes, cluster=cluster))
    assert len(found) == 3
    assert "network" in found["Kubernetes API /api/v1/pods"].to_do


def test_jobs_without_an_account_and_a_missing_directory_are_faults(
    processes: Processes, tmp_path: Path
) -> None:
    (tmp_path / "0").write_text("12")
    slurm = SlurmJobs(tmp_path, Clock())
    assert "1 of 1 jobs" in failing(Sources(processes, slurm=slurm))["Slurm jobs"].why
    slurm = SlurmJobs(tmp_path / "none", Clock())
    assert "prolog" in failing(Sources(processes, slurm=slurm))["Slurm jobs"].to_do


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (None, "no catalog was ever read"),
        (rules_in("{}", "test", "v1"), "catalog v1 has none"),
        (rules_in("owners: [{name: r, when: x}]", "test", "v1"), "r: expected known fields"),
    ],
)
def test_rules_that_name_nobody_are_a_fault(
    processes: Processes, rules: RuleSet | None, words: str
) -> None:
    assert words in failing(Sources(processes), rules)["tenant rules"].why
