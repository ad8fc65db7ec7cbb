"""`apportion gpu-agent` as a person runs it: --check, --once, doctor."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.kafka import create_topics
from streams.settings import KafkaSettings
from tests.gpu_host import Host

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

WAIT_S = 120.0


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(folder=tmp_path)


def ran(host: Host, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "streams", "gpu-agent", *arguments],
        env={**os.environ, **host.environment, **variables},
        cwd=host.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
    )


def test_check_prints_what_takes_effect_with_secrets_as_stars(host: Host) -> None:
    prefix = "APPORTION_GPU_AGENT_KAFKA__"
    done = ran(
        host,
        "--check",
        "--set",
        "sampling.interval_s=20",
        **{
            f"{prefix}SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            f"{prefix}SASL_MECHANISM": "PLAIN",
            f"{prefix}SASL_USERNAME": "agent",
            f"{prefix}SASL_PASSWORD": "hunter2",
        },
    )
    assert done.returncode == 0, done.stderr
    assert "APPORTION_GPU_AGENT_SAMPLING__INTERVAL_S=20" in done.stdout.splitlines()
    assert f"{prefix}SASL_PASSWORD=**********" in done.stdout.splitlines()
    assert "hunter2" not in done.stdout + done.stderr


def test_settings_that_cannot_hold_are_all_said_and_exit_with_2(host: Host) -> None:
    done = ran(host, "--set", "sampling.interval_s=7", "--set", "outbox.disk_bytes=10")
    assert (done.returncode, done.stdout) == (2, "")
    assert "divisor of 60" in done.stderr
    assert "APPORTION_GPU_AGENT_OUTBOX: expected max_disk_bytes" in done.stderr


def test_once_prints_what_it_would_send_and_keeps_nothing(host: Host) -> None:
    gpu = host.node.add_gpu()
    host.submit("71", "search", "0")
    host.run(gpu, 4001, "71")
    done = ran(host, "--once", "--json")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert {holder["tenant"] for one in told for holder in one["holders"]} == {"search"}
    assert {one["device"] for one in told} == {gpu.uuid}
    assert not (host.folder / "state" / "outbox.db").exists()
    spoken = ran(host, "--once")
    assert "100.0% held" in spoken.stdout
    assert "search" in spoken.stdout


def test_a_node_without_a_driver_exits_with_1_and_says_what_to_do(host: Host) -> None:
    done = ran(host, "--once", LD_LIBRARY_PATH="")
    assert done.returncode == 1
    assert "NVIDIA driver" in done.stderr


def test_doctor_finds_a_node_fit_when_all_that_is_needed_is_there(host: Host, broker: str) -> None:
    create_topics(KafkaSettings(bootstrap=broker))
    host.node.add_gpu()
    host.kafka = broker
    host.submit("71", "search", "0")
    done = ran(host, "doctor", "--json")
    found = {one["what"]: one for one in json.loads(done.stdout)}
    wrong = {what for what, one in found.items() if not one["is_ok"] and one["is_needed"]}
    assert wrong == {"processes"}, "this made-up /proc has no process 1"
    host.proc.start(1, "/init.scope", name="systemd")
    done = ran(host, "doctor")
    assert done.returncode == 0, done.stdout
    assert f"ok    Kafka at {broker}" in done.stdout
    assert "FAIL" not in done.stdout


def test_doctor_says_what_fails_and_what_to_do_about_it(host: Host) -> None:
    host.node.add_gpu().lose()
    done = ran(host, "doctor")
    assert done.returncode == 1
    assert "FAIL  GPU 0" in done.stdout
    assert "reset the GPU" in done.stdout
    assert "FAIL  Kafka at 127.0.0.1:1" in done.stdout
