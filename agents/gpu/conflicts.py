"""Where the evidence does not agree: two have one device whole, or others work on it. Pure.

Some shared device plug-ins hand out slots that are not on the card they name, a job may be left
over in Slurm's directory, a privileged pod may use a GPU that nobody gave it.
"""

from collections.abc import Iterator, Mapping, Sequence

from agents.gpu.observed import Allocation, DeviceSeen, Owner, ProcessSeen


def conflicts(
    devices: Sequence[DeviceSeen],
    allocations: Sequence[Allocation],
    replicas: Mapping[str, int],
    owners: Mapping[int, Owner | None],
) -> frozenset[str]:
    """Return the UUIDs of GPUs of which allocations and processes say different things."""
    works: dict[str, set[tuple[str, ...]]] = {}
    for each in allocations:
        works.setdefault(each.device, set()).add(each.owner.work)
    twice = {uuid for uuid, several in works.items() if len(several) > 1 and uuid not in replicas}
    return frozenset(
        device.uuid
        for device in devices
        if twice & {*parts(device)} or any(strangers(device, works, owners))
    )


def parts(device: DeviceSeen) -> Iterator[str]:
    """Yield the UUIDs under which a GPU, or a part of it, may be handed out."""
    yield device.uuid
    yield from (each.uuid for each in (device.mig.instances if device.mig else ()))


def strangers(
    device: DeviceSeen,
    works: Mapping[str, set[tuple[str, ...]]],
    owners: Mapping[int, Owner | None],
) -> Iterator[ProcessSeen]:
    """Yield processes on a GPU of works that it was not given to.

    Whose a process is may not be known, or not by the name that allocators have: no conflict.
    """
    for process in device.processes or ():
        owner = owners.get(process.pid)
        if owner is None or owner.work[:1] in {(), ("pod_uid",)}:
            continue
        places = parts(device) if process.instance is None else (device.uuid, process.instance)
        if not any(owner.work in works.get(place, ()) for place in places):
            yield process
