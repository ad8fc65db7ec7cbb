"""From what a node knows of an owner to who pays."""

import pytest

from agents.errors import CatalogUnreadable
from agents.gpu.catalog_text import RuleSet, rules_in
from agents.gpu.observed import Owner, Payer
from agents.gpu.tenant_rules import TenantRules

CATALOG = """
owners:
  - {name: endpoint, match: {namespace: [serving]}, endpoint: llama}
  - {name: label, match: {namespace_label: {team: ["*"]}}, tenant_from: "namespace_label:team"}
  - {name: app, match: {pod_label: {app: [train]}}, tenant: research, job_from: pod}
  - {name: slurm, match: {slurm_account: [fraud]}, tenant: fraud, job_from: slurm_job}
  - {name: root, match: {uid: ["0"]}, tenant: platform}
"""


def payer(owner: Owner, text: str = CATALOG) -> Payer:
    return TenantRules(lambda: rules_in(text, "test", "v"), "node-1").at(0).payer(owner)


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        (Owner({"namespace": "serving", "pod": "p"}), Payer(endpoint="llama", rule="endpoint")),
        (
            Owner({"namespace": "a", "pod": "p"}, {"app": "train"}, {"team": "search"}),
            Payer("search", rule="label"),
        ),
        (
            Owner({"namespace": "a", "pod": "p"}, {"app": "train"}),
            Payer("research", job="p", rule="app"),
        ),
        (
            Owner({"slurm_job": "7", "slurm_account": "fraud"}),
            Payer("fraud", job="7", rule="slurm"),
        ),
        (Owner({"uid": "0"}), Payer("platform", rule="root")),
        (Owner({"uid": "1"}), Payer()),
    ],
)
def test_an_owner_has_the_payer_of_the_first_rule_that_fits(owner: Owner, expected: Payer) -> None:
    assert payer(owner) == expected


@pytest.mark.parametrize(
    ("owner", "rule"),
    [
        (Owner({"namespace": "a", "pod": "p"}, {}, None), "label"),
        (Owner({"namespace": "a", "pod": "p"}, None, {}), "app"),
        (Owner({"pod_uid": "u", "container_id": "c"}, None, None), "endpoint"),
        (Owner({"slurm_job": "7"}), "slurm"),
        (Owner({}), "endpoint"),
    ],
)
def test_what_is_not_known_of_an_owner_leaves_it_to_nobody(owner: Owner, rule: str) -> None:
    assert payer(owner) == Payer(rule=rule, flags=frozenset({"rule_undecided"}))


@pytest.mark.parametrize("fact", ["container", "runtime"])
def test_of_a_pod_whose_containers_are_not_known_yet_none_is_missing(fact: str) -> None:
    text = f"owners: [{{name: r, match: {{{fact}: [x]}}, tenant: t}}]"
    known = Owner({"namespace": "a", "pod": "p", "container": "c", "runtime": "cri-o"})
    assert payer(known, text) == Payer()
    assert payer(Owner({"namespace": "a", "pod": "p"}), text).flags == {"rule_undecided"}


def test_a_rule_of_a_newer_release_leaves_to_nobody_what_comes_to_it() -> None:
    newer = CATALOG.replace("match: {pod_label", "when: night, match: {pod_label")
    assert payer(Owner({"uid": "0"}), newer) == Payer(
        rule="app", flags=frozenset({"rule_not_understood"})
    )
    assert payer(Owner({"namespace": "serving"}), newer).endpoint == "llama"


def test_without_a_catalog_nobody_pays() -> None:
    rules = TenantRules(lambda: None, "node-1")
    assert rules.at(0).payer(Owner({"uid": "0"})) == Payer(flags=frozenset({"catalog_missing"}))


def test_a_new_catalog_counts_from_when_it_is_there() -> None:
    now: list[RuleSet] = [rules_in("{}", "test", "1")]
    rules = TenantRules(lambda: now[-1], "node-1")
    assert rules.at(0).payer(Owner({"uid": "0"})) == Payer()
    now.append(rules_in(CATALOG, "test", "2"))
    assert rules.at(0).payer(Owner({"uid": "0"})).tenant == "platform"


@pytest.mark.parametrize("text", ["a: [", "[1]", "text", "&a [*b]", "a: !x 1"])
def test_what_is_no_catalog_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(CatalogUnreadable, match=r"file\.yaml: expected .*catalog check"):
        rules_in(text, "file.yaml", "v")
