"""Every form in which a kubelet or Slurm names a device, and the GPU or MIG device it means."""

import subprocess
import sys
from pathlib import Path

import pytest

from agents.gpu.device_ids import Named, named, named_by_index
from agents.gpu.observed import DeviceSeen, MigInstance, MigLayout, Standing

A, B = "GPU-0aaa-1", "GPU-0bbb-2"
CUT = MigLayout(
    (
        MigInstance("MIG-0c-1", "3g.40gb", 3, 40, gpu_instance=1),
        MigInstance(f"MIG-{B}/9/0", "1g.10gb", 1, 10, gpu_instance=9),
        MigInstance("MIG-0d-1", "1g.10gb", 1, 10, gpu_instance=5),
        MigInstance("MIG-0d-2", "1g.10gb", 1, 10, gpu_instance=5),
    ),
    7,
    80,
)
DEVICES = (
    DeviceSeen(A, "H100", Standing.IN_SERVICE, index=0, minor=3),
    DeviceSeen(B, "H100", Standing.IN_SERVICE, index=1, minor=2, mig=CUT),
)


@pytest.mark.parametrize(
    ("device_id", "expected"),
    [
        (A, Named(A)),
        ("GPU-0ccc-not-seen", Named("GPU-0ccc-not-seen")),
        (f"{A}::0", Named(A, is_replica=True)),
        (f"{A}::13", Named(A, is_replica=True)),
        ("MIG-0c-1", Named("MIG-0c-1")),
        ("MIG-0c-1::7", Named("MIG-0c-1", is_replica=True)),
        (f"MIG-{B}/1/0", Named("MIG-0c-1")),
        (f"MIG-{B}/9/0", Named(f"MIG-{B}/9/0")),
        (f"MIG-{B}/5/0", None),
        (f"MIG-{B}/8/0", None),
        (f"MIG-{A}/1/0", None),
        ("nvidia3", Named(A)),
        ("nvidia2", Named(B)),
        ("nvidia3/vgpu1", Named(A, is_replica=True)),
        ("nvidia2/gi1", Named("MIG-0c-1")),
        ("nvidia2/gi8", None),
        ("nvidia0", None),
        ("0", None),
        ("", None),
        ("GPU-", None),
        ("node-1-gpu-0-slot-2", None),
    ],
)
def test_a_device_id_means_one_device_or_none(device_id: str, expected: Named | None) -> None:
    assert named(device_id, DEVICES) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("0", Named(A)),
        ("1", Named(B)),
        ("1.1", Named("MIG-0c-1")),
        ("1.8", None),
        ("2", None),
        ("0.1", None),
        (A, Named(A)),
        ("MIG-0c-1", Named("MIG-0c-1")),
        ("job-7", None),
    ],
)
def test_a_file_of_the_prolog_means_one_device_or_none(name: str, expected: Named | None) -> None:
    assert named_by_index(name, DEVICES) == expected


def test_the_generated_code_is_that_of_the_proto_file(root: Path, tmp_path: Path) -> None:
    source = root / "agents/gpu"
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{source}"]
    outputs = [f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    subprocess.run([*command, *outputs, str(source / "pod_resources.proto")], check=True)
    for name in ("pod_resources_pb2.py", "pod_resources_pb2.pyi"):
        assert (tmp_path / name).read_text() == (source / name).read_text(), "run `make proto`"
