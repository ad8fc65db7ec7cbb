"""The pod-resources API as a real gRPC server speaks it, and a kubelet that is slow or away."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import pytest

from agents.errors import KubeletSilent
from agents.gpu.kubelet import KEPT_US, RETRY_US, Handed, Held, Kubelet
from agents.gpu.processes import SECOND_US
from agents.gpu.unary_call import call, exchange
from tests.builders.proc import Clock
from tests.servers import kubelet
from tests.servers.kubelet import KubeletSays

pytestmark = pytest.mark.integration

RETRY_S, KEPT_S = RETRY_US / SECOND_US, KEPT_US / SECOND_US
LIST = "/v1.PodResourcesLister/List"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "k.sock"


@pytest.fixture
def says(path: Path) -> Iterator[KubeletSays]:
    answers = KubeletSays()
    with kubelet.running(path, answers):
        yield answers


def test_what_is_handed_out_is_read(path: Path, says: KubeletSays) -> None:
    says.hold("ml", "train-0", ["GPU-1", "GPU-2"])
    says.hold("ml", "web", ["0", "1"], resource="example.com/fpga")
    says.hold("ml", "mig", ["MIG-7"], resource="nvidia.com/mig-1g.10gb", container="c")
    says.allocatable = ["GPU-1", "GPU-2", "GPU-3"]
    assert Kubelet(Clock(), path).ask().handed == Handed(
        (Held("ml", "mig", "c", ("MIG-7",)), Held("ml", "train-0", "main", ("GPU-1", "GPU-2"))),
        ("GPU-1", "GPU-2", "GPU-3"),
    )


def test_claims_of_gpus_are_seen_others_are_not(path: Path, says: KubeletSays) -> None:
    gpu = {"driver_name": "gpu.nvidia.com", "pool_name": "node-1", "device_name": "gpu-0"}
    nic = {"driver_name": "nic.example.com", "pool_name": "node-1", "device_name": "eth"}
    says.hold("ml", "dra", [], claims=[gpu, nic])
    says.hold("ml", "net", [], claims=[nic])
    old, other = "k8s.gpu.nvidia.com/claim=7-gpu-0", "k8s.nic.example.com/claim=7"
    says.hold("ml", "old", [], claims=[{"cdi_devices": [{"name": old}, {"name": other}]}])
    answer = Kubelet(Clock(), path).ask().handed
    assert answer is not None
    assert answer.held == (
        Held("ml", "dra", "main", (), ("gpu.nvidia.com/node-1/gpu-0",)),
        Held("ml", "old", "main", (), (old,)),
    )


def test_an_answer_larger_than_the_first_window_of_http2_is_read(
    path: Path, says: KubeletSays
) -> None:
    for number in range(5_000):
        says.hold("a-namespace-with-a-long-name", f"pod-{number}", [f"GPU-{number:036}"])
    answer = Kubelet(Clock(), path).ask().handed
    assert answer is not None
    assert len(answer.held) == 5_000
    assert {each.pod: each.device_ids for each in answer.held}["pod-4999"] == (f"GPU-{4_999:036}",)


def test_a_kubelet_that_refuses_to_list_all_devices_is_still_asked_who_has_them(
    path: Path, says: KubeletSays
) -> None:
    says.allocatable = None
    says.hold("ml", "train-0", ["GPU-1"])
    answer = Kubelet(Clock(), path).ask()
    assert answer.handed == Handed((Held("ml", "train-0", "main", ("GPU-1",)),), None)
    assert answer.fault is None


def test_what_was_said_last_holds_while_the_kubelet_is_away_but_not_for_ever(path: Path) -> None:
    clock = Clock()
    asked = Kubelet(clock, path)
    says = KubeletSays()
    says.hold("ml", "train-0", ["GPU-1"])
    with kubelet.running(path, says):
        before = asked.ask()
    clock.later(KEPT_S)
    away = asked.ask()
    assert away.handed == before.handed
    assert away.fault is not None
    clock.later(1)
    assert asked.ask().handed is None
    with kubelet.running(path, says):
        clock.later(RETRY_S)
        assert asked.ask() == before


def test_a_kubelet_that_was_never_there_has_said_nothing(path: Path) -> None:
    answer = Kubelet(Clock(), path).ask()
    assert answer.handed is None
    assert "k.sock" in (answer.fault or "")


def test_after_a_failure_the_kubelet_is_left_alone_for_a_while(
    path: Path, says: KubeletSays
) -> None:
    clock = Clock()
    asked = Kubelet(clock, path)
    says.status = grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "got 8 (HTTP 200): rejected by rate limit" in (asked.ask().fault or "")
    clock.later(RETRY_S - 0.001)
    asked.ask()
    assert says.lists == 1
    clock.later(0.001)
    says.status = None
    assert asked.ask().fault is None


def test_what_may_be_handed_out_is_asked_for_once_a_minute(path: Path, says: KubeletSays) -> None:
    clock = Clock()
    asked = Kubelet(clock, path)
    for _ in range(120):
        asked.ask()
        clock.later(1)
    assert (says.lists, says.allocatables) == (120, 2)


def test_while_nothing_changes_the_kubelet_is_asked_every_few_seconds(
    path: Path, says: KubeletSays
) -> None:
    clock = Clock()
    asked = Kubelet(clock, path)
    for _ in range(11):
        asked.ask(is_quiet=True)
        clock.later(1)
    assert says.lists == 3
    says.hold("ml", "train-0", ["GPU-1"])
    answer = asked.ask(is_quiet=False).handed
    assert answer is not None
    assert answer.held


def test_the_order_of_an_answer_means_nothing(path: Path, says: KubeletSays) -> None:
    for name in ("a", "b"):
        says.hold("ml", name, ["GPU-2", "GPU-1"])
    before = Kubelet(Clock(), path).ask()
    says.pods.clear()
    for name in ("b", "a"):
        says.hold("ml", name, ["GPU-1", "GPU-2"])
    assert Kubelet(Clock(), path).ask() == before


def test_a_server_that_only_keeps_talking_is_given_up_on_too() -> None:
    ours, theirs = socket.socketpair()
    ping = b"\0\0\x08\x06\0\0\0\0\0" + b"12345678"

    def talk() -> None:
        theirs.sendall(b"\0\0\0\4\0\0\0\0\0")
        with suppress(BrokenPipeError):  # the caller has given up
            while theirs.recv(65_536):
                theirs.sendall(ping)

    with ours, theirs:
        talking = threading.Thread(target=talk)
        talking.start()
        with pytest.raises(TimeoutError):
            exchange(ours, LIST, b"", time.monotonic() + 0.2)
        ours.shutdown(socket.SHUT_RDWR)
        talking.join()


def test_a_kubelet_that_hangs_is_given_up_on_within_the_time_out(
    path: Path, says: KubeletSays
) -> None:
    until = threading.Event()
    says.before = lambda: until.wait(10)
    with pytest.raises(KubeletSilent, match=r"no answer in 0\.2 s"):
        call(path, LIST, b"", 0.2)
    until.set()


def test_a_call_that_is_not_known_is_refused_in_words(path: Path, says: KubeletSays) -> None:
    with pytest.raises(KubeletSilent, match="gRPC status 0, got 12"):
        call(path, "/v1.PodResourcesLister/Nothing", b"", 1)
    assert says.lists == 0


@pytest.mark.parametrize(
    ("sent", "words"),
    [(b"", "end of the connection"), (b"HTTP/1.1 400 Bad Request\r\n\r\n", "FrameTooLarge|Error")],
)
def test_who_speaks_no_grpc_is_no_kubelet(path: Path, sent: bytes, words: str) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        other = threading.Thread(target=answer_once, args=(listening, sent))
        other.start()
        with pytest.raises(KubeletSilent, match=words):
            call(path, LIST, b"", 1)
        other.join()


def answer_once(listening: socket.socket, sent: bytes) -> None:
    accepted, _ = listening.accept()
    with accepted:
        accepted.recv(65_536)
        accepted.sendall(sent)
