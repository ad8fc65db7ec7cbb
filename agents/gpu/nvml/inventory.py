"""Which GPUs this node has: what an enumeration shows, and what earlier ones have shown.

A GPU that falls off the bus may answer an error at its index, or make the enumeration shrink.
Either way it is still part of the node, and nobody can use it. One that was never seen well has no
UUID that could be known: it is called `unidentified-<index>`, so that the count of GPUs is right.
"""

from agents.errors import NvmlRefused
from agents.gpu.nvml import library as nvml
from agents.gpu.nvml.device import Device
from agents.gpu.nvml.faults import ABOVE_DEVICES, fault_of, flag_of, standing_of
from agents.gpu.nvml.xids import Xids
from agents.gpu.observed import NAMELESS, DeviceSeen, Instant, Standing

NOT_ENUMERATED = frozenset({"not_enumerated"})


class Inventory:
    """The GPUs of the node in the order of their index, those that are gone last."""

    def __init__(self) -> None:
        self.devices: list[Device] = []
        self.xids = Xids()
        self._missing: dict[str, NvmlRefused | None] = {}  # UUID -> why; None: no trace of it
        self._strangers: list[DeviceSeen] = []  # at an index that answers an error
        self._untold: dict[str, tuple[int, ...]] = {}  # Xids taken for a look that did not end

    @property
    def is_known(self) -> bool:
        """Whether any GPU was ever seen."""
        return bool(self.devices)

    def void(self) -> frozenset[str]:
        """Return the GPUs whose handles named nothing at the last look, by UUID."""
        return frozenset(device.uuid for device in self.devices if device.is_void)

    def renew(self) -> None:
        """Begin with a driver that was just initialised. Raises NvmlRefused."""
        for device in self.devices:
            device.renew()
        self.xids.open()

    def forget_samples(self) -> None:
        """Begin new windows of activity."""
        for device in self.devices:
            device.forget_samples()

    def scan(self) -> None:
        """Enumerate. Raises NvmlRefused when that fails as a whole."""
        known = {device.uuid: device for device in self.devices}
        found: list[Device] = []
        failed: dict[int, NvmlRefused] = {}
        for index in range(nvml.device_count()):
            try:
                handle = nvml.device_at(index)
                uuid = nvml.uuid(handle)
                device = known.get(uuid) or Device(uuid)
                if device.is_lost:
                    self.xids.forget(uuid)
                device.attach(handle, index)
                self.xids.listen(uuid, handle)
                found.append(device)
            except NvmlRefused as refused:
                if fault_of(refused) in ABOVE_DEVICES:
                    raise
                failed[index] = refused
        gone = [device for device in self.devices if device not in found]
        for device in gone:
            self.xids.forget(device.uuid)
        self._missing = _blamed(gone, failed)
        self._strangers = [_stranger(index, refused) for index, refused in failed.items()]
        self.devices = found + gone

    def look(self, now: Instant) -> list[DeviceSeen]:
        """Look at every GPU."""
        for uuid, xids in self.xids.take().items():
            self._untold[uuid] = self._untold.get(uuid, ()) + xids
        seen = [self._look_at(device, now) for device in self.devices]
        return seen + self._strangers

    def look_again(
        self, now: Instant, before: list[DeviceSeen], void: frozenset[str]
    ) -> list[DeviceSeen]:
        """Look, after a scan, at the GPUs that were void and at those that are new."""
        kept = {seen.uuid: seen for seen in before if seen.uuid not in void}
        seen = [kept.get(device.uuid) or self._look_at(device, now) for device in self.devices]
        return seen + self._strangers

    def told(self) -> None:
        """Forget the Xids: a look has told them."""
        self._untold.clear()

    def _look_at(self, device: Device, now: Instant) -> DeviceSeen:
        xids = self._untold.get(device.uuid, ())
        if device.uuid not in self._missing:
            return device.look(now, xids)
        refused = self._missing[device.uuid]
        if refused is None:
            return device.unread(Standing.OUT_OF_SERVICE, NOT_ENUMERATED, xids)
        return device.unread(standing_of(refused), frozenset({flag_of(refused)}), xids)

    def unread(self, standing: Standing, flag: str) -> list[DeviceSeen]:
        """Return every GPU without asking any."""
        known = [device.unread(standing, frozenset({flag})) for device in self.devices]
        return known + self._strangers


def _blamed(gone: list[Device], failed: dict[int, NvmlRefused]) -> dict[str, NvmlRefused | None]:
    """Say for each GPU that is gone which error is its own, and take that from the failed.

    It is the one at its index; when indices have moved, any that no other GPU had.
    """
    blamed = {device.uuid: failed.pop(device.index or 0, None) for device in gone}
    for uuid, refused in blamed.items():
        if refused is None and failed:
            blamed[uuid] = failed.pop(min(failed))
    return blamed


def _stranger(index: int, refused: NvmlRefused) -> DeviceSeen:
    return DeviceSeen(
        uuid=f"{NAMELESS}{index}",
        model="",
        standing=standing_of(refused),
        flags=frozenset({flag_of(refused)}),
        index=index,
    )
