"""A node for a real agent process: GPUs behind the stub of NVML, a /proc, a catalog, a Kafka.

The agent is started by its command line as a user would, and looks five times a second.
"""

import json
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

from schemas.codec import Codec
from schemas.records import GpuInterval
from schemas.topics import USAGE_GPU
from streams.kafka.log import read_to_end
from streams.settings import KafkaSettings
from tests.builders.proc import Proc
from tests.daemon import Daemon
from tests.gpu_looks import total_us
from tests.nvml_scenario import Gpu, Instance, Kind, Node
from tests.outbox_parts import wait_until

# A task of Slurm: whose it is, is in its control group and in what the prolog wrote down.
GROUP = "/system.slice/slurmstepd.scope/job_{}/step_0/user/task_0"
CATALOG = """
owners:
  - name: by-account
    match: {slurm_account: ["*"]}
    tenant_from: slurm_account
    job_from: slurm_job
"""
EVERY_S = 0.2
SETTINGS = {
    "NODE": "node-1",
    "SAMPLING__EVERY_S": str(EVERY_S),
    "SAMPLING__INTERVAL_S": "1",
    "SAMPLING__CPU_RATIO": "1",  # this machine is shared: looks come as often as they can
    "OUTBOX__DRAIN_S": "10",
    "LOG__FORMAT": "json",
}


@dataclass(slots=True, kw_only=True)
class Host(Daemon):
    """A node. Fill it, then `start` its agent, as often as it takes."""

    folder: Path
    kafka: str = "127.0.0.1:1"  # nobody
    settings: dict[str, str] = field(default_factory=dict)  # beside SETTINGS
    variables: dict[str, str] = field(default_factory=dict)  # of the environment
    node: Node = field(init=False)
    proc: Proc = field(init=False)

    def __post_init__(self) -> None:
        self.node = Node(self.folder)
        self.proc = Proc(self.folder / "proc")
        (self.proc.root / "self").symlink_to("/proc/self")  # the pid namespace is the real one
        (self.folder / "catalog.yaml").write_text(CATALOG)
        self.jobs.mkdir()

    @property
    def log(self) -> Path:
        """What the agent that runs now says."""
        return self.folder / f"agent.{self.starts}.log"

    @property
    def jobs(self) -> Path:
        """Where Slurm's prolog writes."""
        return self.folder / "jobs"

    @property
    def environment(self) -> Mapping[str, str]:
        """What the agent needs to know."""
        own = {
            **SETTINGS,
            "KAFKA__BOOTSTRAP": self.kafka,
            "CATALOG": str(self.folder / "catalog.yaml"),
            "OWNERS__PROC": str(self.proc.root),
            "OUTBOX__PATH": str(self.folder / "state" / "outbox.db"),
            **self.settings,
        }
        named = {f"APPORTION_GPU_AGENT_{name}": value for name, value in own.items()}
        return {**self.node.environment, **named, **self.variables}

    def submit(self, job: str, account: str, *devices: str) -> None:
        """Hand devices out to a job, as Slurm's prolog tells it: by index, and instance after."""
        self.settings["OWNERS__SLURM_JOBS"] = str(self.jobs)
        (self.jobs / f"job-{job}").write_text(f"account={account}\nuser=u-{account}\n")
        for device in devices:
            file = self.jobs / device
            file.write_text((file.read_text() if file.exists() else "") + f"{job}\n")

    def run(  # noqa: PLR0913 - what a test says of one process
        self,
        gpu: Gpu,
        pid: int,
        job: str,
        *,
        percent: float = 50,
        kind: Kind = "C",
        instance: Instance | None = None,
    ) -> None:
        """Start a process of a job on a GPU, or on a MIG device of it."""
        self.proc.start(pid, GROUP.format(job))
        gpu.start(pid, kind=kind, instance=instance)
        gpu.work(pid, percent, instance=instance)

    def kill_process(self, gpu: Gpu, pid: int) -> None:
        """End a process, as kill -9 does."""
        gpu.stop(pid)
        self.proc.end(pid)

    def start(self) -> None:
        """Start an agent and wait until it has looked."""
        command = [sys.executable, "-P", "-m", "streams", "gpu-agent"]
        self.launch(command, self.folder, self.environment)
        wait_until(self.is_looking)

    def is_looking(self) -> bool:
        """Tell whether it has looked. Raises AssertionError when it has ended."""
        assert self.is_running, self.log.read_text()
        return bool(self.logged("agent_serving")) and self.counted("looks_total") > 0

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of one kind in the log of the agent that runs now."""
        lines = self.log.read_text("utf-8").splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    def got(self, path: str) -> str:
        """Return what it serves."""
        port = self.logged("agent_serving")[-1]["web_port"]
        url = f"http://127.0.0.1:{port}{path}"
        with urllib.request.urlopen(url, timeout=10.0) as answer:
            return str(answer.read().decode())

    def counted(self, name: str) -> float:
        """Return the sum of a metric's samples."""
        lines = self.got("/metrics").splitlines()
        full = f"apportion_gpu_agent_{name}"
        return sum(float(line.split()[-1]) for line in lines if line.startswith(full))

    def watch(self, looks: int) -> None:
        """Wait until it has looked some more times."""
        until = self.counted("looks_total") + looks
        wait_until(lambda: self.counted("looks_total") >= until, 60.0)


Batches: TypeAlias = dict[tuple[int, int], list[GpuInterval]]  # by epoch and seq


def arrived(kafka: str) -> Batches:
    """Return the batches that lie in Kafka, each once, however often it was sent."""
    found: Batches = {}
    for entry in read_to_end(KafkaSettings(bootstrap=kafka), USAGE_GPU.name):
        _, batch = Codec().decode(entry.value or b"")
        assert not batch["losses"]
        found[batch["epoch"], batch["seq"]] = batch["events"]
    return found


def events(batches: Batches) -> list[GpuInterval]:
    """Return the intervals of batches, of which none is missing."""
    assert [seq for _, seq in sorted(batches)] == list(range(len(batches)))
    return [event for key in sorted(batches) for event in batches[key]]


def sent(kafka: str) -> list[GpuInterval]:
    """Return the intervals that lie in Kafka."""
    return events(arrived(kafka))


def of(gpu: Gpu, intervals: list[GpuInterval]) -> list[GpuInterval]:
    """Return the intervals of a GPU by time. They follow each other and are balanced."""
    mine = sorted(
        (one for one in intervals if one["device"] == gpu.uuid), key=lambda one: one["start_us"]
    )
    assert mine, "expected intervals"
    for one in mine:
        assert total_us(one) == one["end_us"] - one["start_us"]
    gaps = [(one, other) for one, other in pairwise(mine) if one["end_us"] != other["start_us"]]
    assert gaps == []
    return mine


def flags(intervals: list[GpuInterval]) -> set[str]:
    """Return every flag of some intervals."""
    return {flag for one in intervals for flag in one["flags"]}


def held_s(intervals: list[GpuInterval], tenant: str | None) -> float:
    """Return how long a tenant held, in seconds."""
    holders = [holder for one in intervals for holder in one["holders"]]
    return sum(each["held_us"] for each in holders if each["tenant"] == tenant) / 1e6


def state_s(intervals: list[GpuInterval], state: str) -> float:
    """Return how long GPUs were in a state, in seconds."""
    return sum(int(str(dict(one)[f"{state}_us"])) for one in intervals) / 1e6
