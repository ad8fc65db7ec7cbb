"""What NVML really answers on this machine: `python -m tests.gpu_check FOLDER`. Takes a minute.

Runs known work on the first GPU (nothing, one process, two, one of them killed, work in parts) and
writes every answer to FOLDER/ticks.jsonl, what follows from them to FOLDER/findings.json. Needs a
GPU with nothing else on it. With --without-work only listens.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pynvml

from agents.gpu.nvml import library as nvml
from agents.gpu.nvml.calls import ask
from agents.gpu.nvml.library import Handle
from tests.gpu_check.findings import findings
from tests.gpu_check.recording import Recorder, Tick

LOAD = [sys.executable, "-m", "tests.gpu_check.load"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--without-work", action="store_true")
    parser.add_argument("--tick-s", type=float, default=1.0)
    parser.add_argument("--ticks", type=int, default=8, help="of each step")
    options = parser.parse_args()
    nvml.open_session()
    handle = nvml.device_at(0)
    told = {"model": nvml.name(handle), "driver": nvml.driver_version()}
    recorder = Recorder(handle, power_mw)
    story = listen("idle") if options.without_work else work()
    ticks = []
    for step in story:
        for _ in range(options.ticks):
            time.sleep(options.tick_s)
            ticks.append(recorder.tick(step))
    nvml.close_session()
    write(options.folder, ticks, told | findings(ticks))


def power_mw(handle: Handle) -> int:
    return int(ask(pynvml.nvmlDeviceGetPowerUsage, handle))


def listen(step: str) -> Iterator[str]:
    yield step


def work() -> Iterator[str]:
    """Yield the name of each step while its work is running."""
    yield "idle"
    with spinning(50) as first:
        yield "one spins"
        with spinning(50):
            yield "two spin"
            first.kill()
            yield "one was killed"
    with spinning(30, 70):
        yield "busy for 30 of 100 ms"
    yield "idle again"


@contextmanager
def spinning(busy_ms: int, idle_ms: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([*LOAD, str(busy_ms), str(idle_ms)], stdout=subprocess.PIPE)
    try:
        if child.stdout is None or child.stdout.readline() != b"ready\n":
            raise SystemExit(
                "expected CUDA work to start on the first GPU; see what it wrote above"
            )
        yield child
    finally:
        child.kill()
        child.wait()


def write(folder: Path, ticks: list[Tick], facts: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "ticks.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(tick.as_json()) + "\n" for tick in ticks)
    text = json.dumps(facts, indent=2)
    (folder / "findings.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
