"""Who a GPU is that answers nothing but an error since the agent came: it has no UUID then. Pure.

It is taken for one that was told of before and is not to be seen now, the last one told of first,
and flagged so. Else the time of one GPU would be told under two names: it comes back by its own.
"""

from collections.abc import Callable
from dataclasses import replace

from agents.gpu.observed import NAMELESS, DeviceSeen

ASSUMED = "identity_assumed"


class Absent:
    """The GPUs of one node that are not seen by their names."""

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}  # the name of one that is gone, by what it is called now

    def named(
        self, devices: tuple[DeviceSeen, ...], told: Callable[[], list[str]]
    ) -> tuple[DeviceSeen, ...]:
        """Return the devices by their names. `told`: all ever told of, the latest last."""
        nameless = [each.uuid for each in devices if each.uuid.startswith(NAMELESS)]
        if not nameless:
            self._taken = {}
            return devices
        called = {each.uuid for each in devices}
        self._taken = {
            uuid: name
            for uuid, name in self._taken.items()
            if uuid in called and name not in called
        }
        taken = called | {*self._taken.values()}
        free = [name for name in told() if name not in taken and not name.startswith(NAMELESS)]
        for uuid in nameless:
            if uuid not in self._taken and free:
                self._taken[uuid] = free.pop()
        return tuple(self._by_name(each) for each in devices)

    def _by_name(self, device: DeviceSeen) -> DeviceSeen:
        name = self._taken.get(device.uuid)
        if name is None:
            return device
        return replace(device, uuid=name, flags=device.flags | {ASSUMED})
