"""Whether a GPU can be used after the driver reported a fault (an Xid). Pure.

Newer drivers say themselves what has to be done before a GPU can be used again, and then that
decides. With older ones a fatal Xid puts it out of service until it is reset, which its energy
counter shows, or something runs on it again.
"""

from dataclasses import dataclass

from agents.gpu.observed import Activity

# After these nothing runs until the GPU is reset, the node restarted or the board replaced: NVIDIA,
# "Xid Errors", "GPU Debug Guidelines" and "Health Validation", and what providers make of them as
# collected in leptonai/gpud, components/accelerator/nvidia/xid. Others are reported and change
# nothing: 13, 31, 43, 45, 68, 109 are the application's (k8s-device-plugin, rm/health.go), and
# after 63 (a row will be remapped), 92 (many corrected errors) and 94 (contained: it ended one
# application) other work goes on and new work starts (NVIDIA, "GPU Memory Error Management").
FATAL_XIDS = frozenset(
    {
        46,  # GPU stopped processing
        48,  # double-bit ECC error
        62,  # internal micro-controller halt
        64,  # remapping a row or retiring a page failed
        74,  # NVLink error
        79,  # fallen off the bus
        95,  # uncontained ECC error
        119,  # GSP does not answer
        120,  # GSP error
        140,  # unrecovered ECC error
    }
)
# NVML_GPU_RECOVERY_ACTION_*, nvml.h. Usable: nothing to be done; a reset once its work has ended;
# the memory domain of several nodes to be recovered. Not usable: the GPU, its bus or the node to be
# reset first, or all traffic between GPUs to be ended. An action newer than these says nothing.
USABLE_ACTIONS = frozenset({0, 4, 5})
UNUSABLE_ACTIONS = frozenset({1, 2, 3, 6, 7})


@dataclass(frozen=True, slots=True)
class Signs:
    """What one look tells of a GPU's fitness."""

    xids: tuple[int, ...]
    recovery_action: int | None  # None: the driver does not say
    pids: frozenset[int]
    activity: Activity | None
    instances_worked: bool = False  # kernels ran on a MIG device since the look before
    was_reset: bool = False  # its counters have begun anew since the look before


class Fitness:
    """What is known of one GPU's faults."""

    def __init__(self) -> None:
        self._looks_since: int | None = None  # the fault; None: there was none
        self._pids: frozenset[int] = frozenset()  # on it when the fault came

    @property
    def is_suspected(self) -> bool:
        """Whether the next look has to ask for the recovery action."""
        return self._looks_since is not None

    def is_usable(self, signs: Signs) -> bool:
        """Take in a look and tell whether anything can run on the GPU."""
        if any(xid in FATAL_XIDS for xid in signs.xids):
            self._looks_since, self._pids = 0, signs.pids
        elif self._looks_since is not None:
            self._looks_since += 1
        if signs.recovery_action in USABLE_ACTIONS:
            self._looks_since = None
        elif signs.recovery_action in UNUSABLE_ACTIONS:
            self._looks_since = self._looks_since or 0
        elif self._looks_since and self._lives(signs, self._looks_since):
            self._looks_since = None
        return self._looks_since is None

    def _lives(self, signs: Signs, looks_since: int) -> bool:
        """Tell whether, after the fault, the GPU was reset, opened anew or worked on.

        The driver's samples are up to a second old: those of the first look may be from before.
        """
        activity = signs.activity if looks_since > 1 else None
        has_worked = activity is not None and bool(activity.device_us)
        is_new = signs.was_reset or bool(signs.pids - self._pids)
        return is_new or signs.instances_worked or has_worked

    def forget(self) -> None:
        """Trust the GPU again: the driver was loaded anew."""
        self._looks_since = None
