"""The stub of NVML says through the real pynvml what its scenario says."""

import os
import subprocess
import sys
from pathlib import Path

from tests.nvml_scenario import GIB, Node

ASK = """
import pynvml
pynvml.nvmlInit()
for index in range(pynvml.nvmlDeviceGetCount()):
    gpu = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = pynvml.nvmlDeviceGetMemoryInfo(gpu, pynvml.nvmlMemory_v2)
    print(pynvml.nvmlDeviceGetUUID(gpu), memory.total, memory.used)
    for process in pynvml.nvmlDeviceGetComputeRunningProcesses(gpu):
        print(process.pid, process.usedGpuMemory)
"""


def test_a_process_started_beside_the_stub_finds_it_behind_pynvml(tmp_path: Path) -> None:
    node = Node(tmp_path)
    gpu = node.add_gpu(memory_bytes=80 * GIB)
    gpu.start(4711, memory_bytes=3 * GIB)
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env=os.environ | node.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [f"{gpu.uuid} {80 * GIB} {3 * GIB}", f"4711 {3 * GIB}"]
    assert node.calls()["nvmlInitWithFlags"] == 1
