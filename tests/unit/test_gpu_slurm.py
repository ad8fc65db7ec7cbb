"""The directory that Slurm's prolog writes, and the prolog and epilog that ship."""

import subprocess
from pathlib import Path

import pytest

from agents.gpu.processes import SECOND_US
from agents.gpu.slurm import KEPT_US, SlurmJobs, Written
from tests.builders.proc import Clock


def written(folder: Path) -> Written:
    return SlurmJobs(folder, Clock()).ask()


def test_files_are_devices_and_lines_are_jobs(tmp_path: Path) -> None:
    for name, text in {
        "0": "12\n", "1.5": "13\n\n14\n13\n", "2": "", "MIG-0a-1": "7", "GPU-0a": "x\n8",
        "job-12": "account=a", "0.tmp": "99", "notes": "12", ".lock": "",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    assert written(tmp_path).jobs == {
        "0": ("12",), "1.5": ("13", "14"), "2": (), "MIG-0a-1": ("7",), "GPU-0a": ("8",),
    }  # fmt: skip


def test_what_was_written_last_holds_while_it_cannot_be_read_but_not_for_ever(
    tmp_path: Path,
) -> None:
    folder, clock = tmp_path / "jobs", Clock()
    folder.mkdir()
    (folder / "0").write_text("12")
    slurm = SlurmJobs(folder, clock)
    assert slurm.ask() == Written({"0": ("12",)})
    folder.rename(tmp_path / "away")
    clock.later(KEPT_US / SECOND_US)
    away = slurm.ask()
    assert away.jobs == {"0": ("12",)}
    assert away.fault is not None
    clock.later(1)
    assert slurm.ask().jobs is None


def test_details_are_those_that_were_written(tmp_path: Path) -> None:
    (tmp_path / "job-12").write_text("account=fraud\nuser=ann\npartition=\nexport X\nother=1\n")
    slurm = SlurmJobs(tmp_path, Clock())
    assert slurm.details("12") == {"account": "fraud", "user": "ann"}
    assert slurm.details("13") == {}


@pytest.fixture
def scripts(root: Path) -> Path:
    return root / "deploy/gpu-agent"


def run(script: Path, folder: Path, **environment: str) -> None:
    shell = {"PATH": "/usr/bin:/bin", "APPORTION_SLURM_JOBS": str(folder)}
    subprocess.run(["/bin/bash", str(script)], check=True, env=shell | environment)


def job(number: int, gpus: str) -> dict[str, str]:
    return {
        "SLURM_JOB_ID": str(number),
        "SLURM_JOB_GPUS": gpus,
        "SLURM_JOB_ACCOUNT": "fraud",
        "SLURM_JOB_USER": "ann",
        "SLURM_JOB_PARTITION": "gpu",
    }


def test_the_prolog_writes_and_the_epilog_removes(scripts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    run(scripts / "slurm-prolog.sh", folder, **job(12, "0,1"))
    run(scripts / "slurm-prolog.sh", folder, **job(13, "1"))
    run(scripts / "slurm-prolog.sh", folder, **job(13, "1"))  # Slurm may run it again
    slurm = SlurmJobs(folder, Clock())
    assert slurm.ask().jobs == {"0": ("12",), "1": ("12", "13")}
    assert slurm.details("13") == {"account": "fraud", "user": "ann", "partition": "gpu"}
    run(scripts / "slurm-epilog.sh", folder, **job(12, "0,1"))
    assert slurm.ask().jobs == {"0": (), "1": ("13",)}
    assert slurm.details("12") == {}
    run(scripts / "slurm-epilog.sh", folder, **job(13, "1"))
    assert slurm.ask().jobs == {"0": (), "1": ()}


def test_a_job_without_gpus_is_written_nowhere_and_delays_nothing(
    scripts: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "jobs"
    for name in ("slurm-prolog.sh", "slurm-epilog.sh"):
        run(scripts / name, folder, **job(12, ""))
    assert SlurmJobs(folder, Clock()).ask().jobs == {}


def test_jobs_that_begin_and_end_at_once_lose_nobody(scripts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    begun = [start(scripts / "slurm-prolog.sh", folder, number) for number in range(10, 30)]
    assert [each.wait() for each in begun] == [0] * 20
    ended = [start(scripts / "slurm-epilog.sh", folder, number) for number in range(10, 25)]
    assert [each.wait() for each in ended] == [0] * 15
    jobs = SlurmJobs(folder, Clock()).ask().jobs or {}
    assert {*jobs["0"]} == {str(number) for number in range(25, 30)}


def start(script: Path, folder: Path, number: int) -> "subprocess.Popen[bytes]":
    shell = {"PATH": "/usr/bin:/bin", "APPORTION_SLURM_JOBS": str(folder)}
    return subprocess.Popen(["/bin/bash", str(script)], env=shell | job(number, "0"))
