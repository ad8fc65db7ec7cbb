"""What the agent tells of a node is what the schema, metering and the archive take, all of it."""

from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from agents.gpu.observed import Allotment, DeviceSeen, Owner
from clickhouse.usage_rows import Attributed, Position, UsageBatch, Versions, usage_rows
from schemas.codec import Codec
from schemas.decimals import from_bytes
from streams.core.metering import LATEST_US, meter_batch
from tests.archived_events import usage_event
from tests.builders.drawing import ORIGIN
from tests.builders.terms import book, gpu_price, rules
from tests.builders.usage import batch
from tests.gpu_looks import (
    LOST,
    UNREADABLE,
    FakeNode,
    active,
    allotted,
    given,
    gpu,
    mig,
    pod,
    process,
    seen_pod,
)

WATCHED_S, DOWN_S = 65, 40
VERSIONS = Versions("b", "c", "USD")


@dataclass(frozen=True)
class Scene:
    """A device, and who holds it."""

    device: DeviceSeen
    allotment: Allotment
    owners: dict[int, Owner | None]


SCENES = {
    "allocated": Scene(
        gpu(processes=(process(7),), activity=active(400_000, {7: 400_000}), energy_mj=5),
        allotted(given(pod("acme"))),
        {7: seen_pod("acme")},
    ),
    "without a process": Scene(gpu(activity=active(0, {})), allotted(given(pod("acme"))), {}),
    "cut": Scene(
        gpu(mig=mig(("MIG-1", 3, 4), ("MIG-2", 2, 2)), processes=()),
        allotted(given(pod("acme"), "MIG-1")),
        {},
    ),
    "replicas": Scene(
        gpu(processes=(process(7), process(8))),
        allotted(
            given(pod("acme")), given(pod("globex", "pod-2"), replicas=2), replicas={"GPU-0": 4}
        ),
        {7: seen_pod("acme"), 8: seen_pod("globex", "pod-2")},
    ),
    "nobody's allocator": Scene(
        gpu(processes=(process(7, None), process(8))),
        Allotment(),
        {7: Owner({"uid": "1000"}, evidence=("uid",)), 8: None},
    ),
    "drained": Scene(gpu(), replace(allotted(), is_drained=True), {}),
    "lost": Scene(gpu(standing=LOST), allotted(), {}),
    "unreadable": Scene(gpu(standing=UNREADABLE, processes=None), allotted(), {}),
}


def told(scene: Scene) -> list[dict[str, Any]]:
    """Return a life of an agent as readers have it: it looks, is down for a while, looks again."""
    node = FakeNode(devices=(scene.device,), allotment=scene.allotment, owners=scene.owners)
    node.watch(5)
    node.clocks.go(1)
    if scene.device.energy_mj is not None:
        node.devices = (replace(scene.device, energy_mj=scene.device.energy_mj + 700_000),)
    node.watch(WATCHED_S - 6)
    node.clocks.go(DOWN_S)
    node.watch(WATCHED_S)
    codec = Codec()
    payload = codec.encode("GpuUsageBatch", batch(*node.finish(), source="node-1"))
    _, decoded = codec.decode(payload)
    assert decoded["events"] == node.kept
    return cast("list[dict[str, Any]]", decoded["events"])


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_every_interval_is_metered_and_none_of_its_time_is_lost(scene: Scene) -> None:
    under = rules(book(gpu_price("2", model="NVIDIA H100")))
    metered = meter_batch("GpuUsageBatch", batch(*told(scene)), ORIGIN, under, LATEST_US)
    assert metered.rejected == []
    meters = [meter for each in metered.partials for one in each["sums"] for meter in one["meters"]]
    assert sum(from_bytes(each["quantity"]) for each in meters) == (
        (2 * WATCHED_S + DOWN_S) * 1_000_000
    )
    assert all(each["amount"] for each in meters), "all of it has a price"
    unseen = sum(
        from_bytes(each["quantity"]) for each in meters if each["name"] == "gpu.unobserved"
    )
    assert unseen >= DOWN_S * 1_000_000


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_everything_it_tells_is_archived(scene: Scene) -> None:
    events = told(scene)
    given_batch = cast("UsageBatch", batch(*events))
    attributed = [Attributed("h100", None, 1)] * len(events)
    position = Position("usage.gpu.v1", 0, 0)
    _, rows = usage_rows("GpuUsageBatch", given_batch, attributed, position, VERSIONS)
    archived = [
        usage_event(dict(zip(rows.names, values, strict=True)))
        for values in zip(*rows.columns, strict=True)
    ]
    assert archived == events


def test_the_scenes_tell_of_everything_that_the_schema_has() -> None:
    """Each field is more than null or nothing somewhere, but for what a scene cannot have."""
    events = [event for scene in SCENES.values() for event in told(scene)]
    holders = [holder for event in events for holder in event["holders"]]
    silent = {name for name in events[0] if not any(event[name] for event in events)}
    assert silent == {"purchase_option"}
    assert {name for name in holders[0] if not any(each[name] for each in holders)} == {
        "project",
        "endpoint",
        "job",
    }
