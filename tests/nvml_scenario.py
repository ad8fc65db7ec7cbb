"""A node with GPUs that a test makes up: the scenario behind `tests/nvml_stub/nvml_stub.c`.

`Node` writes what the stub answers; every change is seen by the next call of any process that has
the stub loaded, also a running agent (start it with `node.environment`). Without `set_clock` the
stub lives in real time; with it, time moves only as the test says.

    node = Node(tmp_path)
    gpu = node.add_gpu()
    gpu.start(100, memory_bytes=2 * GIB)
    gpu.work(100, percent=40)
    node.advance(10)
"""

import hashlib
import mmap
import os
import struct
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SOURCE = Path(__file__).parent / "nvml_stub" / "nvml_stub.c"
SONAME = "libnvidia-ml.so.1"
GIB = 1 << 30
SECOND_US = 1_000_000
FOREVER_US = 2**62
NO_MEMORY_KNOWN = 2**64 - 1
NO_INSTANCE = -1
OLD_DRIVER = -1  # does not say what has to be done to recover
REVISION, CLOCK = 0, 8  # offsets in the control block
COUNTER = struct.Struct("<56sQ")
COUNTERS = 64
CONTROL_BYTES = 16 + COUNTERS * COUNTER.size

# Answers of a rule that are no error codes of NVML.
HANG = -1  # until the rule is gone
EMPTY = -2  # success, and no entries
GROW = -3  # the list has grown since its size was asked

Kind = Literal["C", "G", "M"]  # compute, graphics, MPS client


def stub_folder() -> Path:
    """Build the stub, once per state of its source, and return the folder it lies in."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"apportion-nvml-stub-{os.getuid()}-{digest}"
    if not (folder / SONAME).exists():
        folder.mkdir(exist_ok=True)
        made = folder / f"{os.getpid()}.so"
        flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        subprocess.run(
            ["gcc", *flags, f"-Wl,-soname,{SONAME}", "-o", str(made), str(SOURCE)], check=True
        )
        made.replace(folder / SONAME)
    return folder


@dataclass(slots=True)
class Process:
    """A context on a GPU, from one instant until another."""

    pid: int
    kind: Kind
    memory_bytes: int | None
    instance: "Instance | None"
    from_us: int
    until_us: int = FOREVER_US


@dataclass(slots=True)
class Work:
    """A share of a GPU that a process kept busy, from one instant until another."""

    pid: int
    percent: float
    instance: "Instance | None"
    from_us: int
    until_us: int = FOREVER_US


@dataclass(slots=True)
class Rule:
    """What a function answers on cue. Skips `after` calls, then holds for `times`; 0: for ever."""

    function: str  # the C symbol, or * for all
    answer: int
    gpu: "Gpu | None" = None  # None: on any, and where there is none
    after: int = 0
    times: int = 0


@dataclass(frozen=True, slots=True)
class Instance:
    """A MIG device: an instance of its GPU."""

    slot: int
    uuid: str
    profile: str
    gi: int
    ci: int
    slices: int
    memory_mb: int


@dataclass(slots=True)
class Gpu:
    """One GPU of the node. Change it by its methods: they tell the stub."""

    node: "Node"
    number: int
    uuid: str
    name: str
    memory_bytes: int
    max_instances: int = 0  # 0: cannot be cut
    has_gpm: bool = False
    is_mig: bool = False
    instances: tuple[Instance, ...] = ()
    processes: list[Process] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    rows: list[tuple[int, int, int]] = field(default_factory=list)
    base_mj: int = 1_000_000
    milliwatts: int = 100_000
    energy_from_us: int = 0
    clock_reasons: int = 0
    recovery: int = OLD_DRIVER
    cuts: int = 0

    def start(
        self,
        pid: int,
        memory_bytes: int | None = GIB,
        *,
        kind: Kind = "C",
        instance: Instance | None = None,
    ) -> None:
        """Give a process a context, from now on. Null memory: the driver does not tell."""
        self.processes.append(Process(pid, kind, memory_bytes, instance, self.node.now_us))
        self.node.write()

    def work(
        self,
        pid: int,
        percent: float,
        *,
        for_s: float | None = None,
        instance: Instance | None = None,
    ) -> None:
        """Let a process keep a share of the SMs busy, from now on, in place of what it did."""
        now = self.node.now_us
        self._end(self.works, pid)
        until = FOREVER_US if for_s is None else now + round(for_s * SECOND_US)
        self.works.append(Work(pid, percent, instance, now, until))
        self.node.write()

    def stop(self, pid: int) -> None:
        """End a process and its work now."""
        self._end(self.processes, pid)
        self._end(self.works, pid)
        self.node.write()

    def _end(self, spans: Sequence[Process] | Sequence[Work], pid: int) -> None:
        for span in spans:
            if span.pid == pid:
                span.until_us = min(span.until_us, self.node.now_us)

    def add_row(self, pid: int, percent: int, at_us: int) -> None:
        """Put a row, sensible or not, into every answer about processes' utilisation."""
        self.rows.append((pid, percent, at_us))
        self.node.write()

    def draw(self, watts: float) -> None:
        """Draw this power from now on."""
        self.reset_energy(self.energy_mj, watts)

    def reset_energy(self, to_mj: int = 0, watts: float | None = None) -> None:
        """Set the energy counter, as a driver reload or a reset of the GPU does."""
        self.base_mj = to_mj
        self.milliwatts = self.milliwatts if watts is None else round(watts * 1000)
        self.energy_from_us = self.node.now_us
        self.node.write()

    @property
    def energy_mj(self) -> int:
        """What the energy counter stands at now."""
        for_us = self.node.now_us - self.energy_from_us
        return self.base_mj + self.milliwatts * (for_us // 1000) // 1000

    def slow_down(self, reasons: int) -> None:
        """Set the bit mask of what holds the clocks down."""
        self.clock_reasons = reasons
        self.node.write()

    def need(self, recovery: int) -> None:
        """Set what the driver says has to be done to recover; OLD_DRIVER: it does not say."""
        self.recovery = recovery
        self.node.write()

    def raise_xid(self, code: int, instance: Instance | None = None) -> None:
        """Report an Xid to whoever listens."""
        gi = NO_INSTANCE if instance is None else instance.gi
        self.node.xids.append((len(self.node.xids) + 1, self.number, code, gi))
        self.node.write()

    def answer(self, function: str, answer: int, *, after: int = 0, times: int = 0) -> Rule:
        """Let a function answer an error code, HANG, EMPTY or GROW on this GPU."""
        return self.node.answer(function, answer, gpu=self, after=after, times=times)

    def lose(self, code: int = 15) -> Rule:
        """Answer everything about this GPU with one error: NVML_ERROR_GPU_IS_LOST."""
        return self.answer("*", code)

    def cut(self, *profiles: tuple[str, int, int]) -> tuple[Instance, ...]:
        """Cut into MIG devices, each a (profile, slices, MiB). UUIDs are new every time."""
        self.cuts += 1
        self.is_mig = True
        self.instances = tuple(
            Instance(
                slot=slot,
                uuid=f"MIG-{self.number:08d}-{self.cuts:04d}-{slot:04d}",
                profile=profile,
                gi=slot + 1,
                ci=0,
                slices=slices,
                memory_mb=memory_mb,
            )
            for slot, (profile, slices, memory_mb) in enumerate(profiles)
        )
        self.node.write()
        return self.instances

    def place(self, *instances: Instance) -> None:
        """Cut into just these MIG devices; their slots need not be next to each other."""
        self.is_mig = True
        self.instances = instances
        self.node.write()

    def mend(self) -> None:
        """Switch MIG off."""
        self.is_mig = False
        self.instances = ()
        self.node.write()

    def lines(self) -> list[str]:
        """Return what the stub reads about this GPU."""
        mig = int(self.is_mig)
        memory_mb = self.memory_bytes >> 20
        return [
            (
                f"device {self.number} {self.uuid} {self.memory_bytes} {mig} {mig} "
                f"{self.max_instances} {self.max_instances} {memory_mb} "
                f"{int(self.has_gpm)} {self.name}"
            ),
            *(
                f"mig {self.number} {i.slot} {i.uuid} {i.gi} {i.ci} {i.slices} {i.slices} "
                f"{i.memory_mb} {self.name} MIG {i.profile}"
                for i in self.instances
            ),
            *(
                f"process {self.number} {p.kind} {p.pid} "
                f"{NO_MEMORY_KNOWN if p.memory_bytes is None else p.memory_bytes} "
                f"{gi_ci(p.instance)} {p.from_us} {p.until_us}"
                for p in self.processes
            ),
            *(
                f"work {self.number} {w.pid} {gi_ci(w.instance).split()[0]} {w.percent} "
                f"{w.from_us} {w.until_us}"
                for w in self.works
            ),
            *(f"row {self.number} {pid} {percent} {at}" for pid, percent, at in self.rows),
            f"energy {self.number} {self.base_mj} {self.milliwatts} {self.energy_from_us}",
            f"state {self.number} {self.clock_reasons} {self.recovery}",
        ]


def gi_ci(instance: Instance | None) -> str:
    """Return the ids of the GPU instance and compute instance; -1 outside of MIG."""
    return "-1 -1" if instance is None else f"{instance.gi} {instance.ci}"


class Node:
    """A made-up node. `folder` keeps its scenario; one node, one folder."""

    def __init__(self, folder: Path, *, clock_us: int | None = None) -> None:
        self.scenario = folder / "nvml-scenario.txt"
        control = folder / "nvml-scenario.txt.control"
        control.write_bytes(bytes(CONTROL_BYTES))
        with control.open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), CONTROL_BYTES)
        self.gpus: list[Gpu] = []
        self.rules: list[Rule] = []
        self.xids: list[tuple[int, int, int, int]] = []
        self.driver_version = "580.65.06"
        self.driver_generation = 1
        self.period_us = 200_000  # between two samples of utilisation
        self.ring_samples = 100
        self._numbers = 0
        if clock_us is not None:
            self.set_clock(clock_us)
        self.write()

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to find this node behind the real pynvml."""
        return {"LD_LIBRARY_PATH": str(stub_folder()), "NVML_STUB_SCENARIO": str(self.scenario)}

    @property
    def now_us(self) -> int:
        """The wall clock of the node."""
        clock: int = struct.unpack_from("<Q", self._control, CLOCK)[0]
        return clock or time.time_ns() // 1000

    def set_clock(self, now_us: int) -> None:
        """Stop the stub's clock at an instant. 0: let it be the real one again."""
        struct.pack_into("<Q", self._control, CLOCK, now_us)

    def advance(self, seconds: float) -> None:
        """Move the stopped clock on."""
        self.set_clock(self.now_us + round(seconds * SECOND_US))

    def calls(self) -> dict[str, int]:
        """Return how often each C function was called, by all processes."""
        counters = (
            COUNTER.unpack_from(self._control, 16 + i * COUNTER.size) for i in range(COUNTERS)
        )
        return {name.rstrip(b"\0").decode(): n for name, n in counters if n}

    def add_gpu(
        self,
        name: str = "NVIDIA H100 80GB HBM3",
        *,
        memory_bytes: int = 80 * GIB,
        max_instances: int = 0,
        has_gpm: bool = False,
    ) -> Gpu:
        """Plug a GPU in. `max_instances` is how many slices MIG can cut it into; 0: none."""
        number = self._numbers
        self._numbers += 1
        gpu = Gpu(
            node=self,
            number=number,
            uuid=f"GPU-{number:08d}-0000-0000-0000-000000000000",
            name=name,
            memory_bytes=memory_bytes,
            max_instances=max_instances,
            has_gpm=has_gpm,
            energy_from_us=self.now_us,
        )
        self.gpus.append(gpu)
        self.write()
        return gpu

    def unplug(self, gpu: Gpu) -> None:
        """Take a GPU out of the enumeration. `plug` brings it back, at the end."""
        self.gpus.remove(gpu)
        self.write()

    def plug(self, gpu: Gpu) -> None:
        """Bring an unplugged GPU back."""
        self.gpus.append(gpu)
        self.write()

    def answer(
        self, function: str, answer: int, *, gpu: Gpu | None = None, after: int = 0, times: int = 0
    ) -> Rule:
        """Let a function answer an error code, HANG, EMPTY or GROW. The first that fits holds."""
        rule = Rule(function, answer, gpu, after, times)
        self.rules.append(rule)
        self.write()
        return rule

    def forget(self, rule: Rule) -> None:
        """Take a rule back; a call that hangs by it goes on."""
        self.rules.remove(rule)
        self.write()

    def reload_driver(self, version: str | None = None) -> None:
        """Unload and load the driver: handles are void, counters begin anew."""
        self.driver_generation += 1
        self.driver_version = version or self.driver_version
        for gpu in self.gpus:
            gpu.reset_energy()
        self.write()

    def write(self) -> None:
        """Tell the stub everything."""
        text = "\n".join(
            [
                f"driver {self.driver_version} {self.driver_generation}",
                f"ring {self.period_us} {self.ring_samples}",
                *(line for gpu in self.gpus for line in gpu.lines()),
                *(f"xid {id_} {number} {code} {gi}" for id_, number, code, gi in self.xids),
                *(
                    f"rule {r.function} {-1 if r.gpu is None else r.gpu.number} {r.answer} "
                    f"{r.after} {r.times}"
                    for r in self.rules
                ),
            ]
        )
        aside = self.scenario.with_suffix(".new")
        aside.write_text(text + "\n", encoding="ascii")
        aside.replace(self.scenario)
        revision: int = struct.unpack_from("<Q", self._control, REVISION)[0]
        struct.pack_into("<Q", self._control, REVISION, revision + 1)
