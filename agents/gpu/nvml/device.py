"""One GPU of the node: what it is, and a look at it.

A look always answers. What decides who holds the GPU has to be read, or the look is UNREADABLE;
any other reading that fails is None with a flag. A GPU that is lost stays lost until the next
enumeration finds it well.
"""

from agents.errors import NvmlRefused
from agents.gpu.nvml import gpm, mig, processes
from agents.gpu.nvml import library as nvml
from agents.gpu.nvml.energy import EnergyCounter
from agents.gpu.nvml.faults import ABOVE_DEVICES, Fault, fault_of, flag_of, standing_of
from agents.gpu.nvml.features import Features
from agents.gpu.nvml.fitness import Fitness, Signs
from agents.gpu.nvml.library import Handle
from agents.gpu.nvml.slowdowns import flags_of
from agents.gpu.nvml.utilisation import Utilisation
from agents.gpu.observed import (
    DeviceSeen,
    Instant,
    MigInstance,
    MigLayout,
    ProcessSeen,
    Standing,
)

VOID = frozenset({Fault.VOID_HANDLE, Fault.NOTHING})  # of a call that has to find something


class Device:
    """A GPU by its UUID. Handles come and go; what is counted over time stays here."""

    def __init__(self, uuid: str) -> None:
        self.uuid = uuid
        self.model = ""
        self.index: int | None = None
        self.trouble: NvmlRefused | None = None  # why the last look failed
        self.features = Features()
        self._handle: Handle | None = None
        self._memory_bytes: int | None = None
        self._minor: int | None = None
        self._cut: mig.Cut | None = None
        self._recovery_action: int | None = None
        self._utilisation = Utilisation()
        self._instances = gpm.InstanceActivity()
        self._energy = EnergyCounter()
        self._fitness = Fitness()

    @property
    def is_void(self) -> bool:
        """Whether the last look failed because the handle names nothing any more."""
        return self.trouble is not None and fault_of(self.trouble) in VOID

    @property
    def is_lost(self) -> bool:
        """Whether the GPU is to be left alone until the next enumeration."""
        return self.trouble is not None and fault_of(self.trouble) is Fault.DEVICE_LOST

    def attach(self, handle: Handle, index: int) -> None:
        """Take the handle of an enumeration and read what seldom changes."""
        self._handle, self.index, self.trouble = handle, index, None
        self.features.forget()
        try:
            self.model = nvml.name(handle)
            self._memory_bytes = self.features.ask("memory", nvml.memory_bytes, handle)
            self._minor = self.features.ask("minor", nvml.minor, handle)
            self._cut = None
            self._recut(handle)
            self._ask_recovery(handle)
        except NvmlRefused as refused:
            self.detach(refused)

    def detach(self, refused: NvmlRefused) -> None:
        """Note why the GPU cannot be read. Raises what concerns more than this GPU."""
        if fault_of(refused) in ABOVE_DEVICES:
            raise refused
        self.trouble = refused

    def renew(self) -> None:
        """Forget what came from a driver that is gone: counters begin anew."""
        self._energy.renew()
        self._fitness.forget()
        self._instances.forget()
        self.forget_samples()

    def forget_samples(self) -> None:
        """Begin a new window of activity: the clock that stamps the samples was stepped."""
        self._utilisation.forget()

    def look(self, now: Instant, xids: tuple[int, ...]) -> DeviceSeen:
        """Return what the GPU does now. Raises only what concerns more than this GPU."""
        if self._handle is not None and not self.is_lost:
            try:
                seen = self._read(self._handle, now, xids)
            except NvmlRefused as refused:
                self.detach(refused)
            else:
                self.trouble = None
                return seen
        flags = self.features.take_flags()
        if self.trouble is None:
            return self.unread(Standing.UNREADABLE, flags, xids)
        return self.unread(standing_of(self.trouble), flags | {flag_of(self.trouble)}, xids)

    def unread(
        self, standing: Standing, flags: frozenset[str], xids: tuple[int, ...] = ()
    ) -> DeviceSeen:
        """Return what is known of the GPU without asking it."""
        return DeviceSeen(
            uuid=self.uuid,
            model=self.model,
            standing=standing,
            memory_bytes=self._memory_bytes,
            energy_epoch=self._energy.epoch,
            xids=xids,
            flags=flags,
            index=self.index,
            minor=self._minor,
        )

    def _read(self, handle: Handle, now: Instant, xids: tuple[int, ...]) -> DeviceSeen:
        layout, seen, is_mps = self._who(handle, now)
        activity = None
        if layout is None:
            activity = self._utilisation.read(handle, self.features, now.wall_us)
        if self._fitness.is_suspected or xids:
            self._ask_recovery(handle)
        epoch = self._energy.epoch
        energy_mj = self._energy.read(self.features.ask("energy", nvml.energy_mj, handle))
        signs = Signs(
            xids=xids,
            recovery_action=self._recovery_action,
            pids=frozenset(process.pid for process in seen),
            activity=activity,
            instances_worked=any(i.active_us for i in layout.instances) if layout else False,
            was_reset=self._energy.epoch != epoch,
        )
        is_usable = self._fitness.is_usable(signs)
        reasons = self.features.ask("clocks", nvml.clock_reasons, handle)
        return DeviceSeen(
            uuid=self.uuid,
            model=self.model,
            standing=Standing.IN_SERVICE if is_usable else Standing.OUT_OF_SERVICE,
            memory_bytes=self._memory_bytes,
            mig=layout,
            is_mps=is_mps,
            processes=seen,
            activity=activity,
            energy_mj=energy_mj,
            energy_epoch=self._energy.epoch,
            xids=xids,
            flags=self.features.take_flags() | flags_of(reasons),
            index=self.index,
            minor=self._minor,
        )

    def _ask_recovery(self, handle: Handle) -> None:
        self._recovery_action = self.features.ask("recovery", nvml.recovery_action, handle)

    def _who(
        self, handle: Handle, now: Instant
    ) -> tuple[MigLayout | None, tuple[ProcessSeen, ...], bool]:
        """Return how the GPU is cut and who has a context on it, and whether through MPS."""
        self._recut(handle)
        if self._cut is None:
            return None, *self._processes(handle)
        seen: tuple[ProcessSeen, ...] = ()
        is_mps = False
        for slot in self._cut.slots:
            on_it, has_clients = self._processes(slot.handle, slot.uuid)
            seen += on_it
            is_mps |= has_clients
        return self._layout(handle, self._cut, now), seen, is_mps

    def _recut(self, handle: Handle) -> None:
        """Read how the GPU is cut, if that is not known or no longer so."""
        if not nvml.is_mig(handle):
            if self._cut is not None:
                self.features.forget()  # what MIG does not support may be again
                self._instances.keep_only(frozenset())
            self._cut = None
        elif self._cut is None or not mig.is_current(self._cut):
            self.features.forget()
            self._cut = mig.read_cut(handle)

    def _processes(
        self, handle: Handle, instance: str | None = None
    ) -> tuple[tuple[ProcessSeen, ...], bool]:
        compute = nvml.processes(handle)
        graphics = self.features.ask("graphics", nvml.graphics_processes, handle) or []
        clients = self.features.ask("mps", nvml.mps_processes, handle) or []
        return processes.merged([compute, graphics, clients], instance), bool(clients)

    def _layout(self, handle: Handle, cut: mig.Cut, now: Instant) -> MigLayout:
        owned = [slot.gpu_instance for slot in cut.slots]
        self._instances.keep_only(frozenset(owned))
        worked_us: dict[int, int | None] = {}
        if self.features.ask("gpm", gpm.is_supported, handle):
            alone = [gi for gi in owned if owned.count(gi) == 1]  # others cannot be told apart
            worked_us = {gi: self._worked_us(handle, gi, now.monotonic_us) for gi in alone}
        instances = tuple(
            MigInstance(
                uuid=slot.uuid,
                profile=slot.profile,
                compute_slices=slot.compute_slices,
                memory_bytes=slot.memory_bytes,
                active_us=worked_us.get(slot.gpu_instance),
                gpu_instance=slot.gpu_instance,
            )
            for slot in cut.slots
        )
        return MigLayout(instances, cut.compute_slices, cut.memory_bytes)

    def _worked_us(self, handle: Handle, instance: int, now_us: int) -> int | None:
        read = self.features.ask("gpm", self._instances.read, handle, instance, now_us)
        if read is None:
            return None
        active_us, for_us = read
        if active_us > for_us:
            self.features.flag("over_100")
        return active_us
