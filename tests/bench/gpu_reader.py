"""What one look at 8 GPUs costs, in the process that reads NVML and in the agent that asks it.

The whole agent is in `gpu_agent`.
"""

import os
import tempfile
import time
from pathlib import Path
from statistics import median
from unittest import mock

import psutil

from agents.gpu.nvml.watched import Patience, WatchedReader
from tests.bench.figure import Figure, Number, Options, medians
from tests.nvml_scenario import Node

GPUS = 8
PROCESSES = 8
LOOKS_PER_SECOND = 5  # each has its share of fresh samples, as the driver makes them
UNHURRIED = Patience(look_s=60.0)
NOT_SHOWN = "the driver's own time in each call, which a stub does not have"


def bench(options: Options) -> list[Figure]:
    """Measure rounds of looks and return their medians."""
    with tempfile.TemporaryDirectory() as folder:
        node = busy_node(Path(folder))
        with mock.patch.dict(os.environ, node.environment):
            reader = WatchedReader(UNHURRIED)
            try:
                runs = [run(reader, node, options.seconds) for _ in range(options.rounds)]
            finally:
                reader.close()
    numbers = medians(runs)
    line = (
        f"gpu-reader: a look at {GPUS} GPUs with {PROCESSES} processes each takes "
        f"{numbers['child_us']:,.0f} us of CPU where NVML is read ({numbers['calls']:.0f} calls), "
        f"{numbers['agent_us']:,.0f} us in the agent, {numbers['wall_us']:,.0f} us in all; the "
        f"process that reads has {numbers['rss_mb']:.1f} MB, {numbers['own_mb']:.1f} of its own"
    )
    return [Figure("gpu-reader", line, numbers, NOT_SHOWN, runs)]


def busy_node(folder: Path) -> Node:
    """Return a node whose GPUs all work for all their processes."""
    node = Node(folder)
    for _ in range(GPUS):
        gpu = node.add_gpu()
        for pid in range(1_000, 1_000 + PROCESSES):
            gpu.start(pid)
            gpu.work(pid, 100 / PROCESSES)
    return node


def run(reader: WatchedReader, node: Node, seconds: float) -> dict[str, Number]:
    """Look several times a second, and return what a look cost."""
    reader.look()
    (child,) = psutil.Process().children()
    looks = round(seconds * LOOKS_PER_SECOND)
    calls, child_s, agent_s = sum(node.calls().values()), cpu_s(child), time.process_time()
    took_s = []
    for _ in range(looks):
        begin_s = time.perf_counter()
        reader.look()
        took_s.append(time.perf_counter() - begin_s)
        time.sleep(1 / LOOKS_PER_SECOND)
    memory = child.memory_full_info()
    return {
        "child_us": (cpu_s(child) - child_s) / looks * 1e6,
        "agent_us": (time.process_time() - agent_s) / looks * 1e6,
        "wall_us": median(took_s) * 1e6,
        "calls": (sum(node.calls().values()) - calls) / looks,
        "rss_mb": memory.rss / 1e6,
        "own_mb": memory.uss / 1e6,
    }


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU seconds that a process has used."""
    times = process.cpu_times()
    return times.user + times.system
