"""The tenant rules as they apply on one node: from what it knows of an owner to who pays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agents.gpu.catalog_text import RuleSet
from agents.gpu.observed import Owner, Payer
from schemas.owner_rules import FACTS, LABELS, AnyRule, Decision, Facts, first_fit, in_force
from schemas.owner_rules_document import label

KUBERNETES: Final = frozenset({"namespace", "pod", "container"})
SLURM: Final = frozenset({"slurm_account", "slurm_user", "slurm_partition"})
ANYTHING: Final = frozenset({*FACTS, *LABELS}) - {"node"}
CATALOG_MISSING: Final = "catalog_missing"


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules of one instant, on one node. None: no catalog was ever seen."""

    rules: tuple[AnyRule, ...] | None
    node: str

    def payer(self, owner: Owner) -> Payer:
        """Return who pays for what an owner holds."""
        if self.rules is None:
            return Payer(flags=frozenset({CATALOG_MISSING}))
        return payer_of(first_fit(self.rules, facts_of(owner, self.node)))


class TenantRules:
    """The rules that `current` gives at that moment; None: no catalog was ever seen."""

    def __init__(self, current: Callable[[], RuleSet | None], node: str) -> None:
        self._current = current
        self._node = node

    def at(self, at_us: int) -> InForce:
        """Return the rules in force at an instant."""
        rules = self._current()
        return InForce(None if rules is None else in_force(rules.rules, at_us), self._node)


def payer_of(decision: Decision) -> Payer:
    """Return a decision as the sampler has it. What could not be judged names nobody."""
    if decision.undecided is not None:
        return Payer(rule=decision.rule, flags=frozenset({decision.undecided.value}))
    return Payer(decision.tenant, decision.project, decision.endpoint, decision.job, decision.rule)


def facts_of(owner: Owner, node: str) -> Facts:
    """Return what rules may ask of an owner, and what it may have that could not be found out."""
    if not owner.workload:  # its groups say nothing: it may be anybody's
        return Facts({"node": node}, ANYTHING)
    known = {name: said for name, said in owner.workload.items() if name in FACTS}
    known["node"] = node
    unknown: set[str] = set()
    for kind, labels in zip(LABELS, (owner.namespace_labels, owner.labels), strict=True):
        if labels is None:
            unknown.add(kind)
        else:
            known |= {label(kind, key): said for key, said in labels.items()}
    if "pod_uid" in owner.workload and "pod" not in owner.workload:
        unknown |= KUBERNETES
    elif "pod" in owner.workload:
        unknown |= {"container", "runtime"} - owner.workload.keys()
    if "slurm_job" in owner.workload:
        unknown |= SLURM - owner.workload.keys()
    return Facts(known, frozenset(unknown))
