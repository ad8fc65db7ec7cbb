"""Laws of owners: nobody is named by a path they wrote; whatever is sent, reading goes on."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agents.errors import ApiServerSilent, KubeletSilent
from agents.gpu.api_server import Address, ApiServer, Collection, Object, parsed
from agents.gpu.cgroups import NOWHERE, Place, place_of
from agents.gpu.cluster import cordoned, namespace_of, pod_of
from agents.gpu.device_ids import named, named_by_index
from agents.gpu.kubelet import allocatable_of, held_of
from agents.gpu.reflection import Reflection
from agents.gpu.unary_call import exchange

UID = "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"
ID = "ab" * 32
CALLS = 4  # before the server is away
GROUPS = [
    "kubepods.slice", "kubepods", "burstable", f"pod{UID}", f"kubepods-pod{UID}.slice", "docker",
    ID, f"cri-containerd-{ID}.scope", "slurm", "uid_7", "job_7", "slurmstepd.scope", "system.slice",
    "user.slice", "user-0.slice", "train.service", "containerd.service", "..", "lxc", "a:b:c",
]  # fmt: skip
paths = st.lists(st.sampled_from(GROUPS), max_size=6).map(
    lambda each: "".join(f"/{e}" for e in each)
)
OWN = [  # what somebody may write below
    ("0::/user.slice/user-1001.slice/user@1001.service", Place(user="1001")),
    ("0::/system.slice/mine.service", Place(unit="mine.service")),
    ("0::/system.slice/slurmstepd.scope/job_5/step_0", Place(slurm_job="5")),
    (f"0::/kubepods.slice/kubepods-pod{UID}.slice/cri-containerd-{ID}.scope", Place(UID, (ID,))),
    ("0::/lxc/box", NOWHERE),
    (f"0::/system.slice/docker-{ID}.scope", Place(None, (ID,))),
]


@given(path=paths, own=st.sampled_from(OWN))
def test_nobody_becomes_another_by_groups_they_make(path: str, own: tuple[str, Place]) -> None:
    given_group, mine = own
    found = place_of(given_group + path)
    assert (found.pod_uid, found.slurm_job, found.unit, found.user) == (
        mine.pod_uid, mine.slurm_job, mine.unit, mine.user,
    )  # fmt: skip


@given(text=st.one_of(st.text(), paths.map("0::{}".format)))
def test_any_text_is_a_place_or_none(text: str) -> None:
    place = place_of(text)
    assert place.pod_uid is None or place.user is None


@given(device_id=st.text())
def test_any_device_id_is_a_device_or_none(device_id: str) -> None:
    for found in (named(device_id, ()), named_by_index(device_id, ())):
        assert found is None or found.uuid in device_id


@given(reply=st.binary(max_size=200))
def test_any_message_is_an_answer_or_a_silent_kubelet(reply: bytes) -> None:
    for read in (held_of, allocatable_of):
        try:
            read(reply)
        except KubeletSilent:
            continue


SETTINGS = b"\0\0\0\4\0\0\0\0\0"
frames = st.builds(
    lambda body, kind, flags, stream: (
        len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body
    ),
    st.binary(max_size=40),
    st.integers(0, 10),
    st.sampled_from([0, 1, 4, 5, 8, 0x25]),
    st.sampled_from([0, 1, 2, 3]),
)


@given(sent=st.one_of(st.binary(max_size=200), st.lists(frames, max_size=5).map(b"".join)))
def test_whatever_answers_a_call_is_a_reply_or_a_silent_kubelet(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(SETTINGS + sent)
        theirs.shutdown(socket.SHUT_WR)
        try:
            exchange(ours, "/v1.PodResourcesLister/List", b"", time.monotonic() + 30)
        except KubeletSilent:
            return


class Scripted(ApiServer):
    """An API server that sends what a test says, a few times, and is away after that."""

    def __init__(self, page: Object, events: list[Object], stop: threading.Event) -> None:
        super().__init__(Address("http://127.0.0.1:1"))
        self._said, self._events, self._stop = page, events, stop
        self._calls = 0

    def page(self, of: Collection, limit: int, token: str) -> Object:
        """Return the page."""
        self._count(f"{of.path} {limit} {token}")
        return self._said

    def watch(self, of: Collection, version: str) -> Iterator[Object]:
        """Yield the events."""
        self._count(f"{of.path} {version}")
        yield {}
        yield from self._events

    def _count(self, asked: str) -> None:
        self._calls += 1
        if self._calls > CALLS:
            self._stop.set()
            raise ApiServerSilent(f"{asked}: away")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "uid", "name", "items", "type", "object"]), inner
        )
    ),
    max_leaves=6,
)
meta = st.fixed_dictionaries(
    {},
    optional={
        "uid": st.sampled_from(["u-1", "u-2"]), "name": st.just("a"), "namespace": st.just("ml"),
        "resourceVersion": st.just("7"), "labels": json_values, "annotations": json_values,
    },
)  # fmt: skip
objects = st.fixed_dictionaries(
    {}, optional={"metadata": meta, "status": json_values, "code": st.just(410)}
)
events = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR", "NEW"]),
        "object": objects | json_values,
    },
)
READS: list[Any] = [pod_of, namespace_of, cordoned]


@given(
    page=st.fixed_dictionaries(
        {"metadata": st.just({"resourceVersion": "1"})}, optional={"items": st.lists(objects)}
    )
    | st.dictionaries(st.just("metadata"), json_values),
    sent=st.lists(events, max_size=4),
    read=st.sampled_from(READS),
)
def test_whatever_the_api_sends_the_thread_that_follows_it_goes_on(
    page: Object,
    sent: list[Object],
    read: Any,  # noqa: ANN401 - one of three
) -> None:
    stop = threading.Event()
    copy: Reflection[Any] = Reflection(
        Scripted(page, sent, stop), Collection("/api/v1/pods"), read, pause_s=0
    )
    copy.follow(stop)
    assert copy.was_asked.is_set()
    assert "away" in (copy.fault or "")


@given(text=st.binary(max_size=60) | json_values.map(lambda each: json.dumps(each).encode()))
def test_any_line_is_an_object_or_a_silent_server(text: bytes) -> None:
    try:
        assert isinstance(parsed(text), dict)
    except ApiServerSilent:
        return
