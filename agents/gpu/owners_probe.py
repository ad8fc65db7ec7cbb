"""What this node tells of who holds its GPUs, and who pays: for `doctor`. Asks each source once."""

from collections.abc import Iterator
from typing import Final

from agents.gpu.catalog_text import RuleSet
from agents.gpu.cluster import Cluster
from agents.gpu.findings import Finding
from agents.gpu.kubelet import Kubelet
from agents.gpu.owners import Sources
from agents.gpu.processes import Processes
from agents.gpu.slurm import SlurmJobs
from schemas.owner_rules import NotUnderstood

INIT: Final = (
    1  # the first process of a node: everybody may see its groups, unless /proc hides them
)
FORBIDDEN: Final = 403
UNAUTHORIZED: Final = 401


def probe(sources: Sources, rules: RuleSet | None) -> tuple[Finding, ...]:
    """Return what can be found out here. Blocks for some seconds where something hangs."""
    return (*_sources(sources), *_rules(rules))


def _sources(sources: Sources) -> Iterator[Finding]:
    yield _pids(has_true_pids=sources.has_true_pids)
    yield _processes(sources.processes)
    if sources.kubelet is None and sources.slurm is None:
        yield Finding(
            "allocators", True, "none is set: who has a process on a GPU holds it", is_needed=False
        )
    if sources.kubelet is not None:
        yield from _kubelet(sources.kubelet)
        if sources.cluster is None:
            why = "its URL is not set: no rule can ask for a label"
            yield Finding("Kubernetes API", False, why, "set it, or use rules by namespace")
    if sources.cluster is not None:
        yield from _cluster(sources.cluster)
    if sources.slurm is not None:
        yield _slurm(sources.slurm)


def _pids(*, has_true_pids: bool) -> Finding:
    if has_true_pids:
        return Finding("pid namespace", True, "the initial one: pids mean what NVML means by them")
    why = "another than the initial one: pids of NVML would name other processes here"
    return Finding("pid namespace", False, why, "run on the host, or in a pod with hostPID: true")


def _processes(processes: Processes) -> Finding:
    found = processes.find(INIT)
    if found is None or not processes.boot_id:
        why = f"process {INIT} or the boot's id cannot be read in {processes.root}"
        return Finding(
            "processes", False, why, "mount the host's /proc; without hidepid, or as root"
        )
    return Finding("processes", True, f"can be read in {processes.root}")


def _kubelet(kubelet: Kubelet) -> Iterator[Finding]:
    answer = kubelet.ask()
    if answer.handed is None:
        to_do = f"run as root, and mount the folder {kubelet.path.parent}, not only the socket"
        yield Finding("kubelet", False, answer.fault or "no answer", to_do)
        return
    held = answer.handed.held
    yield Finding("kubelet", True, f"{len(held)} containers have GPUs or claims of them")
    claims = [claim for each in held for claim in each.claims]
    if claims:
        why = f"{len(claims)} are not resolved to GPUs: {', '.join(claims[:3])}"
        yield Finding("claims (dynamic allocation)", False, why, "their processes show who works")
    if answer.handed.allocatable is None:
        why = "the kubelet refuses it: only the replicas that are held can be counted"
        yield Finding(
            "allocatable devices", False, why, "Kubernetes 1.28 or newer", is_needed=False
        )


def _cluster(cluster: Cluster) -> Iterator[Finding]:
    for path, refused in cluster.check():
        what = f"Kubernetes API {path}"
        if refused is None:
            yield Finding(what, True, "may be listed")
        elif refused.status in {FORBIDDEN, UNAUTHORIZED}:
            yield Finding(what, False, str(refused), "apply the role of the agent's DaemonSet")
        else:
            to_do = "check URL, network policy and the authority that is trusted"
            yield Finding(what, False, str(refused), to_do)


def _slurm(slurm: SlurmJobs) -> Finding:
    written = slurm.ask()
    if written.jobs is None:
        to_do = "install the prolog and epilog that come with the agent"
        return Finding("Slurm jobs", False, written.fault or "nothing", to_do)
    jobs = {job for several in written.jobs.values() for job in several}
    nameless = sorted(job for job in jobs if "account" not in slurm.details(job))
    if nameless:
        why = f"{len(nameless)} of {len(jobs)} jobs have no account there, e.g. {nameless[0]}"
        to_do = "use the prolog that comes with the agent: dcgm-exporter's writes only numbers"
        return Finding("Slurm jobs", False, why, to_do)
    return Finding("Slurm jobs", True, f"{len(jobs)} jobs have GPUs of this node")


def _rules(rules: RuleSet | None) -> Iterator[Finding]:
    if rules is None:
        to_do = "publish a catalog, let this agent read config.catalog.v1, or give it a file"
        yield Finding("tenant rules", False, "no catalog was ever read: nobody pays", to_do)
        return
    unclear = [rule for rule in rules.rules if isinstance(rule, NotUnderstood)]
    if unclear:
        why = "; ".join(f"{rule.name}: {rule.why}" for rule in unclear[:3])
        to_do = "update the agent; `apportion catalog check` names every fault of a file"
        yield Finding("tenant rules", False, f"{len(unclear)} not understood: {why}", to_do)
    elif not rules.rules:
        to_do = "add `owners` to the catalog"
        yield Finding("tenant rules", False, f"catalog {rules.version} has none", to_do)
    else:
        yield Finding("tenant rules", True, f"{len(rules.rules)} of catalog {rules.version}")
