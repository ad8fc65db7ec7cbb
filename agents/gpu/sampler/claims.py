"""A claim: who holds a part of a device, who pays for it, and by what it is known. Pure."""

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from agents.gpu.observed import WORK, Owner
from agents.gpu.sampler.look import Look

Attribution: TypeAlias = Literal[
    "allocation",  # an allocator gave all of it to one owner
    "mig_dominant",  # an allocator gave a MIG device to one owner
    "reserved_replica",  # an allocator gave some of its replicas
    "active_blend",
    "dominant_share",
    "equal",  # several own it, and nothing says in which parts
    "process",  # no allocator: who has a process on it holds it
]


class Claim(NamedTuple):
    """Everything about a holder that stays as long as it holds. Two equal ones are one holder."""

    tenant: str | None
    project: str | None
    endpoint: str | None
    job: str | None
    rule: str | None
    instance: str | None  # UUID of the MIG device
    attribution: Attribution
    evidence: tuple[str, ...]
    workload: tuple[tuple[str, str], ...]

    def order(self) -> tuple[str, ...]:
        """Return what decides ties: the payer first, then whatever tells two apart."""
        payer = (self.tenant, self.project, self.endpoint, self.job, self.instance, self.rule)
        return (*(each or "" for each in payer), self.attribution, repr(self.workload))


def claim(
    owner: Owner | None, look: Look, attribution: Attribution, instance: str | None
) -> tuple[Claim, frozenset[str]]:
    """Return the claim of an owner, of nobody known when there is none, and what was wrong."""
    if owner is None:
        return Claim(None, None, None, None, None, instance, attribution, (), ()), frozenset()
    payer = look.rules.payer(owner)
    found = Claim(
        payer.tenant,
        payer.project,
        payer.endpoint,
        payer.job,
        payer.rule,
        instance,
        attribution,
        owner.evidence,
        tuple(sorted(owner.workload.items())),
    )
    return found, payer.flags


def marks(owner: Owner) -> Iterator[tuple[str, ...]]:
    """Yield what the work of an owner is known by: names and their values."""
    said = owner.workload
    for names in WORK:
        if all(map(said.__contains__, names)):
            yield (*names, *(said[name] for name in names))


def same_work(one: Owner, other: Owner) -> bool | None:
    """Whether two owners, known by different evidence, are the same work. None: cannot be told.

    The first name that both have decides; a container's pod is as close as an allocator looks.
    """
    mine, theirs = one.workload, other.workload
    for names in WORK:
        if all(name in mine and name in theirs for name in names):
            return all(mine[name] == theirs[name] for name in names)
    return None
