"""Tenant rules, as a catalog document has them: who pays for what runs on GPU nodes."""

from collections.abc import Iterator
from typing import Annotated, Final, TypeAlias

from pydantic import Field

from schemas.owner_rules import FACTS, FOREVER_US, LABELS, Given, Question, Rule
from schemas.owner_rules_document import is_fact, label
from streams.config.catalog_dates import Lasting
from streams.config.document import Strict
from streams.config.faults import Fault, Loc
from streams.config.fields import Name
from streams.config.spelling import instead

Globs: TypeAlias = Annotated[tuple[Name, ...], Field(min_length=1)]
MAY_COME_FROM: Final = ("tenant", "project", "job")


class Match(Strict):
    """What a rule asks of a workload: all of it must hold, and of each list one glob match."""

    namespace_label: dict[Name, Globs] = Field(
        default={}, description="Globs by key of a label of the Kubernetes namespace."
    )
    pod_label: dict[Name, Globs] = Field(
        default={},
        description="Globs by key of a label of the pod. Whoever makes pods writes them.",
    )
    node: Globs | None = Field(default=None, description="Globs of the node's host name.")
    namespace: Globs | None = Field(default=None, description="Globs of the namespace.")
    pod: Globs | None = Field(default=None, description="Globs of the pod's name.")
    container: Globs | None = Field(default=None, description="Globs of the container's name.")
    runtime: Globs | None = Field(
        default=None, description="Of containers: containerd, cri-o, docker, podman."
    )
    slurm_account: Globs | None = Field(default=None, description="Globs of the job's account.")
    slurm_user: Globs | None = Field(default=None, description="Globs of the job's user.")
    slurm_partition: Globs | None = Field(default=None, description="Globs of the partition.")
    slurm_job: Globs | None = Field(default=None, description="Globs of the job's number.")
    unit: Globs | None = Field(
        default=None, description='Globs of the system\'s systemd unit, e.g. "jupyter-*.service".'
    )
    uid: Globs | None = Field(
        default=None,
        description="Globs of the numeric user id, of logins and units; not in pods, jobs and "
        "containers of the system: those choose their own.",
    )
    gid: Globs | None = Field(default=None, description="As uid: the group id.")

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is asked, in the order of the fields."""
        asked = [
            Question(label(kind, key), globs)
            for kind in LABELS
            for key, globs in getattr(self, kind).items()
        ]
        facts = ((name, getattr(self, name)) for name in FACTS)
        return (*asked, *(Question(name, globs) for name, globs in facts if globs is not None))


class OwnerRule(Lasting):
    """Who pays for the GPUs that a workload holds. The first rule in force that fits decides."""

    name: Name = Field(description="Its name, as usage records it.")
    match: Match = Field(description="What it asks of a workload.")
    tenant: Name | None = Field(
        default=None, description="Who pays. One of tenant, tenant_from and endpoint."
    )
    tenant_from: Name | None = Field(
        default=None,
        description="The fact that names who pays, e.g. namespace, slurm_account, "
        "namespace_label:team. The rule fits only what has it.",
    )
    project: Name | None = Field(default=None, description="The tenant's project.")
    project_from: Name | None = Field(
        default=None, description="The fact that names the project; none where it is missing."
    )
    endpoint: Name | None = Field(
        default=None, description="One of `endpoints`: the tenants of its calls pay."
    )
    job: Name | None = Field(default=None, description="The job that `apportion jobs` sums.")
    job_from: Name | None = Field(
        default=None, description="The fact that names the job, e.g. slurm_job; as project_from."
    )

    def faults(self, loc: Loc) -> Iterator[Fault]:
        """Name what does not fit in it."""
        if not self.match.questions:
            yield Fault((*loc, "match"), "expected something to match, got nothing; add e.g. "
                        'node: ["*"] where it is for everything')  # fmt: skip
        payers = ("tenant", "tenant_from", "endpoint")
        said = [name for name in payers if getattr(self, name) is not None]
        if len(said) != 1:
            got = " and ".join(said) or "none of them"
            yield Fault(loc, f"expected one of {', '.join(payers)}, got {got}; keep or add one")
        for name in MAY_COME_FROM:
            yield from self._source_faults(loc, name, f"{name}_from")

    def _source_faults(self, loc: Loc, name: str, field: str) -> Iterator[Fault]:
        fact = getattr(self, field)
        if fact is not None and not is_fact(fact):
            choice = instead(fact, FACTS, "namespace_label:<key>, pod_label:<key>")
            yield Fault((*loc, field), f"expected a fact of a workload, got {fact!r}; {choice}")
        if name != "tenant" and fact is not None and getattr(self, name) is not None:
            yield Fault(loc, f"expected {name} or {field}, got both; keep one")

    def given(self, name: str) -> Given | None:
        """Return a value that it gives, if it does."""
        text, fact = getattr(self, name), getattr(self, f"{name}_from", None)
        return None if text is None and fact is None else Given(text, fact)


def owner_rule(of: OwnerRule) -> Rule:
    """Return a rule as agents judge by it."""
    from_us, to_us = of.dates
    return Rule(
        of.name,
        of.match.questions,
        of.given("tenant"),
        of.given("project"),
        of.given("endpoint"),
        of.given("job"),
        from_us,
        min(to_us, FOREVER_US),
    )
