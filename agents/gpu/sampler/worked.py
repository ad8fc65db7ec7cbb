"""What the holders of a place worked between two looks, by the driver's samples. Pure.

None stands for "nobody can tell", and is never taken for idle: who pays for idle time may depend on
it, and a holder is not called wasteful without evidence. Having no process at either look is some.
"""

from collections.abc import Mapping

from agents.gpu.observed import DeviceSeen
from agents.gpu.sampler.holding import HeldPlace


def worked(held: HeldPlace, after: DeviceSeen) -> list[int | None]:
    """Return the time that each holder worked, by the look at the end of the stretch.

    Of a whole GPU in its time; of a MIG device in that of the device.
    """
    did = _measured(held, after)
    if None not in did or _may_have_begun(held, after):
        return did
    return [
        0 if worked_us is None and one.has_context is False else worked_us
        for one, worked_us in zip(held.holds, did, strict=True)
    ]


def _may_have_begun(held: HeldPlace, after: DeviceSeen) -> bool:
    """Tell whether there is a process at the end that was not there at the beginning."""
    if after.processes is None:
        return True
    inside = held.place.instance
    before = {one.pid for one in held.place.processes or ()}
    return any(
        one.pid not in before for one in after.processes if inside is None or one.instance == inside
    )


def _measured(held: HeldPlace, after: DeviceSeen) -> list[int | None]:
    if held.place.instance is not None:
        return _of_instance(held, after)
    activity = after.activity
    if activity is None:
        return [None] * len(held.holds)
    if len(held.holds) == 1 and not held.has_strangers and activity.device_us is not None:
        return [activity.device_us]
    if activity.sm_us is not None:
        return _by_process(held, activity.sm_us)
    return _alike(held, activity.device_us)


def _of_instance(held: HeldPlace, after: DeviceSeen) -> list[int | None]:
    instances = after.mig.instances if after.mig is not None else ()
    found = [one.active_us for one in instances if one.uuid == held.place.instance]
    return _alike(held, found[0] if found else None)


def _alike(held: HeldPlace, worked_us: int | None) -> list[int | None]:
    """Return the time of a place for its holders: one's own, or the zero that all share."""
    holders = len(held.holds)
    if holders == 1 and not held.has_strangers:
        return [worked_us]
    return [0 if worked_us == 0 else None] * holders


def _by_process(held: HeldPlace, sm_us: Mapping[int, int]) -> list[int | None]:
    """Return the time of each holder's processes; a stranger may belong to one that has none."""
    return [
        None if held.has_strangers and not one.pids else sum(sm_us.get(pid, 0) for pid in one.pids)
        for one in held.holds
    ]
