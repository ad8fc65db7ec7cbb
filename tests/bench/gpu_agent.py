"""What an agent costs its node: 8 GPUs, each shared by 8 pods that work, in a Kubernetes cluster.

A real process over the real pynvml, with a kubelet and an API server that answer, looking once a
second; the driver behind pynvml is the stub.
"""

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil

from tests import gpu_cluster
from tests.bench import stage
from tests.bench.figure import Figure, Number, Options, medians
from tests.gpu_host import Host

GPUS = 8
PROCESSES = 8
FIRST_PID = 5_000
WARM_S = 15.0  # until the node has settled: no pod and no process has changed for ten seconds
SECONDS = 3  # times options.seconds
NOT_SHOWN = (
    "the driver's own time in each call, which a stub does not have; the cost of first waking GPUs "
    "without persistence mode"
)


def bench(options: Options) -> list[Figure]:
    """Watch one agent for a while, `rounds` times over."""
    with ExitStack() as stack:
        kafka = stack.enter_context(stage.broker())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        host = Host(folder=folder, kafka=kafka.bootstrap)
        defaults = {"EVERY_S": "1", "INTERVAL_S": "10", "CPU_RATIO": "0.02"}
        host.settings |= {f"SAMPLING__{name}": value for name, value in defaults.items()}
        cluster = stack.enter_context(gpu_cluster.running(host))
        fill(cluster)
        host.variables["PYTHONDONTWRITEBYTECODE"] = ""  # as installed: modules are compiled once
        stack.callback(host.stop)
        host.start()
        host.stop()
        host.start()
        time.sleep(WARM_S)
        runs = [measured(host, SECONDS * options.seconds) for _ in range(options.rounds)]
    numbers = medians(runs)
    line = (
        f"gpu-agent: {numbers['cpu_pct']:.2f} % of a core, {numbers['pss_mb']:.0f} MB (PSS; RSS "
        f"{numbers['rss_mb']:.0f}) in two processes, {numbers['look_ms']:.1f} ms a look, with "
        f"{GPUS} GPUs of {PROCESSES} processes each, looking once a second"
    )
    return [Figure("gpu-agent", line, numbers, NOT_SHOWN, runs)]


def fill(cluster: gpu_cluster.Cluster) -> None:
    """Let eight pods share each of eight GPUs."""
    for place in range(GPUS):
        gpu = cluster.host.node.add_gpu()
        replicas = [f"{gpu.uuid}::{number}" for number in range(PROCESSES)]
        cluster.kubelet.allocatable = [*(cluster.kubelet.allocatable or ()), *replicas]
        for number, replica in enumerate(replicas):
            cluster.place(gpu, FIRST_PID + PROCESSES * place + number, replica, percent=10)


def measured(host: Host, for_s: float) -> dict[str, Number]:
    """Return what the agent's processes use over a stretch of time."""
    before_s, looks = cpu_s(host), host.counted("looks_total")
    look_s = host.counted("look_seconds_sum")
    begin_s = time.monotonic()
    time.sleep(for_s)
    passed_s = time.monotonic() - begin_s
    used_s = cpu_s(host) - before_s
    looks = host.counted("looks_total") - looks
    memory = [each.memory_full_info() for each in processes(host)]
    return {
        "cpu_pct": 100 * used_s / passed_s,
        "pss_mb": sum(each.pss for each in memory) / 1e6,
        "rss_mb": sum(each.rss for each in memory) / 1e6,
        "looks": looks,
        "look_ms": 1e3 * (host.counted("look_seconds_sum") - look_s) / looks,
    }


def processes(host: Host) -> list[psutil.Process]:
    """Return the agent's process and the one that reads NVML for it."""
    if host.process is None:
        raise stage.Stuck("expected an agent that runs")
    agent = psutil.Process(host.process.pid)
    return [agent, *agent.children()]


def cpu_s(host: Host) -> float:
    """Return the CPU seconds that they have used."""
    times = [each.cpu_times() for each in processes(host)]
    return sum(each.user + each.system for each in times)
