"""Tenant rules: who pays for what runs on a node. The contract of a catalog and the node agents.

Pure. The first rule in force that fits decides. A rule that cannot be judged, because this release
does not understand it or what it asks could not be found out, ends the search: nobody pays, rather
than whom a later rule names.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import translate
from functools import lru_cache
from typing import Final, TypeAlias

FACTS: Final = (
    "node",
    "namespace",
    "pod",
    "container",
    "runtime",
    "slurm_account",
    "slurm_user",
    "slurm_partition",
    "slurm_job",
    "unit",
    "uid",
    "gid",
)
LABELS: Final = ("namespace_label", "pod_label")
LABEL_MARK: Final = ":"  # between the kind of a label and its key
FOREVER_US: Final = 1 << 62  # later than any instant
PATTERNS_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a fact, e.g. `namespace` or `pod_label:team`, matches one of several globs."""

    fact: str
    globs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A value that a rule gives: a text, or what a fact says."""

    text: str | None = None
    fact: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Who pays for what fits every question. With an endpoint: the tenants of its calls."""

    name: str
    questions: tuple[Question, ...]
    tenant: Given | None = None
    project: Given | None = None
    endpoint: Given | None = None
    job: Given | None = None
    from_us: int = 0
    to_us: int = FOREVER_US


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A rule of a newer release, or of a document that nobody checked."""

    name: str
    why: str
    from_us: int = 0
    to_us: int = FOREVER_US


AnyRule: TypeAlias = Rule | NotUnderstood


@dataclass(frozen=True, slots=True)
class Facts:
    """What a node knows of a workload. `unknown`: kinds of facts it may have but could not ask."""

    known: Mapping[str, str]
    unknown: frozenset[str] = frozenset()

    def is_unknown(self, fact: str) -> bool:
        """Whether a fact may be there although it is not known."""
        return fact.partition(LABEL_MARK)[0] in self.unknown


class Undecided(Enum):
    """Why a search ended at a rule without an answer."""

    NOT_UNDERSTOOD = "rule_not_understood"
    FACT_UNKNOWN = "rule_undecided"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say. No rule: none fits. `undecided`: why the rule could not be judged."""

    rule: str | None = None
    tenant: str | None = None
    project: str | None = None
    endpoint: str | None = None
    job: str | None = None
    undecided: Undecided | None = None


NO_RULE: Final = Decision()


def decide(rules: Sequence[AnyRule], facts: Facts, at_us: int) -> Decision:
    """Return what the first rule in force that fits gives.

    >>> rule = Rule("r", (Question("namespace", ("ml-*",)),), tenant=Given(fact="namespace"))
    >>> decide([rule], Facts({"namespace": "ml-search"}), 0).tenant
    'ml-search'
    >>> decide([rule], Facts({}, frozenset({"namespace"})), 0).undecided
    <Undecided.FACT_UNKNOWN: 'rule_undecided'>
    """
    return first_fit(in_force(rules, at_us), facts)


def in_force(rules: Sequence[AnyRule], at_us: int) -> tuple[AnyRule, ...]:
    """Return the rules that count at an instant, in their order."""
    return tuple(rule for rule in rules if rule.from_us <= at_us < rule.to_us)


def first_fit(rules: Sequence[AnyRule], facts: Facts) -> Decision:
    """Return what the first of some rules in force that fits gives."""
    for rule in rules:
        if isinstance(rule, NotUnderstood):
            return Decision(rule.name, undecided=Undecided.NOT_UNDERSTOOD)
        fits = _fits(rule, facts)
        if fits is None:
            return Decision(rule.name, undecided=Undecided.FACT_UNKNOWN)
        if fits:
            return _given(rule, facts)
    return NO_RULE


def _fits(rule: Rule, facts: Facts) -> bool | None:
    """Whether a rule fits; None when that hangs on something unknown."""
    answers = [_answer(each, facts) for each in rule.questions]
    if rule.tenant is not None and rule.tenant.fact is not None:
        answers.append(_is_said(rule.tenant.fact, facts))
    if False in answers:
        return False
    return None if None in answers else True


def _answer(question: Question, facts: Facts) -> bool | None:
    said = facts.known.get(question.fact)
    if said is None:
        return None if facts.is_unknown(question.fact) else False
    return pattern(question.globs).match(said) is not None


def _is_said(fact: str, facts: Facts) -> bool | None:
    if facts.known.get(fact):
        return True
    return None if facts.is_unknown(fact) else False


def _given(rule: Rule, facts: Facts) -> Decision:
    return Decision(
        rule.name,
        _value(rule.tenant, facts),
        _value(rule.project, facts),
        _value(rule.endpoint, facts),
        _value(rule.job, facts),
    )


def _value(given: Given | None, facts: Facts) -> str | None:
    if given is None:
        return None
    return given.text if given.fact is None else facts.known.get(given.fact) or None


@lru_cache(PATTERNS_KEPT)
def pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Return what matches any of several globs, whole and by case."""
    return re.compile("|".join(map(translate, globs)))
