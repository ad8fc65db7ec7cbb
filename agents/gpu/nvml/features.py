"""What one GPU cannot tell, remembered so that it is not asked at every look.

A reading that is missing is None and never a guess. Whether it is missing for good, for want of
permission or just now, the flags of the look say.
"""

from collections.abc import Callable
from typing import TypeVar

from agents.errors import NvmlRefused
from agents.gpu.nvml.faults import Fault, fault_of, flag_of

T = TypeVar("T")

BESIDE = frozenset({Fault.NOTHING, Fault.GREW, Fault.UNREADABLE})  # spoils this reading only


class Features:
    """The readings of one GPU that its look can do without."""

    def __init__(self) -> None:
        self.missing: dict[str, NvmlRefused] = {}  # by feature
        self._flags: set[str] = set()

    def ask(self, feature: str, read: Callable[..., T], *arguments: object) -> T | None:
        """Return a reading, or None. Raises NvmlRefused when the GPU or the session is gone."""
        refused = self.missing.get(feature)
        if refused is None:
            try:
                return read(*arguments)
            except NvmlRefused as error:
                refused = error
        match fault_of(refused):
            case Fault.UNSUPPORTED:
                self.missing[feature] = refused
            case Fault.FORBIDDEN:
                self.missing[feature] = refused
                self._flags.add(flag_of(refused))
            case fault if fault in BESIDE:
                self._flags.add(flag_of(refused))
            case _:
                raise refused
        return None

    def flag(self, name: str) -> None:
        """Report something odd about this look."""
        self._flags.add(name)

    def take_flags(self) -> frozenset[str]:
        """Return what was odd since the last call."""
        flags = frozenset(self._flags)
        self._flags.clear()
        return flags

    def forget(self) -> None:
        """Ask everything anew: the driver, the mode or the permissions may have changed."""
        self.missing.clear()
