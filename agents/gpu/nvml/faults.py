"""What an error code of NVML means for the reader: one table. Pure.

Codes and their meaning are those of nvml.h (NVML API 13); what to do about each follows the
practice of NVIDIA's own exporters and device plugin.
"""

from enum import Enum, auto

from agents.errors import NvmlRefused
from agents.gpu.observed import Standing


class Fault(Enum):
    """What the reader does about an error."""

    UNSUPPORTED = auto()  # this GPU, its mode or this driver cannot tell: do without
    FORBIDDEN = auto()  # this user may not ask: do without, and say so
    NOTHING = auto()  # nothing to tell now, or no such thing
    VOID_HANDLE = auto()  # the handle names nothing any more: enumerate again
    GREW = auto()  # the list outgrew its buffer: ask again
    SESSION_LOST = auto()  # the driver went away: shut down, initialise, enumerate
    STALE = auto()  # the library in this process does not fit the driver: a new process
    DEVICE_LOST = auto()  # the GPU cannot be used until it is reset or replaced
    UNREADABLE = auto()  # it may work, but this look did not


SUCCESS = 0  # pynvml raises it where it expected a list to be announced first
TIMEOUT = 10  # of a wait for events: there was none
FUNCTION_NOT_FOUND = 13
DRIVER_NOT_LOADED = 9
UNKNOWN = 999

_MEANINGS: dict[int, tuple[str, Fault]] = {
    SUCCESS: ("empty", Fault.NOTHING),
    1: ("uninitialized", Fault.SESSION_LOST),
    2: ("invalid_argument", Fault.VOID_HANDLE),
    3: ("not_supported", Fault.UNSUPPORTED),
    4: ("no_permission", Fault.FORBIDDEN),
    6: ("not_found", Fault.NOTHING),
    7: ("insufficient_size", Fault.GREW),
    8: ("insufficient_power", Fault.DEVICE_LOST),  # its power cable is not attached
    DRIVER_NOT_LOADED: ("driver_not_loaded", Fault.SESSION_LOST),
    TIMEOUT: ("timeout", Fault.UNREADABLE),
    11: ("irq_issue", Fault.DEVICE_LOST),  # the kernel cannot serve its interrupts
    12: ("library_not_found", Fault.SESSION_LOST),
    FUNCTION_NOT_FOUND: ("function_not_found", Fault.UNSUPPORTED),
    14: ("corrupted_inforom", Fault.UNREADABLE),
    15: ("gpu_is_lost", Fault.DEVICE_LOST),
    16: ("reset_required", Fault.DEVICE_LOST),
    17: ("operating_system", Fault.UNREADABLE),
    18: ("lib_rm_version_mismatch", Fault.STALE),
    19: ("in_use", Fault.UNREADABLE),
    20: ("memory", Fault.UNREADABLE),
    21: ("no_data", Fault.NOTHING),
    25: ("argument_version_mismatch", Fault.UNSUPPORTED),
    26: ("deprecated", Fault.UNSUPPORTED),
    27: ("not_ready", Fault.UNREADABLE),
    28: ("gpu_not_found", Fault.DEVICE_LOST),
    UNKNOWN: ("unknown", Fault.UNREADABLE),
}
ABOVE_DEVICES = frozenset({Fault.SESSION_LOST, Fault.STALE})  # no device can be asked any more


def fault_of(refused: NvmlRefused) -> Fault:
    """Return what an error means. One that nobody knows spoils the look, and no more."""
    return _MEANINGS.get(refused.code, ("", Fault.UNREADABLE))[1]


def flag_of(refused: NvmlRefused) -> str:
    """Return the name under which a look reports an error.

    >>> flag_of(NvmlRefused("nvmlDeviceGetUUID", 15))
    'nvml_gpu_is_lost'
    """
    name, _ = _MEANINGS.get(refused.code, (f"error_{refused.code}", Fault.UNREADABLE))
    return f"nvml_{name}"


def standing_of(refused: NvmlRefused) -> Standing:
    """Return whether a GPU of which this is the last word can be used, as far as one can know."""
    is_out = fault_of(refused) is Fault.DEVICE_LOST or refused.code == DRIVER_NOT_LOADED
    return Standing.OUT_OF_SERVICE if is_out else Standing.UNREADABLE
