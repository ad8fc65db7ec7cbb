"""What the agent sees with: NVML, the allocators, /proc, and the tenant rules of a catalog."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agents.gpu.api_server import SECRETS, Address
from agents.gpu.catalog_file import FileCatalog
from agents.gpu.catalog_text import RuleSet
from agents.gpu.catalog_topic import TopicCatalog
from agents.gpu.clocks import instant
from agents.gpu.cluster import Cluster
from agents.gpu.kubelet import Kubelet
from agents.gpu.looking import Eyes
from agents.gpu.nvml.watched import WatchedReader
from agents.gpu.owners import NodeOwners, Sources
from agents.gpu.plan import Plan
from agents.gpu.processes import Processes, is_initial_pid_namespace
from agents.gpu.slurm import SlurmJobs
from agents.gpu.tenant_rules import TenantRules

CATALOG_S = 10.0  # a start without any catalog waits so long for Kafka's
CATALOG_NAME = "catalog.avro"  # beside the outbox: for starts without Kafka


def now_us() -> int:
    """Return microseconds of the clock that only goes forward, also while the node sleeps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000


@contextmanager
def opened(plan: Plan) -> Iterator[Eyes]:
    """Open everything; close it when the block is left. Raises what opening does."""
    with ExitStack() as stack:
        rules = TenantRules(catalog(plan, stack), plan.terms.node)
        owners = NodeOwners(sources(plan, stack))
        reader = WatchedReader()
        stack.callback(reader.close)
        yield Eyes(instant, reader, owners, rules, lambda: time.process_time() + reader.cpu_s())


def catalog(plan: Plan, stack: ExitStack) -> Callable[[], RuleSet | None]:
    """Return what gives the rules in force. A first start waits a while for Kafka's.

    Raises CatalogUnreadable for a file that cannot be used.
    """
    if plan.catalog is not None:
        return FileCatalog(plan.catalog).current
    kept = plan.outbox.with_name(CATALOG_NAME)
    kept.parent.mkdir(parents=True, exist_ok=True)
    followed = TopicCatalog(plan.kafka, kept)
    followed.start()
    stack.callback(followed.close)
    if followed.current() is None:  # else what is held in its first seconds were nobody's
        followed.has_read_all.wait(CATALOG_S)
    return followed.current


def mounted(name: str) -> Path | None:
    """Return a file that Kubernetes gives every pod; None outside of one."""
    return SECRETS / name if (SECRETS / name).exists() else None


def sources(plan: Plan, stack: ExitStack) -> Sources:
    """Return where this node says who holds its GPUs."""
    where = plan.places
    cluster = None
    if where.api_server is not None:
        address = Address(
            where.api_server,
            where.api_token or mounted("token"),
            where.api_ca or mounted("ca.crt"),
        )
        cluster = Cluster(address, plan.terms.node, now_us)
        cluster.start()
        stack.callback(cluster.close)
    return Sources(
        processes=Processes(now_us, where.proc),
        kubelet=Kubelet(now_us, where.kubelet_socket) if where.kubelet_socket else None,
        cluster=cluster,
        slurm=SlurmJobs(where.slurm_jobs, now_us) if where.slurm_jobs else None,
        has_true_pids=is_initial_pid_namespace(where.proc),
    )
