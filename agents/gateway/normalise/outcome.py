"""What becomes of one thing that a gateway sent: a call, a refusal, or nothing to bill.

`Declared` is what the operator says of an authenticated source; a payload cannot change it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TypeAlias

from agents.gateway.normalise.values import Unfit
from schemas.records import InferenceUsage


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt of one model call. `identity` names it within its source, whoever repeats it.

    `unread`: why the usage that it told could not be read; the call is kept without.
    """

    event: InferenceUsage
    identity: tuple[str, ...]
    unread: "Refused | None" = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that looks like a call and cannot be billed as it is."""

    reason: str  # a bounded code for counting
    detail: str  # what was expected, what came, what to do


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that is no call: the total of an agent, a log line of another kind."""

    reason: str


Outcome: TypeAlias = Call | Refused | Ignored


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A source as its operator declares it. Empty: it is taken as it says."""

    name: str
    tenant: str | None = None  # pays for all that the source sends, whatever a payload says
    tenant_from: str | None = None  # where a payload tells the tenant, by the dialect's own names
    project_from: str | None = None
    providers: Mapping[str, str] = field(default_factory=dict)  # glob of reported -> provider
    endpoints: Mapping[str, str] = field(default_factory=dict)  # glob of backend -> endpoint
    fields: Mapping[str, str] = field(default_factory=dict)  # ours -> name in an access log
    is_unsampled: bool = False  # its spans are all of them
    adds_cache: bool = False  # its input tokens leave out cached ones, which are added

    def provider(self, reported: str) -> str:
        """Return the provider as price books name it."""
        return matched(self.providers, reported) or reported

    def endpoint(self, backend: str | None) -> str | None:
        """Return our own deployment behind a backend; None: a provider's API."""
        return matched(self.endpoints, backend) if backend else None


def matched(globs: Mapping[str, str], value: str) -> str | None:
    """Return what the first glob that fits a value stands for."""
    return next((name for glob, name in globs.items() if fnmatchcase(value, glob)), None)


def refused(error: Unfit) -> Refused:
    """Return why something could not be read."""
    return Refused(error.reason, error.detail)
