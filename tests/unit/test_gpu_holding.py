"""What who holds a device depends on: a change of any of it has the holders found anew."""

from dataclasses import replace

import pytest

from agents.gpu.observed import Allotment, DeviceSeen, MigLayout
from agents.gpu.sampler import Look
from agents.gpu.sampler.holding import grounds, hold
from tests.gpu_looks import (
    LOST,
    ByNamespace,
    Clocks,
    active,
    allotted,
    given,
    gpu,
    mig,
    pod,
    process,
    seen_pod,
)

DEVICE = gpu(processes=(process(7, 10),), memory_bytes=100)
LOOK = Look(
    at=Clocks().now(),
    devices=(),
    allotment=allotted(given(pod("a"))),
    owners={7: seen_pod("a")},
    rules=ByNamespace(),
)


@pytest.mark.parametrize(
    ("device", "look"),
    [
        (replace(DEVICE, standing=LOST), LOOK),
        (replace(DEVICE, flags=frozenset({"hw_slowdown"})), LOOK),
        (replace(DEVICE, memory_bytes=50), LOOK),
        (replace(DEVICE, is_mps=True), LOOK),
        (replace(DEVICE, processes=(process(7, 20),)), LOOK),
        (replace(DEVICE, processes=(process(7, 10), process(8))), LOOK),
        (replace(DEVICE, processes=None), LOOK),
        (replace(DEVICE, mig=mig(("MIG-0", 3, 4))), LOOK),
        (DEVICE, replace(LOOK, allotment=allotted(given(pod("b"))))),
        (DEVICE, replace(LOOK, allotment=allotted())),
        (DEVICE, replace(LOOK, allotment=Allotment())),
        (DEVICE, replace(LOOK, allotment=allotted(given(pod("a")), replicas={"GPU-0": 2}))),
        (DEVICE, replace(LOOK, allotment=allotted(given(pod("a")), is_drained=True))),
        (DEVICE, replace(LOOK, allotment=allotted(given(pod("a")), is_known=False))),
        (DEVICE, replace(LOOK, allotment=allotted(given(pod("a")), conflicts={"GPU-0"}))),
        (DEVICE, replace(LOOK, allotment=allotted(given(pod("a")), flags=frozenset({"x"})))),
        (DEVICE, replace(LOOK, owners={7: seen_pod("b")})),
        (DEVICE, replace(LOOK, owners={})),
    ],
)
def test_whatever_changes_who_holds_is_asked_about(device: DeviceSeen, look: Look) -> None:
    assert hold(device, look, "dominant") != hold(DEVICE, LOOK, "dominant")
    assert grounds(device, look) != grounds(DEVICE, LOOK)


@pytest.mark.parametrize(
    "cut",
    [
        mig(("MIG-1", 3, 4)),
        mig(("MIG-0", 5, 4)),
        mig(("MIG-0", 3, 5)),
        mig(("MIG-0", 3, 4), memory=9),
    ],
)
def test_another_cut_of_a_gpu_is_asked_about(cut: MigLayout) -> None:
    before = replace(DEVICE, mig=mig(("MIG-0", 3, 4)))
    look = replace(LOOK, allotment=allotted())
    after = replace(before, mig=cut)
    assert hold(after, look, "reserved") != hold(before, look, "reserved")
    assert grounds(after, look) != grounds(before, look)


def test_what_is_free_may_be_held_while_something_has_no_name() -> None:
    whole, partly = (replace(LOOK, allotment=allotted(is_whole=each)) for each in (True, False))
    empty = replace(DEVICE, processes=())
    assert hold(empty, whole, "reserved") != hold(empty, partly, "reserved")
    assert grounds(empty, whole) != grounds(empty, partly)


def test_what_becomes_of_other_devices_is_not_asked_about() -> None:
    other = allotted(*(LOOK.allotment.allocations or ()), given(pod("b"), "GPU-1"))
    look = replace(LOOK, allotment=other, owners={**LOOK.owners, 8: None})
    assert grounds(DEVICE, look) == grounds(DEVICE, LOOK)


def test_what_a_device_does_changes_nothing_about_who_holds_it() -> None:
    worked = mig(("MIG-0", 3, 4))
    idle = replace(worked, instances=tuple(replace(i, active_us=0) for i in worked.instances))
    busy = replace(DEVICE, mig=worked, activity=active(5, {7: 5}), energy_mj=7, xids=(13,))
    assert grounds(busy, LOOK) == grounds(replace(DEVICE, mig=idle), LOOK)
