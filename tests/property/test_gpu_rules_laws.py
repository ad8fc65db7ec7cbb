"""Laws of tenant rules: node agents read of a catalog what `apportion catalog check` does."""

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from agents.gpu.catalog_text import rules_in
from schemas.owner_rules import FACTS, LABELS, Decision, Facts, NotUnderstood, decide
from streams.config.catalog import load_catalog
from streams.config.errors import InvalidDocument

TEXTS = st.sampled_from(["a", "b", "a*", "1.5", "yes", "~", "2026-01-01", "null", "01", "<<"])
GLOBS = st.lists(TEXTS, min_size=1, max_size=2)
DAYS = st.sampled_from(
    ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00.000001+01:00", "2026-01-03T00:00:00Z"]
)
WANTED = st.sampled_from([*FACTS, "pod_label:a", "namespace_label:b", "pods", "pod_label:"])
matches = st.fixed_dictionaries(
    {},
    optional={
        **{kind: st.dictionaries(TEXTS, GLOBS, max_size=2) for kind in LABELS},
        **dict.fromkeys(FACTS, GLOBS),
    },
)
rules = st.fixed_dictionaries(
    {"name": TEXTS, "match": matches},
    optional={
        "tenant": TEXTS, "tenant_from": WANTED, "project": TEXTS, "project_from": WANTED,
        "job": TEXTS, "job_from": WANTED, "effective_from": DAYS, "effective_to": DAYS,
    },
)  # fmt: skip
documents = st.lists(rules, max_size=4).map(lambda each: {"owners": each})
known = st.dictionaries(
    st.sampled_from([*FACTS, "pod_label:a", "namespace_label:b"]), TEXTS, max_size=6
)
instants = st.sampled_from([0, 1_767_225_600_000_000, 1_767_398_400_000_000])


def written(document: dict[str, Any], *, plain: bool) -> str:
    """Return a document as people write it, or as programs do."""
    return yaml.safe_dump(document) if plain else json.dumps(document)


@given(document=documents, plain=st.booleans())
def test_an_agent_reads_the_rules_that_were_checked(document: dict[str, Any], plain: bool) -> None:
    text = written(document, plain=plain)
    try:
        checked = load_catalog(text).entries.owners
    except InvalidDocument:
        return
    assert rules_in(text, "here", "v").rules == checked


UNQUOTED = [
    "1.5", "1e3", ".inf", "01", "0b_", "0x_", "1_0", "1:30", "yes", "~", "2026-02-31", "2026-02-03",
    "2026-02-31T00:00:00Z", "2026-02-03 10:00:00", "a", "=", "!!str 7", "!!float 1", "'7'", "<<",
]  # fmt: skip


@given(scalar=st.sampled_from(UNQUOTED), place=st.integers(0, 3))
def test_a_scalar_that_is_not_quoted_means_the_same_to_both(scalar: str, place: int) -> None:
    said = ["r", "n", "t", "j"]
    said[place] = scalar
    name, node, tenant, job = said
    text = f"owners: [{{name: {name}, match: {{node: [{node}]}}, tenant: {tenant}, job: {job}}}]"
    try:
        checked = load_catalog(text).entries.owners
    except InvalidDocument:
        return
    assert rules_in(text, "here", "v").rules == checked


@given(rule=rules)
def test_what_an_agent_understands_of_one_rule_is_what_can_be_checked(rule: dict[str, Any]) -> None:
    text = json.dumps({"owners": [rule]})
    (read,) = rules_in(text, "here", "v").rules
    is_empty = read.to_us <= read.from_us  # a fault, but never in force, whoever reads it
    assert isinstance(read, NotUnderstood) or is_empty or faults_of(text) == ""


def faults_of(text: str) -> str:
    """Return what a catalog is refused for."""
    try:
        load_catalog(text)
    except InvalidDocument as error:
        return str(error)
    return ""


@given(document=documents, facts=known, at_us=instants, data=st.data())
def test_what_is_unknown_never_changes_who_pays_it_only_leaves_it_open(
    document: dict[str, Any], facts: dict[str, str], at_us: int, data: st.DataObject
) -> None:
    """Hide some facts: either the same rule decides, or nobody pays."""
    read = rules_in(json.dumps(document), "here", "v").rules
    kinds = sorted({each.partition(":")[0] for each in facts})
    hidden = data.draw(st.sets(st.sampled_from(kinds))) if kinds else set()
    seen = {name: said for name, said in facts.items() if name.partition(":")[0] not in hidden}
    whole = decide(read, Facts(facts), at_us)
    partly = decide(read, Facts(seen, frozenset(hidden)), at_us)
    assert partly.undecided or (partly.rule, partly.tenant) == (whole.rule, whole.tenant)
    if partly.undecided:
        assert partly == Decision(partly.rule, undecided=partly.undecided)
