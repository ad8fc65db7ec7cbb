"""What can go wrong beside the work.

AgentError
├── SettingsInvalid        names every fault at once: misconfiguration
├── SourcesInvalid         the file of who may send is no such file: misconfiguration
├── CatalogUnreadable      a catalog with no tenant rules to be had from it: bad input
├── KubeletSilent          the pod-resources API gave no answer: transient
├── ApiServerSilent        the Kubernetes API gave no answer that can be used: transient
├── NotesUnreadable        an outbox whose notes another program wrote: stop
├── ReaderError            the GPUs of this node cannot be read
│   ├── ReaderUnavailable     no GPU was ever seen: no driver, or no access to it
│   ├── ReaderStale           only a new process can read on: stop, let the supervisor start one
│   └── NvmlRefused           one call of NVML failed; stays inside the reader
└── OutboxError            names the file
    ├── OutboxMisconfigured   settings that cannot hold, or a property the Kafka client refuses
    ├── OutboxBusy            another outbox has the file open: misconfiguration
    ├── OutboxForeign         the file is no outbox, a newer one, or another producer's
    ├── OutboxCorrupt         the file was an outbox and is damaged: stop
    └── OutboxDiskRefused     the disk is full or failing: transient, events become a loss
"""

from collections.abc import Iterable
from pathlib import Path


class AgentError(Exception):
    """Root of everything this package raises."""


class SettingsInvalid(AgentError):
    """Settings that cannot hold. `faults` has a line for each, without secret values."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(("the settings cannot be used:", *self.faults)))


class SourcesInvalid(AgentError):
    """A file of sources that cannot be used. `faults` has a line for each, without tokens."""

    def __init__(self, path: Path, faults: Iterable[str]) -> None:
        self.path = path
        self.faults = tuple(faults)
        super().__init__("\n".join((f"{path} cannot be used:", *self.faults)))


class CatalogUnreadable(AgentError):
    """A text that is no catalog. `source` says where it came from."""

    def __init__(self, source: str, detail: str) -> None:
        super().__init__(f"{source}: {detail}; `apportion catalog check` names every fault")
        self.source = source
        self.detail = detail


class KubeletSilent(AgentError):
    """The kubelet gave no answer. What it said before holds for a while."""


class ApiServerSilent(AgentError):
    """The Kubernetes API gave no usable answer. `status` of HTTP; None: not even that."""

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.status = status


class NotesUnreadable(AgentError):
    """What the outbox remembers of covered time cannot be read. Nothing was changed."""


class OutboxError(AgentError):
    """Root of the outbox's errors. `path` is the outbox file."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"outbox {path}: {detail}")
        self.path = path
        self.detail = detail


class OutboxMisconfigured(OutboxError):
    """Settings under which no outbox can work. Fix them and start again."""


class OutboxBusy(OutboxError):
    """The file is open in another producer instance. One file is one instance."""


class OutboxForeign(OutboxError):
    """The file belongs to something else. It was not touched."""


class OutboxCorrupt(OutboxError):
    """The file is damaged. What it held unsent may be lost; a fresh file is a new epoch."""


class OutboxDiskRefused(OutboxError):
    """The disk would not take a write. Nothing of that write is kept; try again later."""

    def __init__(self, path: Path, detail: str, *, is_full: bool) -> None:
        super().__init__(path, detail)
        self.is_full = is_full


class ReaderError(AgentError):
    """Root of the GPU reader's errors."""


class ReaderUnavailable(ReaderError):
    """NVML cannot be used and no GPU was ever seen here. Mend what it says and start again."""


class ReaderStale(ReaderError):
    """This process cannot read the GPUs any more, but a new one may. Stop and be started again."""


class NvmlRefused(ReaderError):
    """A call of NVML answered an error. `code` is NVML's; what it means is in `gpu.nvml.faults`."""

    def __init__(self, function: str, code: int) -> None:
        super().__init__(f"{function} answered NVML error {code}")
        self.function = function
        self.code = code
