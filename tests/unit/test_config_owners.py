"""The section `owners` of a catalog: what it may say, and each fault with its place."""

from pathlib import Path

import pytest

from schemas.owner_rules import FACTS, LABELS, Facts, Question, decide
from streams.config.catalog import load_catalog
from streams.config.catalog_owners import Match
from streams.config.errors import InvalidDocument
from streams.prices.catalog_difference import catalog_difference

ALL = 'match: {node: ["*"]}'
CATALOG = "{{tenants: [t], pools: [{{name: p}}], endpoints: [{{name: e, pool: p}}], owners: [{}]}}"


def faults(rule: str) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        load_catalog(CATALOG.format(rule))
    return caught.value.faults


def test_a_rule_may_ask_for_every_fact_there_is() -> None:
    assert Match.model_fields.keys() == {*FACTS, *LABELS}


@pytest.mark.parametrize(
    ("rule", "place", "words"),
    [
        (f"{{{ALL}, tenant: t}}", "owners.0.name", "add name"),
        ("{name: r, tenant: t}", "owners.0.match", "add match"),
        ("{name: r, match: {}, tenant: t}", "owners.0.match", "something to match, got nothing"),
        (f"{{name: r, {ALL}}}", "owners.0", "one of tenant, tenant_from, endpoint, got none"),
        (f"{{name: r, {ALL}, tenant: t, endpoint: e}}", "owners.0", "got tenant and endpoint"),
        (f"{{name: r, {ALL}, tenant: t, tenant_from: pod}}", "owners.0", "tenant and tenant_from"),
        (f"{{name: r, {ALL}, tenant: tt}}", "owners.0.tenant", "a tenant of this catalog"),
        (f"{{name: r, {ALL}, tenant: __x}}", "owners.0.tenant", "expected a tenant, or"),
        (f"{{name: r, {ALL}, endpoint: ee}}", "owners.0.endpoint", "an endpoint of this catalog"),
        (f"{{name: r, {ALL}, tenant_from: podd}}", "owners.0.tenant_from", "write pod"),
        (f"{{name: r, {ALL}, tenant_from: 'pod_label:'}}", "owners.0.tenant_from", "a fact"),
        (f"{{name: r, {ALL}, tenant: t, job: j, job_from: pod}}", "owners.0", "job or job_from"),
        (
            f"{{name: r, {ALL}, tenant: t, project: j, project_from: pod}}",
            "owners.0",
            "project or project_from",
        ),
        ("{name: r, match: {nod: [a]}, tenant: t}", "owners.0.match.nod", "write node"),
        (
            "{name: r, match: {node: a}, tenant: t}",
            "owners.0.match.node",
            "a list, got 'a'; put it in brackets",
        ),
        ("{name: r, match: {node: []}, tenant: t}", "owners.0.match.node", "at least 1 item"),
        ("{name: r, match: {uid: [7]}, tenant: t}", "owners.0.match.uid.0", "put it in quotes"),
        (
            f"{{name: r, {ALL}, tenant: t, effective_to: 1970-01-01T00:00:00Z}}",
            "owners.0.effective_to",
            "after effective_from",
        ),
        (
            f"{{name: r, {ALL}, tenant: t}}, {{name: r, {ALL}, tenant: t}}",
            "owners.1.name",
            "each of owners once at a time",
        ),
    ],
)
def test_a_fault_of_a_rule_is_named_with_its_place(rule: str, place: str, words: str) -> None:
    (fault,) = faults(rule)
    assert f"{place}: " in fault
    assert words in fault
    assert fault.startswith("line ")


def test_a_tenant_must_be_in_force_as_long_as_the_rule_that_names_it() -> None:
    text = "{tenants: [{name: t, effective_to: 2026-07-01T00:00:00Z}], owners: [{name: r, "
    with pytest.raises(InvalidDocument, match="got none from 2026-07-01"):
        load_catalog(text + ALL + ", tenant: t}]}")


def test_a_rule_that_changes_is_there_twice_with_other_dates() -> None:
    rules = [
        f"{{name: r, {ALL}, tenant: t, effective_to: 2026-07-01T00:00:00Z}}",
        f"{{name: r, {ALL}, endpoint: e, effective_from: 2026-07-01T00:00:00Z}}",
    ]
    july_us = 1_782_864_000_000_000
    catalog = load_catalog(CATALOG.format(", ".join(rules)))
    facts = Facts({"node": "n"})
    assert decide(catalog.entries.owners, facts, july_us - 1).tenant == "t"
    assert decide(catalog.entries.owners, facts, july_us).endpoint == "e"
    assert [len(catalog.at(at_us).owners) for at_us in (july_us - 1, july_us)] == [1, 1]


def test_the_order_of_rules_is_a_difference() -> None:
    one, two = (f"{{name: {name}, {ALL}, tenant: t}}" for name in "ab")
    before, after = (
        load_catalog(CATALOG.format(text)) for text in (f"{one}, {two}", f"{two}, {one}")
    )
    assert catalog_difference(before, after) == ["~ order of owners: a, b -> b, a"]


def test_the_rules_of_the_example_name_who_they_say(root: Path) -> None:
    rules = load_catalog(
        (root / "examples/catalog.yaml").read_text(encoding="utf-8")
    ).entries.owners
    august_us = 1_785_542_400_000_000
    served = {"node": "n", "namespace": "serving", "pod_label:app": "llama-70b-7"}
    labelled = {"node": "n", "namespace_label:team": "search", "pod_label:project": "rank"}
    batch = {"node": "n", "slurm_account": "fraud-eu", "slurm_user": "u", "slurm_partition": "gpu"}
    assert decide(rules, Facts(served), august_us).endpoint == "llama-70b-prod"
    assert decide(rules, Facts(labelled), august_us).project == "rank"
    decision = decide(rules, Facts({**batch, "slurm_job": "12"}), august_us)
    assert (decision.tenant, decision.project, decision.job) == ("fraud", "batch", "12")
    assert decide(rules, Facts({"node": "n", "uid": "0"}), august_us).tenant is None


def test_labels_come_before_facts_in_the_order_of_the_schema() -> None:
    match = Match.model_validate({"unit": ["u"], "node": ["n"], "pod_label": {"b": ["1"]}})
    assert match.questions == (
        Question("pod_label:b", ("1",)),
        Question("node", ("n",)),
        Question("unit", ("u",)),
    )
