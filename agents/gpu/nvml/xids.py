"""The Xids that the driver reports: one event set for all GPUs, read without waiting.

An Xid is heard by whoever listened when it came. One that came while the agent was down is not;
what it left behind is seen by the recovery action or the errors of the GPU. In MIG mode those that
concern one instance are told to privileged users only (nvml.h, nvmlEventSetWait_v2).
"""

from collections.abc import Iterator

from agents.errors import NvmlRefused
from agents.gpu.nvml import library as nvml
from agents.gpu.nvml.faults import ABOVE_DEVICES, UNKNOWN, fault_of
from agents.gpu.nvml.library import EventSet, Handle

MOST_AT_ONCE = 256  # a GPU in agony may report without end; the rest waits for the next look


class Xids:
    """Listens from one initialisation of NVML to the next. None as events: not supported here."""

    def __init__(self) -> None:
        self._events: EventSet | None = None
        self._none: NvmlRefused | None = None  # why there is no event set
        self._heard: dict[int, str] = {}  # address of the handle -> UUID
        self.refused: dict[str, NvmlRefused] = {}  # GPUs that do not report, by UUID

    def open(self) -> None:
        """Begin to listen, to nobody yet. What an earlier event set held went with the driver."""
        self.refused.clear()
        self._begin()

    def _begin(self) -> None:
        self._heard.clear()
        self._events = self._none = None
        try:
            self._events = nvml.open_events()
        except NvmlRefused as refused:
            if fault_of(refused) in ABOVE_DEVICES:
                raise
            self._none = refused

    def close(self) -> None:
        """Stop listening, before NVML is shut down."""
        if self._events is not None:
            nvml.close_events(self._events)
            self._events = None

    def listen(self, uuid: str, handle: Handle) -> None:
        """Listen to a GPU too, if it is not listened to yet and has not refused before."""
        if uuid in self.refused or uuid in self._heard.values():
            return
        if self._events is None:
            if self._none is not None:
                self.refused[uuid] = self._none
            return
        try:
            nvml.listen_for_xids(handle, self._events)
        except NvmlRefused as refused:
            if fault_of(refused) in ABOVE_DEVICES:
                raise
            self.refused[uuid] = refused
            if refused.code == UNKNOWN:  # nvml.h: the event set is in an undefined state: free it
                self.close()
                self._begin()
        else:
            self._heard[nvml.address(handle)] = uuid

    def forget(self, uuid: str) -> None:
        """Listen anew when the GPU is found again: after a reset it reports to nobody."""
        self.refused.pop(uuid, None)
        self._heard = {at: known for at, known in self._heard.items() if known != uuid}

    def take(self) -> dict[str, tuple[int, ...]]:
        """Return the Xids since the last call, by UUID of the GPU, oldest first.

        The GPU is known by its handle and is not asked: after the worst Xid it no longer answers.
        """
        taken: dict[str, tuple[int, ...]] = {}
        for handle, xid in self._news():
            uuid = self._heard.get(nvml.address(handle))
            if uuid is not None:
                taken[uuid] = (*taken.get(uuid, ()), xid)
        return taken

    def _news(self) -> Iterator[tuple[Handle, int]]:
        if self._events is None:
            return
        for _ in range(MOST_AT_ONCE):
            try:
                event = nvml.next_xid(self._events)
            except NvmlRefused as refused:
                if fault_of(refused) in ABOVE_DEVICES:
                    raise
                return  # the GPU it is about answers for itself
            if event is None:
                return
            yield event
